"""What is measured of AmarVote in this process: real ballots of one contest of four options, and a real tally."""

from dataclasses import dataclass, replace
from typing import Any

from gmpy2 import mpz

from amarvote.device.serving import WINDOW_BITS
from amarvote.electionguard import randomness
from amarvote.electionguard.aggregation import add_ballots, to_tally
from amarvote.electionguard.ballot_checks import check_ballots
from amarvote.electionguard.ballots import BallotCommitments, BallotStatus, EncryptedBallot
from amarvote.electionguard.confirmation import device_hash, unchained_field
from amarvote.electionguard.context import Context, identifier_hash, parameter_base_hash
from amarvote.electionguard.decryption import (
    TallyCiphertext,
    begin_decryption,
    respond_decryption,
    tally_ciphertexts,
)
from amarvote.electionguard.encryption import encrypt_ballot, selection_nonce
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.joint_keys import joint_keys
from amarvote.electionguard.joint_rounds import Beginning
from amarvote.electionguard.key_ceremony import KeyShare, generate_secret, key_share, public_key, share_for
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.range_proofs import begin, finish, limit_challenge, selection_challenge

OPTIONS = 4
CHUNK = 50
GUARDIANS, QUORUM = 5, 3
MEMBERS = (1, 2, 3)
CONTESTS: list[dict[str, Any]] = [{"id": "contest", "choices": [f"option {n}" for n in range(1, OPTIONS + 1)]}]
STYLES: list[dict[str, Any]] = [{"id": "style", "contestIds": ["contest"]}]


@dataclass(frozen=True, slots=True)
class Measured:
    """An election with known keys: the engine of a device and that of a worker, a chunk of ballots, its tally."""

    context: Context
    device: Engine
    worker: Engine
    ballots: tuple[EncryptedBallot, ...]
    commitments: tuple[BallotCommitments, ...]
    share: KeyShare
    ciphertexts: tuple[TallyCiphertext, ...]
    others: dict[int, list[Beginning]]

    @classmethod
    def prepare(cls) -> "Measured":
        """Ceremony of five guardians, and a chunk of cast ballots."""
        manifest = parse_manifest(manifest_bytes("bench", CONTESTS, STYLES))
        device, worker = Engine(WINDOW_BITS), Engine()
        members = range(1, GUARDIANS + 1)
        secrets = [generate_secret(index, QUORUM) for index in members]
        h_p = parameter_base_hash(GUARDIANS, QUORUM)
        joint_key, data_key = joint_keys(worker, [public_key(worker, h_p, secret) for secret in secrets])
        context = Context.derive(manifest, GUARDIANS, QUORUM, joint_key, data_key)
        shares = tuple(
            key_share(index, GUARDIANS, {secret.index: share_for(secret, index) for secret in secrets})
            for index in members
        )
        for engine in (device, worker):
            engine.prepare(G, joint_key, data_key)
        made = [_ballot(context, device, choice % (OPTIONS + 1)) for choice in range(CHUNK)]
        ballots, commitments = tuple(ballot for ballot, _ in made), tuple(given for _, given in made)
        ciphertexts = tuple(tally_ciphertexts(context, to_tally(context, add_ballots(context, worker, ballots))))
        others = {
            share.index: begin_decryption(context, worker, share, MEMBERS, ciphertexts)
            for share in shares
            if share.index in MEMBERS[1:]
        }
        return cls(context, device, worker, ballots, commitments, shares[0], ciphertexts, others)

    def encrypt_selections(self) -> int:
        """Encrypt 0 and 1 in turn with range proofs, as `encrypt_ballot` does it for each option of a ballot."""
        h_i = identifier_hash(self.context.h_e, randomness.random_bytes32())
        ballot_nonce = randomness.random_bytes32()
        for option in range(1, CHUNK + 1):
            value = option % 2
            nonce = selection_nonce(h_i, 1, option, ballot_nonce)
            proof = begin(value, 1)
            alpha, *a = self.device.powers(G, [nonce, *proof.u])
            beta, *b = self.device.powers(self.context.joint_key, [(nonce + value) % int(Q), *proof.t])
            commitments = list(zip(a, b, strict=True))
            finish(proof, selection_challenge(h_i, 1, option, alpha, beta, commitments), nonce)
        return CHUNK

    def prove_limits(self) -> int:
        """Prove the limit of one vote of four options, again and again."""
        contest = self.ballots[0].contests[0]
        h_i, nonce = self.ballots[0].h_i, randomness.random_q()
        for _ in range(CHUNK):
            proof = begin(1, 1)
            a = self.device.powers(G, proof.u)
            b = self.device.powers(self.context.joint_key, proof.t)
            alpha = self.device.product(selection.alpha for selection in contest.selections)
            beta = self.device.product(selection.beta for selection in contest.selections)
            finish(proof, limit_challenge(h_i, 1, alpha, beta, list(zip(a, b, strict=True))), nonce)
        return CHUNK

    def encrypt_ballots(self) -> int:
        """Encrypt whole ballots: selections, limit proof, ballot nonce, hashes, code."""
        for choice in range(10):
            _ballot(self.context, self.device, choice % (OPTIONS + 1))
        return 10

    def verify_with_commitments(self) -> int:
        """Check a chunk as the accept phase does, limit proofs and all; counts selections."""
        self._check(self.ballots, self.commitments)
        return CHUNK * OPTIONS

    def verify_without_commitments(self) -> int:
        """Check five ballots as they stand in a record, limit proofs and all; counts selections."""
        self._check(self.ballots[:5], None)
        return 5 * OPTIONS

    def aggregate(self) -> int:
        """Add chunks up; counts ciphertexts."""
        for _ in range(40):
            add_ballots(self.context, self.worker, self.ballots)
        return 40 * CHUNK * OPTIONS

    def multiply(self) -> int:
        """Modular multiplications of 4096 bits."""
        modulus, product = P, mpz(1)
        elements = [selection.alpha for ballot in self.ballots for selection in ballot.contests[0].selections]
        for _ in range(80):
            for element in elements:
                product = product * element % modulus
        return 80 * len(elements)

    def guardian_shares(self) -> int:
        """What one guardian of three computes in the rounds of a tally; counts ciphertexts."""
        beginnings = begin_decryption(self.context, self.worker, self.share, MEMBERS, self.ciphertexts)
        everybody = self.others | {self.share.index: beginnings}
        respond_decryption(
            self.context,
            self.worker,
            self.share,
            MEMBERS,
            self.ciphertexts,
            beginnings,
            {member: [beginning.commitment for beginning in begun] for member, begun in everybody.items()},
            {member: [beginning.reveal for beginning in begun] for member, begun in everybody.items()},
        )
        return len(self.ciphertexts)

    def _check(
        self, ballots: tuple[EncryptedBallot, ...], commitments: tuple[BallotCommitments, ...] | None
    ) -> None:
        findings = [Findings() for _ in ballots]
        check_ballots(self.context, self.worker, ballots, findings, commitments)
        for found in findings:
            found.raise_if_any()


def _ballot(context: Context, engine: Engine, choice: int) -> tuple[EncryptedBallot, BallotCommitments]:
    """A cast ballot for option `choice`, or for none where that is 0."""
    ballot, commitments = encrypt_ballot(
        context,
        engine,
        "style",
        {1: {choice: 1} if choice else {}},
        {},
        id_b=randomness.random_bytes32(),
        ballot_nonce=randomness.random_bytes32(),
        chaining_field=unchained_field(device_hash(context.h_e, "bench")),
    )
    return replace(ballot, status=BallotStatus.CAST), commitments

"""Small whole elections with every secret known, as plain protobuf messages that a test can bend as it likes.

`chained()` and `unchained()` make one valid election each and keep it; a caller gets its own copy. Whatever a
mutation changes, the methods of `Election` make anew what follows from it (hashes, chains, products, decryptions,
roots), so that as little else as possible fails. A message that holds a wrong value is written as it stands.
"""

import copy
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gmpy2 import mpz

from amarvote.electionguard.hashing import (
    element_bytes,
    exponent_bytes,
    hash_h,
    index_bytes,
    sized_bytes,
)
from amarvote.electionguard.manifest import MEDIA_TYPE, Contest, Manifest, manifest_bytes, parse_manifest
from amarvote.electionguard.parameters import VERSION, G, P, Q, R
from amarvote.record import egrf_pb2 as pb
from conformance import provers
from conformance.provers import Pair, power, q, random_q
from conformance.record_files import Sections, write_record

CLOSED_AT = 1_793_800_000

CONTESTS = (
    {"id": "mayor", "choices": ["ada", "grace", "alan"]},
    {"id": "council", "selectionLimit": 3, "optionSelectionLimit": 2, "choices": ["red", "green"]},
    {"id": "question", "choices": ["yes", "no"], "contestDataBlocks": 2, "writeInFieldCount": 1},
)
STYLES = (
    {"id": "town", "contestIds": ["mayor", "council", "question"]},
    {"id": "country", "contestIds": ["mayor", "question"]},
)


@dataclass
class ContestSecrets:
    """What a ballot holds in one contest: a value and a nonce for each option, data and nonce of contest data."""

    values: list[int]
    nonces: list[int]
    data: bytes | None = None
    data_nonce: int | None = None


@dataclass
class Ballot:
    """A ballot as it stands in the record, and its secrets."""

    message: pb.EncryptedBallot
    nonce: bytes
    contests: dict[int, ContestSecrets]

    def contest(self, index: int) -> pb.EncryptedContest:
        return next(contest for contest in self.message.contests if contest.index == index)

    def rehash(self) -> None:
        """Contest hashes (70) and the code (71) of what now stands in the ballot, under its recorded H_I."""
        for contest in self.message.contests:
            data = contest.contest_data
            parts = [x for field in contest.fields for x in (field.alpha, field.beta)]
            parts += [data.c0, data.c1, data.c2] if contest.HasField("contest_data") else []
            contest.contest_hash = hash_h(self.message.h_i, 0x28, index_bytes(contest.index), *parts)
        self.recode()

    def recode(self) -> None:
        """The code (71) that follows from the contest hashes and the chaining field as recorded."""
        hashes = [contest.contest_hash for contest in self.message.contests]
        self.message.confirmation_code = hash_h(self.message.h_i, 0x29, *hashes, self.message.chaining_field)


@dataclass
class Device:
    """One device section."""

    header: pb.DeviceHeader
    ballots: list[Ballot]
    close: pb.DeviceClose = field(default_factory=pb.DeviceClose)

    @property
    def key(self) -> bytes:
        return bytes((self.header.kind,)) + self.header.h_di

    def items(self) -> list[pb.RecordItem]:
        return [
            pb.RecordItem(device_header=self.header),
            *(pb.RecordItem(encrypted_ballot=ballot.message) for ballot in self.ballots),
            pb.RecordItem(device_close=self.close),
        ]

    def rechain(self, h_e: bytes, *, after: int = 0) -> None:
        """Chaining fields (73), (76) and codes of the ballots behind `after`, then the close (77), (78)."""
        simple = self.header.chaining_mode == 1
        start = index_bytes(1) + self.header.h_di
        last = self.header.initial_hash
        for position, ballot in enumerate(self.ballots, 1):
            if position > after:
                ballot.message.chaining_field = (
                    index_bytes(1) + last if simple else index_bytes(0) + self.header.h_di
                )
                ballot.recode()
            last = ballot.message.confirmation_code
        self.close.ballot_count = len(self.ballots)
        self.close.closed_at.seconds = CLOSED_AT
        if simple:
            self.close.closing_chaining_field = index_bytes(1) + hash_h(h_e, 0x2B, last, start)
            self.close.closing_hash = hash_h(h_e, 0x29, self.close.closing_chaining_field)

    def locator(self, position: int) -> pb.BallotLocator:
        return pb.BallotLocator(kind=self.header.kind, h_di=self.header.h_di, position=position)


@dataclass
class Election:
    """Everything of one election: the messages of its record in their sections, and all secrets."""

    manifest: Manifest
    n: int
    k: int
    secret: int
    data_secret: int
    polynomials: list[list[int]]
    data_polynomials: list[list[int]]
    zetas: list[int]
    header: pb.RecordHeader = field(default_factory=lambda: pb.RecordHeader(format_major=2))
    parameters: pb.Parameters = field(default_factory=pb.Parameters)
    manifest_file: pb.ManifestFile = field(default_factory=pb.ManifestFile)
    guardians: list[pb.GuardianPublicKey] = field(default_factory=list)
    keys: pb.ElectionKeys = field(default_factory=pb.ElectionKeys)
    devices: list[Device] = field(default_factory=list)
    attestations: list[pb.SignedStatement] = field(default_factory=list)
    tally_header: pb.EncryptedTallyHeader = field(default_factory=pb.EncryptedTallyHeader)
    tally: list[pb.EncryptedTallyContest] = field(default_factory=list)
    requests: list[pb.ContestDataRequest] = field(default_factory=list)
    decrypted: list[pb.DecryptedTallyContest] = field(default_factory=list)
    openings: list[pb.ChallengedBallotDecryption] = field(default_factory=list)
    data_openings: list[pb.ContestDataDecryption] = field(default_factory=list)
    releases: list[pb.UncastNonceRelease] = field(default_factory=list)
    signatures: list[pb.SignedStatement] = field(default_factory=list)

    @property
    def joint_key(self) -> mpz:
        return mpz(int.from_bytes(self.keys.k, "big"))

    @property
    def joint_data_key(self) -> mpz:
        return mpz(int.from_bytes(self.keys.k_hat, "big"))

    # ---- setup

    def make_parameters(self) -> None:
        """Parameters and manifest with H_P (4) and H_B (5)."""
        self.parameters = pb.Parameters(
            version=VERSION,
            p=element_bytes(P),
            q=exponent_bytes(Q),
            r=element_bytes(R),
            g=element_bytes(G),
            n=self.n,
            k=self.k,
        )
        self.rehash_parameters()
        self.manifest_file = pb.ManifestFile(media_type=MEDIA_TYPE, content=self.manifest.raw)
        self.rehash_manifest()

    def rehash_parameters(self) -> None:
        """H_P over what is recorded as p, q, g, n and k."""
        s = self.parameters
        s.h_p = hash_h(VERSION, 0x00, s.p, s.q, s.g, index_bytes(s.n), index_bytes(s.k))

    def rehash_manifest(self) -> None:
        """H_B over the recorded bytes, under the recorded H_P."""
        self.manifest_file.h_b = hash_h(self.parameters.h_p, 0x01, sized_bytes(self.manifest_file.content))

    def make_guardian(self, i: int) -> pb.GuardianPublicKey:
        """The public key of guardian i with both proofs."""
        message = pb.GuardianPublicKey(index=i, kappa=element_bytes(power(G, self.zetas[i - 1])))
        message.vote_commitments = b"".join(element_bytes(power(G, a)) for a in self.polynomials[i - 1])
        message.data_commitments = b"".join(element_bytes(power(G, a)) for a in self.data_polynomials[i - 1])
        self.prove_guardian(message, i)
        return message

    def prove_guardian(
        self, message: pb.GuardianPublicKey, i: int, accept: object = provers.anything, h_p: bytes | None = None
    ) -> None:
        """Both proofs anew, hashed over what is recorded as commitments."""
        assert callable(accept)
        kappa = mpz(int.from_bytes(message.kappa, "big"))
        for label, commitments, polynomial in (
            (b"pk_vote", message.vote_commitments, self.polynomials[i - 1]),
            (b"pk_data", message.data_commitments, self.data_polynomials[i - 1]),
        ):
            proof = provers.key_proof(
                h_p or self.parameters.h_p,
                label,
                message.index,
                [*elements(commitments), kappa],
                [*polynomial, self.zetas[i - 1]],
                accept,
            )
            setattr(message, "vote_proof" if label == b"pk_vote" else "data_proof", proof)

    def make_keys(self, joint_key: mpz | None = None, joint_data_key: mpz | None = None) -> None:
        """K (25), K̂ (26) and H_E (30), or other keys than the guardians'."""
        self.keys.k = element_bytes(joint_key or power(G, self.secret))
        self.keys.k_hat = element_bytes(joint_data_key or power(G, self.data_secret))
        self.rehash_keys()

    def rehash_keys(self) -> None:
        """H_E under the recorded H_B."""
        self.keys.h_e = hash_h(self.manifest_file.h_b, 0x14, self.keys.k, self.keys.k_hat)

    # ---- ballots

    def encrypt(
        self,
        style: str,
        votes: dict[str, dict[str, int]],
        *,
        status: int = pb.BALLOT_STATUS_CAST,
        weight: int = 1,
        text: str = "",
        id_b: bytes | None = None,
        h_i: bytes | None = None,
    ) -> Ballot:
        """A ballot of this style; `votes` by contest id and option id. Not yet chained."""
        secret = provers.secrets.token_bytes(32)
        id_b = id_b or hashlib.sha256(secret).digest()
        h_i = h_i or hash_h(self.keys.h_e, 0x20, id_b)
        message = pb.EncryptedBallot(id_b=id_b, h_i=h_i, ballot_style=style, status=status, weight=weight)
        message.encrypted_at.FromMilliseconds(1000 * (CLOSED_AT - 3600))
        if status == pb.BALLOT_STATUS_CHALLENGED:
            message.ballot_ref = "challenge:" + secret.hex()
        ballot = Ballot(message, provers.secrets.token_bytes(32), {})
        for index in self.manifest.style(style).contest_indices:
            contest = self.manifest.contest(index)
            chosen = votes.get(contest.id, {})
            values = [chosen.get(option.id, 0) for option in contest.options]
            self.add_contest(ballot, contest, values, text)
        self.encrypt_nonce(ballot)
        message.chaining_field = bytes(36)
        ballot.rehash()
        return ballot

    def add_contest(self, ballot: Ballot, contest: Contest, values: list[int], text: str) -> None:
        """One contest of a ballot, with range proofs, limit proof and contest data."""
        h_i, ind_c = ballot.message.h_i, contest.index
        count = range(1, len(values) + 1)
        secret = ContestSecrets(values, [provers.selection_nonce(h_i, ind_c, j, ballot.nonce) for j in count])
        ballot.contests[ind_c] = secret
        message = ballot.message.contests.add(index=ind_c)
        for value, nonce in zip(secret.values, secret.nonces, strict=True):
            alpha, beta = provers.encrypt(self.joint_key, value, nonce)
            message.fields.add(alpha=element_bytes(alpha), beta=element_bytes(beta))
        for option in count:
            self.prove_option(ballot, ind_c, option)
        self.prove_limit(ballot, ind_c)
        if contest.contest_data_blocks:
            raw = text.encode()
            data = (index_bytes(len(raw)) + raw).ljust(32 * contest.contest_data_blocks, b"\0")
            self.encrypt_data(ballot, ind_c, data)

    def prove_option(self, ballot: Ballot, ind_c: int, option: int, accept: object = provers.anything) -> None:
        """The range proof of one option, hashed over the recorded ciphertext."""
        assert callable(accept)
        message, secret = ballot.contest(ind_c).fields[option - 1], ballot.contests[ind_c]
        message.range_proof = provers.proof_bytes(
            provers.range_proof(
                ballot.message.h_i,
                index_bytes(ind_c) + index_bytes(option),
                (number(message.alpha), number(message.beta)),
                self.joint_key,
                secret.values[option - 1],
                secret.nonces[option - 1],
                self.manifest.contest(ind_c).option_limit,
                accept,
            )
        )

    def prove_limit(self, ballot: Ballot, ind_c: int, accept: object = provers.anything) -> None:
        """The limit proof of one contest, hashed over the products of the recorded ciphertexts."""
        assert callable(accept)
        message, secret = ballot.contest(ind_c), ballot.contests[ind_c]
        message.limit_proof = provers.proof_bytes(
            provers.range_proof(
                ballot.message.h_i,
                index_bytes(ind_c),
                product([(number(field.alpha), number(field.beta)) for field in message.fields]),
                self.joint_key,
                sum(secret.values),
                sum(secret.nonces) % q,
                self.manifest.contest(ind_c).selection_limit,
                accept,
            )
        )

    def encrypt_data(self, ballot: Ballot, ind_c: int, data: bytes) -> None:
        """(64)-(69)."""
        h_i = ballot.message.h_i
        nonce = provers.data_nonce(h_i, ind_c, ballot.nonce)
        c0, beta = power(G, nonce), power(self.joint_data_key, nonce)
        c1 = provers.xor(data, provers.data_keystream(h_i, ind_c, c0, beta, len(data) // 32))
        c2 = provers.knowledge_proof(h_i, 0x27, index_bytes(ind_c), c0, c1, nonce)
        ballot.contest(ind_c).contest_data.CopyFrom(pb.HashedCiphertext(c0=element_bytes(c0), c1=c1, c2=c2))
        ballot.contests[ind_c].data = data
        ballot.contests[ind_c].data_nonce = nonce

    def encrypt_nonce(self, ballot: Ballot) -> None:
        """(34)-(38)."""
        h_i, nonce = ballot.message.h_i, random_q()
        c0 = power(G, nonce)
        c1 = provers.xor(ballot.nonce, provers.nonce_keystream(h_i, c0, power(self.joint_data_key, nonce)))
        c2 = provers.knowledge_proof(h_i, 0x23, b"", c0, c1, nonce)
        ballot.message.encrypted_ballot_nonce.CopyFrom(pb.HashedCiphertext(c0=element_bytes(c0), c1=c1, c2=c2))

    def add_device(self, device_id: str, ballots: list[Ballot]) -> Device:
        """A device with these ballots, chained as the manifest says."""
        h_di = hash_h(self.keys.h_e, 0x2A, sized_bytes(device_id.encode()))
        mode = self.manifest.chaining_mode
        header = pb.DeviceHeader(kind=1, device_id=device_id, h_di=h_di, chaining_mode=mode)
        if mode:
            header.initial_hash = hash_h(self.keys.h_e, 0x29, index_bytes(1) + h_di)
        device = Device(header, ballots)
        device.rechain(self.keys.h_e)
        self.devices.append(device)
        self.devices.sort(key=lambda one: one.key)
        return device

    def ballots(self) -> Iterable[tuple[pb.BallotLocator, Ballot]]:
        for device in self.devices:
            for position, ballot in enumerate(device.ballots, 1):
                yield device.locator(position), ballot

    def device(self, device_id: str) -> Device:
        return next(device for device in self.devices if device.header.device_id == device_id)

    # ---- aggregated

    def aggregate(self) -> None:
        """The encrypted tally (80) of the recorded cast ballots."""
        cast = [b for _, b in self.ballots() if b.message.status == pb.BALLOT_STATUS_CAST]
        weight = sum(ballot.message.weight for ballot in cast)
        self.tally_header = pb.EncryptedTallyHeader(cast_ballot_count=len(cast), total_cast_weight=weight)
        self.tally = []
        for contest in self.manifest.contests:
            products: list[Pair] = [(mpz(1), mpz(1)) for _ in contest.options]
            weight = 0
            for ballot in cast:
                if contest.index not in {message.index for message in ballot.message.contests}:
                    continue
                w = ballot.message.weight
                weight += w
                for j, field_ in enumerate(ballot.contest(contest.index).fields):
                    pair = power(number(field_.alpha), w), power(number(field_.beta), w)
                    products[j] = product([products[j], pair])
            fields = b"".join(element_bytes(x) for pair in products for x in pair)
            self.tally.append(pb.EncryptedTallyContest(index=contest.index, fields=fields, cast_weight=weight))

    def request_contest_data(self, locator: pb.BallotLocator, ballot: Ballot, ind_c: int) -> None:
        """Ask for the contest data of a cast ballot."""
        self.requests.append(pb.ContestDataRequest(ballot=locator, h_i=ballot.message.h_i, contest_index=ind_c))

    # ---- final

    def finish(self) -> None:
        """Decrypt what the aggregated phase asks for: totals, challenged ballots, contest data."""
        self.decrypted = [self.decrypt_contest(message) for message in self.tally]
        self.openings = [
            self.open_ballot(locator, ballot)
            for locator, ballot in self.ballots()
            if ballot.message.status == pb.BALLOT_STATUS_CHALLENGED
        ]
        self.data_openings = [self.open_data(request) for request in self.requests]

    def decrypt_contest(self, message: pb.EncryptedTallyContest) -> pb.DecryptedTallyContest:
        contest = self.manifest.contest(message.index)
        decrypted = pb.DecryptedTallyContest(index=contest.index, label=contest.id)
        pairs = list(elements(message.fields))
        for option in contest.options:
            a, b = pairs[2 * option.index - 2], pairs[2 * option.index - 1]
            m = power(a, self.secret)
            encoded = b * power(m, -1) % P
            decrypted.fields.add(
                index=option.index,
                label=option.id,
                tally=logarithm(self.joint_key, encoded),
                encoded_tally=element_bytes(encoded),
                proof=provers.tally_proof(self.keys.h_e, contest.index, option.index, a, b, m, self.secret),
            )
        return decrypted

    def open_ballot(self, locator: pb.BallotLocator, ballot: Ballot) -> pb.ChallengedBallotDecryption:
        opening = pb.ChallengedBallotDecryption(ballot=locator, h_i=ballot.message.h_i)
        for index, secret in sorted(ballot.contests.items()):
            contest = self.manifest.contest(index)
            message = opening.contests.add(index=index, label=contest.id)
            for option, value, nonce in zip(contest.options, secret.values, secret.nonces, strict=True):
                message.fields.add(index=option.index, label=option.id, value=value, nonce=exponent_bytes(nonce))
            if secret.data is not None and secret.data_nonce is not None:
                message.contest_data.nonce = exponent_bytes(secret.data_nonce)
                message.contest_data.data = secret.data
        return opening

    def open_data(self, request: pb.ContestDataRequest) -> pb.ContestDataDecryption:
        ballot = self.at(request.ballot)
        index = request.contest_index
        ciphertext = ballot.contest(index).contest_data
        c0 = number(ciphertext.c0)
        beta = power(c0, self.data_secret)
        data = provers.xor(
            ciphertext.c1,
            provers.data_keystream(request.h_i, index, c0, beta, len(ciphertext.c1) // 32),
        )
        whole = (c0, ciphertext.c1, ciphertext.c2)
        return pb.ContestDataDecryption(
            ballot=request.ballot,
            h_i=request.h_i,
            contest_index=index,
            beta=element_bytes(beta),
            proof=provers.contest_data_proof(request.h_i, index, whole, beta, self.data_secret),
            data=data,
        )

    def at(self, locator: pb.BallotLocator) -> Ballot:
        device = next(device for device in self.devices if device.header.h_di == locator.h_di)
        return device.ballots[locator.position - 1]

    # ---- the record

    def sections(self) -> Sections:
        """The record's sections through the final phase, as items."""
        item = pb.RecordItem
        return {
            (0x0001, b""): [item(record_header=self.header)],
            (0x0002, b""): [item(parameters=self.parameters)],
            (0x0003, b""): [item(manifest_file=self.manifest_file)],
            (0x0004, b""): [item(guardian_public_key=key) for key in self.guardians],
            (0x0005, b""): [item(election_keys=self.keys)],
            **{(0x0101, device.key): device.items() for device in self.devices},
            (0x0102, b""): [item(device_attestation=one) for one in self.attestations],
            (0x0201, b""): [
                item(encrypted_tally_header=self.tally_header),
                *(item(encrypted_tally_contest=one) for one in self.tally),
            ],
            (0x0202, b""): [item(contest_data_request=one) for one in self.requests],
            (0x0301, b""): [item(decrypted_tally_contest=one) for one in self.decrypted],
            (0x0302, b""): [item(challenged_ballot_decryption=one) for one in self.openings],
            (0x0303, b""): [item(contest_data_decryption=one) for one in self.data_openings],
            (0x0304, b""): [item(uncast_nonce_release=one) for one in self.releases],
        }

    def write(self, root: Path) -> Path:
        """The whole record as a directory of protobuf segments."""
        return write_record(root, self.sections(), self.signatures)

    def copy(self) -> "Election":
        return copy.deepcopy(self)


def number(data: bytes) -> mpz:
    return mpz(int.from_bytes(data, "big"))


def elements(data: bytes) -> list[mpz]:
    return [number(data[start : start + 512]) for start in range(0, len(data), 512)]


def product(pairs: Iterable[Pair]) -> Pair:
    alpha = beta = mpz(1)
    for one, other in pairs:
        alpha, beta = alpha * one % P, beta * other % P
    return alpha, beta


def logarithm(base: mpz, encoded: mpz, bound: int = 200) -> int:
    """The small exponent; `bound` where there is none (a mutation broke it)."""
    value = mpz(1)
    for exponent in range(bound):
        if value == encoded:
            return exponent
        value = value * base % P
    return bound


def set_up(
    chaining_mode: int, n: int = 3, k: int = 2, contests: object = CONTESTS, styles: object = STYLES
) -> Election:
    """An election with keys and no ballots."""
    raw = manifest_bytes("conformance", contests, styles, chainingMode=chaining_mode)  # type: ignore[arg-type]
    polynomials = [[random_q() for _ in range(k)] for _ in range(n)]
    data_polynomials = [[random_q() for _ in range(k)] for _ in range(n)]
    election = Election(
        manifest=parse_manifest(raw),
        n=n,
        k=k,
        secret=sum(one[0] for one in polynomials) % q,
        data_secret=sum(one[0] for one in data_polynomials) % q,
        polynomials=polynomials,
        data_polynomials=data_polynomials,
        zetas=[random_q() for _ in range(n)],
    )
    election.make_parameters()
    election.guardians = [election.make_guardian(i) for i in range(1, n + 1)]
    election.make_keys()
    return election


def fill(election: Election) -> Election:
    """Ballots, tally and decryptions for an election of the two styles."""
    challenged, spoiled = pb.BALLOT_STATUS_CHALLENGED, pb.BALLOT_STATUS_SPOILED
    town, country = "town", "country"
    remark = "Write-in: Ada Lovelace"
    election.add_device(
        "hall",
        [
            election.encrypt(
                town, {"mayor": {"ada": 1}, "council": {"red": 2, "green": 1}, "question": {"yes": 1}}, text=remark
            ),
            election.encrypt(
                town, {"mayor": {"grace": 1}, "council": {"green": 2}}, status=challenged, text="Écoute"
            ),
            election.encrypt(country, {"mayor": {"alan": 1}}, status=spoiled),
            election.encrypt(country, {"mayor": {"alan": 1}, "question": {"no": 1}}, weight=3),
        ],
    )
    election.add_device(
        "school",
        [
            election.encrypt(country, {"question": {"yes": 1}}),
            election.encrypt(country, {"mayor": {"ada": 1}}, status=challenged),
        ],
    )
    election.aggregate()
    hall = election.device("hall")
    election.request_contest_data(hall.locator(1), hall.ballots[0], 3)
    election.finish()
    return election


@cache
def _base(chaining_mode: int) -> Election:
    return fill(set_up(chaining_mode))


def chained() -> Election:
    """Three guardians (quorum 2), two devices with simple chaining, six ballots, one opened contest data."""
    return _base(1).copy()


def unchained() -> Election:
    """The same without chaining."""
    return _base(0).copy()

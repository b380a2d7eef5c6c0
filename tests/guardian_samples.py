"""A small election whose guardians' secrets a test knows: ceremony, tally, and runs of the three rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.challenged_ballots import ChallengedBallot
from amarvote.electionguard.confirmation import device_hash, unchained_field
from amarvote.electionguard.context import Context, parameter_base_hash
from amarvote.electionguard.decryption import (
    TallyCiphertext,
    begin_decryption,
    respond_decryption,
    tally_ciphertexts,
)
from amarvote.electionguard.encryption import encrypt_ballot
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.identifier import challenge_reference, identifier_of, new_secret
from amarvote.electionguard.joint_keys import joint_keys
from amarvote.electionguard.joint_rounds import Answers, Beginning
from amarvote.electionguard.key_ceremony import (
    GuardianSecret,
    KeyShare,
    generate_secret,
    key_share,
    public_key,
    share_for,
)
from amarvote.electionguard.manifest import Manifest, manifest_bytes, parse_manifest
from amarvote.electionguard.parameters import G
from amarvote.electionguard.tallies import BallotLocator, EncryptedTallyContest

ENGINE = Engine(window_bits=6)

MANIFEST: Manifest = parse_manifest(
    manifest_bytes(
        "guardians",
        [
            {"id": "mayor", "name": "Mayor", "selectionLimit": 1, "choices": ["ada", "grace"]},
            {
                "id": "council",
                "name": "Council",
                "selectionLimit": 4,
                "optionSelectionLimit": 3,
                "choices": ["red", "green", "blue"],
                "contestDataBlocks": 2,
                "writeInFieldCount": 1,
            },
        ],
        [
            {"id": "town", "name": "Town", "contestIds": ["mayor", "council"]},
            {"id": "village", "name": "Village", "contestIds": ["mayor"]},
        ],
    )
)


@dataclass(frozen=True)
class Ceremony:
    """What a ceremony of n guardians with quorum k left behind; lists in the order of the guardians."""

    context: Context
    secrets: tuple[GuardianSecret, ...]
    keys: tuple[GuardianPublicKey, ...]
    shares: Mapping[int, KeyShare]


@cache
def ceremony(n: int = 3, k: int = 2, number: int = 1) -> Ceremony:
    """One ceremony for each `number`; the same one whenever it is asked for again."""
    h_p = parameter_base_hash(n, k)
    secrets = tuple(generate_secret(index, k) for index in range(1, n + 1))
    keys = tuple(public_key(ENGINE, h_p, secret) for secret in secrets)
    context = Context.derive(MANIFEST, n, k, *joint_keys(ENGINE, keys))
    ENGINE.prepare(context.joint_key, context.joint_data_key)
    shares = {
        index: key_share(index, n, {secret.index: share_for(secret, index) for secret in secrets})
        for index in range(1, n + 1)
    }
    return Ceremony(context, secrets, keys, shares)


def encrypted(context: Context, value: int) -> tuple[mpz, mpz]:
    """Enc(value) under a fresh nonce."""
    nonce = randomness.random_q()
    return ENGINE.power(G, nonce), ENGINE.power(context.joint_key, nonce + value)


def encrypted_tally(
    context: Context, totals: Sequence[Sequence[int]], weight: int = 100
) -> tuple[EncryptedTallyContest, ...]:
    """A tally that holds these totals, contest by contest."""
    return tuple(
        EncryptedTallyContest(index, tuple(encrypted(context, total) for total in row), weight)
        for index, row in enumerate(totals, start=1)
    )


def few_ciphertexts(context: Context, *totals: int) -> list[TallyCiphertext]:
    """Ciphertexts of the options of contest 2 with these totals."""
    pairs = tuple(encrypted(context, total) for total in totals)
    return tally_ciphertexts(context, [EncryptedTallyContest(2, pairs, 100)])


def first_round(
    held: Ceremony, members: Sequence[int], items: Sequence[TallyCiphertext]
) -> dict[int, list[Beginning]]:
    return {
        member: begin_decryption(held.context, ENGINE, held.shares[member], members, items) for member in members
    }


def answers_of(
    held: Ceremony,
    members: Sequence[int],
    items: Sequence[TallyCiphertext],
    begun: Mapping[int, list[Beginning]] | None = None,
) -> dict[int, Answers]:
    """All three rounds of honest guardians."""
    begun = begun or first_round(held, members, items)
    commitments = {member: [one.commitment for one in begun[member]] for member in members}
    reveals = {member: [one.reveal for one in begun[member]] for member in members}
    return {
        member: Answers(
            commitments[member],
            reveals[member],
            respond_decryption(
                held.context, ENGINE, held.shares[member], members, items, begun[member], commitments, reveals
            ),
        )
        for member in members
    }


def ballot_of(
    held: Ceremony,
    votes: Mapping[int, Mapping[int, int]],
    *,
    status: BallotStatus = BallotStatus.CAST,
    texts: Mapping[int, str] | None = None,
    style: str = "town",
    id_b: bytes | None = None,
) -> tuple[EncryptedBallot, bytes]:
    """A ballot with its status set, and its nonce xi_B; challenged ballots show the secret behind their id_B."""
    secret, nonce = new_secret(), randomness.random_bytes32()
    ballot, _ = encrypt_ballot(
        held.context,
        ENGINE,
        style,
        votes,
        texts or {},
        id_b=id_b or identifier_of(secret),
        ballot_nonce=nonce,
        chaining_field=unchained_field(device_hash(held.context.h_e, "device")),
    )
    reference = challenge_reference(secret) if status is BallotStatus.CHALLENGED else ""
    return replace(ballot, status=status, ballot_ref=reference), nonce


def locator(held: Ceremony, position: int) -> BallotLocator:
    return BallotLocator(1, device_hash(held.context.h_e, "device"), position)


def challenged(held: Ceremony, position: int, votes: Mapping[int, Mapping[int, int]]) -> ChallengedBallot:
    ballot, _ = ballot_of(held, votes, status=BallotStatus.CHALLENGED)
    return ChallengedBallot(locator(held, position), ballot)

"""Known answers for keys, shares, H_G and the proofs of decryption.

`data/README.md` says where the values and their inputs come from. The values for contest data, (99) and (101), are
our own: a plain computation in this file gives them; the program must agree.
"""

import hmac
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import HashedCiphertext
from amarvote.electionguard.contest_data import contest_data_nonce
from amarvote.electionguard.contest_data_decryption import (
    ContestDataCiphertext,
    begin_contest_data,
    combine_contest_data,
    respond_contest_data,
)
from amarvote.electionguard.context import Context, identifier_hash
from amarvote.electionguard.decryption import (
    begin_decryption,
    combine_decryption,
    respond_decryption,
    tally_ciphertexts,
)
from amarvote.electionguard.encryption import selection_nonce
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.joint_keys import ceremony_hash, joint_keys
from amarvote.electionguard.joint_rounds import Answers
from amarvote.electionguard.key_ceremony import GuardianSecret, KeyShare, key_share, public_key, share_for
from amarvote.electionguard.lagrange import lagrange_weights
from amarvote.electionguard.manifest import Contest, Manifest, Option
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.share_encryption import EncryptedShare, decrypt_share, encrypt_share, share_keys
from amarvote.electionguard.tallies import BallotLocator, ContestDataRequest, EncryptedTallyContest

KNOWN = {
    name: value["hex"]
    for name, value in json.loads((Path(__file__).parent / "data" / "known-answers-2.1.json").read_text("utf-8"))[
        "values"
    ].items()
}

ENGINE = Engine(window_bits=4)
q = int(Q)
SECRETS = (
    GuardianSecret(1, (10, 111), (30, 115), 1001),
    GuardianSecret(2, (20, 211), (40, 215), 1002),
    GuardianSecret(3, (q - 25, 311), (q - 63, 315), 1003),
)
MANIFEST = Manifest(
    b'{"election":"kat"}',
    "kat",
    "kat",
    0,
    tuple(
        Contest(index, f"c{index}", "", 1, 1, tuple(Option(j, f"o{j}", "") for j in range(1, options + 1)))
        for index, options in ((1, 2), (2, 3))
    ),
    (),
)
CONTEXT = Context.derive(MANIFEST, 3, 2, powmod(G, 5, P), powmod(G, 7, P))
BALLOTS = (
    (bytes(range(0x01, 0x21)), bytes(range(0xA0, 0xC0)), {1: (1, 0), 2: (0, 0, 1)}),
    (bytes(range(0x41, 0x61)), bytes(range(0xC0, 0xE0)), {1: (1, 0), 2: (0, 0, 1)}),
    (bytes(range(0x61, 0x81)), bytes(range(0xE0, 0x100)), {1: (0, 1), 2: (0, 0, 1)}),
)


def known(name: str) -> int:
    return int(KNOWN[name], 16)


def known_bytes(name: str) -> bytes:
    return bytes.fromhex(KNOWN[name])


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Exponents that are "drawn" in this order; drawing one too many is an error."""

    def draw(*values: int) -> None:
        rest = iter(values)
        monkeypatch.setattr(randomness, "random_q", lambda: next(rest))

    return draw


@pytest.fixture
def keys(drawing: Callable[..., None]) -> tuple[GuardianPublicKey, ...]:
    made = []
    for secret in SECRETS:
        drawing(9001, 9002, 9003, 9011, 9012, 9013)
        made.append(public_key(ENGINE, CONTEXT.h_p, secret))
    return tuple(made)


def shares() -> dict[int, KeyShare]:
    return {i: key_share(i, 3, {s.index: share_for(s, i) for s in SECRETS}) for i in (1, 2, 3)}


def test_guardians_keys_and_shares_of_the_joint_secret(keys: tuple[GuardianPublicKey, ...]) -> None:
    assert CONTEXT.h_p == known_bytes("H_P(3,2)")
    assert CONTEXT.h_e == known_bytes("H_E")
    assert joint_keys(ENGINE, keys) == (powmod(G, 5, P), powmod(G, 7, P))
    assert [shares()[i].vote for i in (1, 2, 3)] == [638, 1271, 1904]
    assert [shares()[i].data for i in (1, 2, 3)] == [652, 1297, 1942]


def test_proofs_of_knowledge(keys: tuple[GuardianPublicKey, ...]) -> None:
    vote, data = keys[0].vote_proof, keys[0].data_proof
    assert vote.challenge == known("c_1 pk_vote")
    assert vote.responses[0] == known("v_1,0")
    assert vote.responses[2] == known("v_1,2")
    assert data.challenge == known("c^_1 pk_data")


def test_h_g(keys: tuple[GuardianPublicKey, ...]) -> None:
    assert ceremony_hash(CONTEXT.h_b, CONTEXT.joint_key, CONTEXT.joint_data_key, keys) == known_bytes("H_G(3,2)")


def test_share_from_guardian_1_to_2(drawing: Callable[..., None]) -> None:
    kappa = powmod(G, 1002, P)
    drawing(101, 102)
    share = share_for(SECRETS[0], 2)
    encrypted = encrypt_share(ENGINE, CONTEXT.h_p, 1, 2, kappa, share)
    assert encrypted.c0 == powmod(G, 101, P)
    assert encrypted.c1[:32] == known_bytes("share C1[0:32]")
    assert encrypted.c1[32:] == known_bytes("share C1[32:64]")
    assert encrypted.c == known("share c-bar")
    assert encrypted.v == known("share v-bar")
    read = EncryptedShare.from_bytes(1, 2, encrypted.to_bytes())
    assert decrypt_share(ENGINE, CONTEXT.h_p, 1002, kappa, read) == share
    first, second = share_keys(CONTEXT.h_p, 1, 2, kappa, encrypted.c0, powmod(kappa, 101, P))
    message = b"share_enc_keys\0share_encrypt\0\0\0\1\0\0\0\2\2\0"
    assert first == hmac.digest(known_bytes("k_1,2"), b"\1" + message, "sha256")
    assert second == hmac.digest(known_bytes("k_1,2"), b"\2" + message, "sha256")


def tally() -> tuple[EncryptedTallyContest, ...]:
    sums = {(contest, option): [0, 0] for contest, count in ((1, 2), (2, 3)) for option in range(1, count + 1)}
    for id_b, nonce, votes in BALLOTS:
        h_i = identifier_hash(CONTEXT.h_e, id_b)
        for (contest, option), total in sums.items():
            total[0] += selection_nonce(h_i, contest, option, nonce)
            total[1] += votes[contest][option - 1]
    return tuple(
        EncryptedTallyContest(
            contest,
            tuple(
                (powmod(G, xi, P), powmod(G, 5 * (xi + votes), P))
                for (of, _), (xi, votes) in sums.items()
                if of == contest
            ),
            3,
        )
        for contest in (1, 2)
    )


@pytest.mark.parametrize(
    ("contest", "option", "nonces", "total"),
    [
        (1, 1, {1: 1001007, 3: 1003007}, 2),
        (2, 3, {1: 2001007, 2: q - 2, 3: 2003007}, 3),
        (2, 1, {2: 3002007, 3: 3003007}, 0),
    ],
)
def test_tally_proofs(
    contest: int,
    option: int,
    nonces: dict[int, int],
    total: int,
    keys: tuple[GuardianPublicKey, ...],
    drawing: Callable[..., None],
) -> None:
    members = list(nonces)
    items = [
        item for item in tally_ciphertexts(CONTEXT, tally()) if (item.contest, item.option) == (contest, option)
    ]
    begun = {}
    for member, nonce in nonces.items():
        drawing(nonce)
        begun[member] = begin_decryption(CONTEXT, ENGINE, shares()[member], members, items)
    commitments = {member: [one.commitment for one in begun[member]] for member in members}
    reveals = {member: [one.reveal for one in begun[member]] for member in members}
    answers = {
        member: Answers(
            commitments[member],
            reveals[member],
            respond_decryption(
                CONTEXT, ENGINE, shares()[member], members, items, begun[member], commitments, reveals
            ),
        )
        for member in members
    }
    (decrypted,) = combine_decryption(CONTEXT, ENGINE, keys, members, items, answers)
    assert decrypted.option.tally == total
    assert decrypted.option.encoded_tally == powmod(G, 5 * total, P)
    assert decrypted.option.c == known(f"tally c ({contest},{option}) U={members}")
    assert decrypted.option.v == known(f"tally v ({contest},{option})")
    for member in members:
        name = f"d_{member} ({contest},{option}) U={members}".replace(", ", ",")
        if name in KNOWN:
            assert commitments[member][0] == known_bytes(name)


def test_both_known_commitments_are_read() -> None:
    assert {"d_1 (1,1) U=[1,3]", "d_3 (2,1) U=[2,3]"} <= set(KNOWN)


# Contest data: our own values. Input: the contest data of the known answers (contest 2 of the main ballot, one
# block), guardians 1 and 3 with u_1 = 4001007 and u_3 = 4003007.

OWN = {
    "d_1": "22cd66df4ef6d6c4d264542cbce92b2a6c4f7a0e3e29d97b0ea85f26361dd88e",
    "d_3": "c24b5c908041bb5c69a539193e0338516542efe4efc8309afa475414594b4994",
    "c": "6038a6be7b3ae8c6d2cc92b44ef719c0bfd520c29b859348133b67c1c7ef650d",
    "v": "5e7370caa163a2903c67fd11d73e4bbac12c1aadbf58f907796029b388ee5c1c",
}


def b(value: int, width: int) -> bytes:
    return int(value).to_bytes(width, "big")


def h(key: bytes, tag: int, *parts: bytes) -> bytes:
    return hmac.digest(key, bytes([tag]) + b"".join(parts), "sha256")


def plain_contest_data_values() -> dict[str, str]:
    """(96) to (103) with nothing of the program but G, P and q; the secret is 7, its shares 652 and 1942."""
    h_i, c1 = known_bytes("H_I"), known_bytes("cd C1")
    c0 = pow(int(G), known("cd xi_2"), int(P))
    sealed = (b(c0, 512), c1, b(known("cd c"), 32), b(known("cd v"), 32))
    z, u = {1: 652, 3: 1942}, {1: 4001007, 3: 4003007}
    w = {1: 3 * pow(2, -1, q) % q, 3: 1 * pow(-2, -1, q) % q}
    m = {i: pow(c0, z[i], int(P)) for i in z}
    g_u = {i: pow(int(G), u[i], int(P)) for i in z}
    c0_u = {i: pow(c0, u[i], int(P)) for i in z}
    values = {}
    for i in z:
        values[f"d_{i}"] = h(
            h_i,
            0x32,
            b(2, 4),
            b(i, 4),
            *sealed,
            b(g_u[i], 512),
            b(c0_u[i], 512),
            b(m[i], 512),
            b(2, 4),
            b(1, 4),
            b(3, 4),
        ).hex()
    beta = pow(c0, 7, int(P))
    joint_a, joint_b = g_u[1] * g_u[3] % int(P), c0_u[1] * c0_u[3] % int(P)
    c = int.from_bytes(h(h_i, 0x33, b(2, 4), *sealed, b(joint_a, 512), b(joint_b, 512), b(beta, 512))) % q
    values["c"] = b(c, 32).hex()
    values["v"] = b(sum(u[i] - c * w[i] * z[i] for i in z) % q, 32).hex()
    return values


def test_contest_data_values_are_those_of_a_plain_computation() -> None:
    assert plain_contest_data_values() == OWN


def test_contest_data_rounds(keys: tuple[GuardianPublicKey, ...], drawing: Callable[..., None]) -> None:
    h_i = known_bytes("H_I")
    nonce = contest_data_nonce(h_i, 2, BALLOTS[0][1])
    data = HashedCiphertext(powmod(G, nonce, P), known_bytes("cd C1"), known("cd c"), known("cd v"))
    items = [ContestDataCiphertext(ContestDataRequest(BallotLocator(1, bytes(32), 1), h_i, 2), data)]
    members, begun = (1, 3), {}
    for member, u in ((1, 4001007), (3, 4003007)):
        drawing(u)
        begun[member] = begin_contest_data(CONTEXT, ENGINE, shares()[member], members, items)
    commitments = {member: [one.commitment for one in begun[member]] for member in members}
    reveals = {member: [one.reveal for one in begun[member]] for member in members}
    assert hexes(commitments[1] + commitments[3]) == [OWN["d_1"], OWN["d_3"]]
    answers = {
        member: Answers(
            commitments[member],
            reveals[member],
            respond_contest_data(
                CONTEXT, ENGINE, shares()[member], members, items, begun[member], commitments, reveals
            ),
        )
        for member in members
    }
    (opening,) = combine_contest_data(CONTEXT, ENGINE, keys, members, items, answers)
    assert opening.beta == powmod(powmod(G, nonce, P), 7, P)
    assert (b(opening.c, 32).hex(), b(opening.v, 32).hex()) == (OWN["c"], OWN["v"])
    assert opening.data == (b"\0\0\0\x16" + b"Write-in: Ada Lovelace").ljust(32, b"\0")


def hexes(values: Iterable[bytes]) -> list[str]:
    return [value.hex() for value in values]


def test_weights_of_every_quorum_bring_the_secret_back() -> None:
    for members in ((1, 2), (1, 3), (2, 3), (1, 2, 3)):
        weights = lagrange_weights(members)
        assert sum(weights[i] * shares()[i].vote for i in members) % q == 5
        assert sum(weights[i] * shares()[i].data for i in members) % q == 7
    assert mpz(lagrange_weights((2,))[2]) == 1

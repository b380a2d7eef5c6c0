"""Known answers for everything that is hashed, encrypted and proved on the way to a ballot.

`data/README.md` says where the values and their inputs come from. The values at the end are our own, for limits
above 1 and several blocks of contest data: a plain computation in this file gives them; the program must agree.
"""

import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard import randomness
from amarvote.electionguard.ballot_nonce import (
    decrypt_ballot_nonce,
    encrypt_ballot_nonce,
    key_hash,
    nonce_challenge,
    nonce_key,
)
from amarvote.electionguard.ballots import BallotCommitments, EncryptedBallot, HashedCiphertext
from amarvote.electionguard.confirmation import (
    chained_field,
    closing_field,
    closing_hash,
    confirmation_code,
    contest_hash,
    device_hash,
    initial_hash,
    unchained_field,
)
from amarvote.electionguard.contest_data import (
    contest_data_challenge,
    contest_data_nonce,
    encrypt_contest_data,
    mask,
)
from amarvote.electionguard.contest_data import key_hash as data_key_hash
from amarvote.electionguard.context import (
    Context,
    election_base_hash,
    extended_base_hash,
    identifier_hash,
    parameter_base_hash,
)
from amarvote.electionguard.encryption import encrypt_ballot, selection_nonce
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.electionguard.parameters import G, P, Q

KNOWN = {
    name: value["hex"]
    for name, value in json.loads((Path(__file__).parent / "data" / "known-answers-2.1.json").read_text("utf-8"))[
        "values"
    ].items()
}

OF_THE_GUARDIANS = ("tally ", "d_1 ", "d_3 ", "H_G", "c_1 ", "v_1,", "c^_1 ", "k_1,2", "share ")
PRE_ENCRYPTED = ("H_DI 0x43", "pre ")

MANIFEST = b'{"election":"kat"}'
K, K_HAT = powmod(G, 5, P), powmod(G, 7, P)
ID_B = bytes(range(1, 33))
XI_B = bytes(range(0xA0, 0xC0))
DEVICE = "Wahllokal Zürich – Gerät №7 🗳"
VOTES = {1: (1, 0), 2: (0, 0, 1)}

H_P = parameter_base_hash(3, 2)
H_B = election_base_hash(H_P, MANIFEST)
H_E = extended_base_hash(H_B, K, K_HAT)
H_I = identifier_hash(H_E, ID_B)
H_DI = device_hash(H_E, DEVICE)
ENGINE = Engine(window_bits=4)
WRITE_IN = (b"\0\0\0\x16" + b"Write-in: Ada Lovelace").ljust(32, b"\0")


def g_to(exponent: int) -> mpz:
    return powmod(G, exponent, P)


def k_to(exponent: int) -> mpz:
    return powmod(K, exponent, P)


def nonce(contest: int, option: int) -> int:
    return selection_nonce(H_I, contest, option, XI_B)


def ciphertexts(contest: int) -> list[tuple[mpz, mpz]]:
    nonces = [nonce(contest, option) for option in range(1, len(VOTES[contest]) + 1)]
    return [(g_to(xi), k_to(xi + vote)) for xi, vote in zip(nonces, VOTES[contest], strict=True)]


def chi(contest: int, data: HashedCiphertext | None = None) -> bytes:
    return contest_hash(H_I, contest, ciphertexts(contest), data)


def code(chaining_field: bytes) -> bytes:
    return confirmation_code(H_I, [chi(1), chi(2)], chaining_field)


def code_of_second_ballot() -> bytes:
    h_i = identifier_hash(H_E, int(Q + 5).to_bytes(32, "big"))
    chi_1 = contest_hash(h_i, 1, [(g_to(21), g_to(22))])
    return confirmation_code(h_i, [chi_1], chained_field(first_code()))


def first_code() -> bytes:
    return code(chained_field(initial_hash(H_E, H_DI)))


def closing() -> bytes:
    return closing_field(H_E, code_of_second_ballot(), H_DI)


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the program draw exactly these exponents, in this order."""

    def draw(*exponents: int) -> None:
        drawn: Iterator[int] = iter(exponents)
        monkeypatch.setattr(randomness, "random_q", lambda: next(drawn))

    return draw


def hexes(value: bytes | int) -> str:
    return (value if isinstance(value, bytes) else value.to_bytes(32, "big")).hex().upper()


HASHES: dict[str, Callable[[], bytes | int]] = {
    "H_P(3,2)": lambda: parameter_base_hash(3, 2),
    "H_P(5,3)": lambda: parameter_base_hash(5, 3),
    "H_P(1,1)": lambda: parameter_base_hash(1, 1),
    "H_B": lambda: H_B,
    "H_B empty manifest": lambda: election_base_hash(H_P, b""),
    "H_B(5,3)": lambda: election_base_hash(parameter_base_hash(5, 3), MANIFEST),
    "H_E": lambda: H_E,
    "H_I": lambda: H_I,
    "H_I id_B=q+5": lambda: identifier_hash(H_E, int(Q + 5).to_bytes(32, "big")),
    "xi_1,1": lambda: nonce(1, 1),
    "xi_1,2": lambda: nonce(1, 2),
    "xi_2,1": lambda: nonce(2, 1),
    "xi_2,2": lambda: nonce(2, 2),
    "xi_2,3": lambda: nonce(2, 3),
    "chi_1": lambda: chi(1),
    "chi_2": lambda: chi(2),
    "chi_7(g^3,g^9)": lambda: contest_hash(H_I, 7, [(g_to(3), g_to(9))]),
    "H_DI": lambda: H_DI,
    "H_DI ascii": lambda: device_hash(H_E, "polling-place-42/device-7"),
    "H_DI empty": lambda: device_hash(H_E, ""),
    "H_C nochain": lambda: code(unchained_field(H_DI)),
    "H_0": lambda: initial_hash(H_E, H_DI),
    "H_1": first_code,
    "H_2": code_of_second_ballot,
    "close inner": lambda: closing()[4:],
    "H-bar": lambda: closing_hash(H_E, closing()),
    "bn h": lambda: key_hash(H_I, g_to(9001), powmod(K_HAT, 9001, P)),
    "bn k1": lambda: nonce_key(key_hash(H_I, g_to(9001), powmod(K_HAT, 9001, P))),
    "cd xi_2": lambda: data_nonce(),
    "cd h": lambda: data_hash(),
    "cd k1": lambda: mask(data_hash(), 2, bytes(32)),
}


def data_nonce() -> int:
    return contest_data_nonce(H_I, 2, XI_B)


def data_hash() -> bytes:
    return data_key_hash(H_I, 2, g_to(data_nonce()), powmod(K_HAT, data_nonce(), P))


@pytest.mark.parametrize("name", HASHES)
def test_hash(name: str) -> None:
    assert hexes(HASHES[name]()) == KNOWN[name]


def test_ballot_nonce(drawing: Callable[..., None]) -> None:
    drawing(9001, 9002)
    encrypted, a = encrypt_ballot_nonce(ENGINE, K_HAT, H_I, XI_B)
    assert hexes(encrypted.c1) == KNOWN["bn C1"]
    assert hexes(encrypted.c) == KNOWN["bn c_B"]
    assert hexes(encrypted.v) == KNOWN["bn v_B"]
    assert a == g_to(9002)
    assert nonce_challenge(H_I, a, encrypted.c0, encrypted.c1) == encrypted.c
    assert decrypt_ballot_nonce(H_I, encrypted, powmod(encrypted.c0, 7, P)) == XI_B


def test_contest_data(drawing: Callable[..., None]) -> None:
    drawing(5002)
    encrypted, a = encrypt_contest_data(ENGINE, K_HAT, H_I, 2, WRITE_IN, data_nonce())
    assert hexes(encrypted.c1) == KNOWN["cd C1"]
    assert hexes(encrypted.c) == KNOWN["cd c"]
    assert hexes(encrypted.v) == KNOWN["cd v"]
    assert contest_data_challenge(H_I, 2, a, encrypted.c0, encrypted.c1) == encrypted.c
    assert hexes(chi(2, encrypted)) == KNOWN["chi_2 with contest data"]


def encrypt_main_ballot() -> tuple[EncryptedBallot, BallotCommitments]:
    manifest = parse_manifest(
        manifest_bytes(
            "kat",
            [{"id": "1", "choices": ["a", "b"]}, {"id": "2", "choices": ["a", "b", "c"]}],
            [{"id": "style", "contestIds": ["1", "2"]}],
        )
    )
    context = Context(manifest, 3, 2, K, K_HAT, H_P, H_B, H_E)
    votes = {contest: dict(enumerate(values, 1)) for contest, values in VOTES.items()}
    return encrypt_ballot(
        context,
        ENGINE,
        "style",
        votes,
        {},
        id_b=ID_B,
        ballot_nonce=XI_B,
        chaining_field=unchained_field(H_DI),
    )


def test_whole_ballot(drawing: Callable[..., None]) -> None:
    contest_1 = (7001, 7002, 7003, 11, 12, 13, 7011, 7012, 7013)
    contest_2 = tuple(range(21, 33))
    drawing(*contest_1, *contest_2, 9001, 9002)
    ballot, commitments = encrypt_main_ballot()
    assert hexes(ballot.h_i) == KNOWN["H_I"]
    assert [hexes(contest.contest_hash) for contest in ballot.contests] == [KNOWN["chi_1"], KNOWN["chi_2"]]
    assert hexes(ballot.confirmation_code) == KNOWN["H_C nochain"]
    assert hexes(ballot.encrypted_nonce.c1) == KNOWN["bn C1"]
    assert hexes(ballot.encrypted_nonce.c) == KNOWN["bn c_B"]
    selection = ballot.contests[0].selections[0].proof
    assert hexes(sum(selection.challenges) % Q) == KNOWN["rp(1,1) c"]
    assert hexes(selection.challenges[1]) == KNOWN["rp(1,1) c1"]
    assert hexes(selection.responses[1]) == KNOWN["rp(1,1) v1"]
    limit = ballot.contests[0].limit_proof
    assert hexes(sum(limit.challenges) % Q) == KNOWN["limit(1) c"]
    assert hexes(limit.challenges[1]) == KNOWN["limit(1) c1"]
    assert commitments.contests[0].selections[0][1] == (g_to(7002), k_to(7002))
    assert commitments.contests[0].limit[1] == (g_to(7012), k_to(7012))
    assert commitments.nonce == g_to(9002)


def test_every_value_about_ballots_is_asked_for() -> None:
    here = Path(__file__).read_text("utf-8")
    ours = [name for name in KNOWN if not name.startswith((*OF_THE_GUARDIANS, *PRE_ENCRYPTED))]
    assert len(ours) == len(HASHES) + 12
    assert [name for name in ours if f'"{name}"' not in here] == []


# Our own values: a plain computation, in the words of the digest and with nothing of the program in it.

PLAIN_P, PLAIN_Q, PLAIN_G, PLAIN_K, PLAIN_K_HAT = int(P), int(Q), int(G), int(K), int(K_HAT)
ELEMENT = tuple[int, int]


def plain_hash(key: bytes, tag: int, *parts: bytes) -> bytes:
    return hmac.new(key, bytes([tag]) + b"".join(parts), "sha256").digest()


def b(value: int, width: int) -> bytes:
    return value.to_bytes(width, "big")


def plain_challenge(indices: bytes, alpha: int, beta: int, pairs: list[ELEMENT]) -> int:
    elements = [alpha, beta] + [element for pair in pairs for element in pair]
    digest = plain_hash(H_I, 0x24, indices, *(b(element, 512) for element in elements))
    return int.from_bytes(digest, "big") % PLAIN_Q


def plain_proof(
    indices: bytes, value: int, xi: int, drawn_u: list[int], drawn_c: dict[int, int]
) -> tuple[list[int], list[int], list[ELEMENT]]:
    """Eqs. (57) to (61) line by line: challenges, responses and commitments."""
    alpha, beta = pow(PLAIN_G, xi, PLAIN_P), pow(PLAIN_K, value + xi, PLAIN_P)
    pairs = []
    for j, u in enumerate(drawn_u):
        t = u if j == value else (u + (value - j) * drawn_c[j]) % PLAIN_Q
        pairs.append((pow(PLAIN_G, u, PLAIN_P), pow(PLAIN_K, t, PLAIN_P)))
    c = plain_challenge(indices, alpha, beta, pairs)
    challenges = [drawn_c.get(j, 0) for j in range(len(drawn_u))]
    challenges[value] = (c - sum(challenges)) % PLAIN_Q
    return challenges, [(u - c_j * xi) % PLAIN_Q for u, c_j in zip(drawn_u, challenges, strict=True)], pairs


def plain_nonce(contest: int, option: int) -> int:
    return int.from_bytes(plain_hash(H_I, 0x21, b(contest, 4), b(option, 4), XI_B), "big") % PLAIN_Q


RANGE_U, RANGE_C = [8101, 8102, 8103, 8104], {0: 8105, 1: 8106, 3: 8107}
"""Contest 3 has R = 3; its option 2 gets the value 2."""
ZERO_U, ZERO_C = [8201, 8202, 8203, 8204], {1: 8205, 2: 8206, 3: 8207}
"""Its option 1 gets the value 0."""
LIMIT_U, LIMIT_C = [8301, 8302, 8303, 8304, 8305], {0: 8306, 1: 8307, 3: 8308, 4: 8309}
"""Contest 3 has L = 4; the sum is 2."""
REMARKS = '{"write_in":"Ada Lovelace, mathématicienne"}'.encode()
DATA_U = 8401
DATA = (b(len(REMARKS), 4) + REMARKS).ljust(96, b"\0")

OWN = {
    "R=3 c": "922ACAB958059F72C68AE9ED88D1E7304A142E6E8D2ACA5230EB38043C4960A8",
    "R=3 c_2": "922ACAB958059F72C68AE9ED88D1E7304A142E6E8D2ACA5230EB38043C4901AA",
    "R=3 v_0": "218B1899D0B05F3A33492D29DB97A2A6652AAB1D5FAAAAE75E21EEF968CFECAB",
    "R=3 v_2": "AC459364799730D02339635959CEFCA6E7B70987B8EBF772BED17567A5F41252",
    "R=3 v_3": "5D4799CA96E8525D2E06134E61816FC63E26EB975D29D752D0B7574BF8DE201B",
    "L=4 c": "5C3A47A6FF06CF21F1C2E16A9FF35F9DDF092AEB3279C824D0D45DA942484869",
    "L=4 c_2": "5C3A47A6FF06CF21F1C2E16A9FF35F9DDF092AEB3279C824D0D45DA94247C69B",
    "L=4 v_2": "FF9BB931C8DFE523B79CE6EBE08FD06BD91AAB346B24F8DC39D0274230AF687D",
    "L=4 v_4": "9AEC7C17FF8FA0EBD86DCE41CB51951A20F30DE0A9EA83BDAC5A4E6CDE4DEDA5",
    "b=3 C1": (
        "A37775353708ACD7CEA5C6F26412E74C7B39A8C5A3F6CE076E8379BFBEDE8EE41C93FA87493DE493C6987B2AC14FFDBD"
        "3FD765B7B1DEC387C6A8C5DDE16E4A30F3F587C5F23C8852AD5A83F24912CEC8A6123FBA6C99E8F8F846FE545C920670"
    ),
    "b=3 c": "8D5E66FDD5C646FDC70011B7A3343B588A8D8686E4C6EBF4CAE28AF512A8DD3F",
    "b=3 v": "1A1E8D29467344FECC40AB49C8DB02D54E15B766284ED5FD0EA64A29D33B0C3E",
    "chi_3": "584BF451CAED8626B23AAAEDF5F821BB744FF6D6668ECDF0297C3506F8BDE9B4",
    "H_C": "5503D2D4BE6CD8A7568B042CD6A511328C88EDC22FBF10E411F558A06CE19F11",
}


def plain_values() -> dict[str, str]:
    xi_1, xi_2 = plain_nonce(3, 1), plain_nonce(3, 2)
    range_c, range_v, _ = plain_proof(b(3, 4) + b(2, 4), 2, xi_2, RANGE_U, RANGE_C)
    limit_c, limit_v, _ = plain_proof(b(3, 4), 2, (xi_1 + xi_2) % PLAIN_Q, LIMIT_U, LIMIT_C)
    xi = int.from_bytes(plain_hash(H_I, 0x25, b(3, 4), XI_B), "big") % PLAIN_Q
    alpha, beta = pow(PLAIN_G, xi, PLAIN_P), pow(PLAIN_K_HAT, xi, PLAIN_P)
    h = plain_hash(H_I, 0x26, b(3, 4), b(alpha, 512), b(beta, 512))
    c1 = b""
    for i in (1, 2, 3):
        message = b(i, 4) + b"data_enc_keys\0contest_data" + b(3, 4) + b(768, 4)
        key = hmac.new(h, message, "sha256").digest()
        c1 += bytes(x ^ y for x, y in zip(DATA[32 * i - 32 : 32 * i], key, strict=True))
    a = pow(PLAIN_G, DATA_U, PLAIN_P)
    data_c = int.from_bytes(plain_hash(H_I, 0x27, b(3, 4), b(a, 512), b(alpha, 512), c1), "big") % PLAIN_Q
    data_v = (DATA_U - data_c * xi) % PLAIN_Q
    fields = b"".join(
        b(pow(PLAIN_G, n, PLAIN_P), 512) + b(pow(PLAIN_K, n + value, PLAIN_P), 512)
        for n, value in ((xi_1, 0), (xi_2, 2))
    )
    chi_3 = plain_hash(H_I, 0x28, b(3, 4), fields, b(alpha, 512), c1, b(data_c, 32), b(data_v, 32))
    return {
        "R=3 c": hexes(sum(range_c) % PLAIN_Q),
        "R=3 c_2": hexes(range_c[2]),
        "R=3 v_0": hexes(range_v[0]),
        "R=3 v_2": hexes(range_v[2]),
        "R=3 v_3": hexes(range_v[3]),
        "L=4 c": hexes(sum(limit_c) % PLAIN_Q),
        "L=4 c_2": hexes(limit_c[2]),
        "L=4 v_2": hexes(limit_v[2]),
        "L=4 v_4": hexes(limit_v[4]),
        "b=3 C1": hexes(c1),
        "b=3 c": hexes(data_c),
        "b=3 v": hexes(data_v),
        "chi_3": hexes(chi_3),
        "H_C": hexes(plain_hash(H_I, 0x29, chi_3, b(1, 4), H_DI)),
    }


def test_own_values_are_what_a_plain_computation_gives() -> None:
    assert plain_values() == OWN


def test_program_gives_our_own_values(drawing: Callable[..., None]) -> None:
    """A style that skips contests 1 and 2, so that index and position on the ballot differ."""
    manifest = parse_manifest(
        manifest_bytes(
            "own",
            [
                {"id": "1", "choices": ["a"]},
                {"id": "2", "choices": ["a"]},
                {
                    "id": "3",
                    "choices": ["a", "b"],
                    "optionSelectionLimit": 3,
                    "selectionLimit": 4,
                    "contestDataBlocks": 3,
                },
            ],
            [{"id": "third only", "contestIds": ["3"]}],
        )
    )
    drawing(*ZERO_U, *ZERO_C.values(), *RANGE_U, *RANGE_C.values(), *LIMIT_U, *LIMIT_C.values(), DATA_U, 1, 2)
    ballot, _ = encrypt_ballot(
        Context(manifest, 3, 2, K, K_HAT, H_P, H_B, H_E),
        ENGINE,
        "third only",
        {3: {2: 2}},
        {3: "Ada Lovelace, mathématicienne"},
        id_b=ID_B,
        ballot_nonce=XI_B,
        chaining_field=b"\0\0\0\x01" + H_DI,
    )
    (contest,) = ballot.contests
    selection, limit, data = contest.selections[1].proof, contest.limit_proof, contest.contest_data
    assert data is not None
    assert {
        "R=3 c": hexes(sum(selection.challenges) % PLAIN_Q),
        "R=3 c_2": hexes(selection.challenges[2]),
        "R=3 v_0": hexes(selection.responses[0]),
        "R=3 v_2": hexes(selection.responses[2]),
        "R=3 v_3": hexes(selection.responses[3]),
        "L=4 c": hexes(sum(limit.challenges) % PLAIN_Q),
        "L=4 c_2": hexes(limit.challenges[2]),
        "L=4 v_2": hexes(limit.responses[2]),
        "L=4 v_4": hexes(limit.responses[4]),
        "b=3 C1": hexes(data.c1),
        "b=3 c": hexes(data.c),
        "b=3 v": hexes(data.v),
        "chi_3": hexes(contest.contest_hash),
        "H_C": hexes(ballot.confirmation_code),
    } == OWN

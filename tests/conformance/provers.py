"""The protocol's proofs and hashes once more, from the digest alone, for elections whose secrets a test knows.

Nothing here is shared with the program but the group's constants and the hash H: where both agree, two people read
the specification alike. Provers take what they would never be given in earnest (the claimed ciphertext beside the
true one, a condition on the challenges), so that mutations can make proofs that hold for values that are wrong.
"""

import secrets
from collections.abc import Callable, Sequence

from gmpy2 import mpz, powmod

from amarvote.electionguard.hashing import element_bytes, exponent_bytes, hash_h, hash_q, hmac_sha256, index_bytes
from amarvote.electionguard.parameters import G, P, Q

Pair = tuple[mpz, mpz]
Proof = list[tuple[int, int]]
q = int(Q)


def random_q() -> int:
    return secrets.randbelow(q)


def power(base: int, exponent: int) -> mpz:
    return powmod(mpz(base), exponent % q, P)


def encrypt(joint_key: mpz, value: int, nonce: int) -> Pair:
    """(31): the message lives in base K."""
    return power(G, nonce), power(joint_key, value + nonce)


def anything(challenges: Sequence[int]) -> bool:
    return True


def all_even(challenges: Sequence[int]) -> bool:
    """Even powers do not see a sign: what a cheater waits for who shows -alpha instead of alpha."""
    return all(c % 2 == 0 for c in challenges)


def range_proof(
    h_i: bytes,
    indices: bytes,
    shown: Pair,
    joint_key: mpz,
    value: int,
    nonce: int,
    limit: int,
    accept: Callable[[Sequence[int]], bool] = anything,
) -> Proof:
    """(57)-(62) for Enc(value, nonce), hashed over the ciphertext `shown`.

    Tried anew until `accept` likes the challenges. `indices` is what stands before the ciphertext in the hash:
    ind_c and ind_o, or ind_c alone for a limit. For a value above `limit` the challenges do not add up.
    """
    while True:
        u = [random_q() for _ in range(limit + 1)]
        c = [random_q() for _ in range(limit + 1)]
        true = min(value, limit)
        c[true] = 0
        commitments = [(power(G, u[j]), power(joint_key, u[j] + (value - j) * c[j])) for j in range(limit + 1)]
        parts = [element_bytes(x) for pair in (shown, *commitments) for x in pair]
        c[true] = (hash_q(h_i, 0x24, indices, *parts) - sum(c)) % q
        if accept(c):
            return [(c[j], (u[j] - c[j] * nonce) % q) for j in range(limit + 1)]


def proof_bytes(proof: Proof) -> bytes:
    return b"".join(exponent_bytes(c) + exponent_bytes(v) for c, v in proof)


def knowledge_proof(
    h_i: bytes,
    tag: int,
    indices: bytes,
    c0: mpz,
    c1: bytes,
    nonce: int,
    accept: Callable[[Sequence[int]], bool] = anything,
) -> bytes:
    """(38) with tag 0x23 and no index, (69) with tag 0x27 and ind_c: c ‖ v."""
    while True:
        u = random_q()
        c = hash_q(h_i, tag, indices, element_bytes(power(G, u)), element_bytes(c0), c1)
        if accept([c]):
            return exponent_bytes(c) + exponent_bytes((u - c * nonce) % q)


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(left, right, strict=True))


def nonce_keystream(h_i: bytes, alpha: mpz, beta: mpz) -> bytes:
    """(35), (36)."""
    h = hash_h(h_i, 0x22, element_bytes(alpha), element_bytes(beta))
    return hmac_sha256(h, b"\x01ballot_nonce\x00ballot_nonce_encrypt\x01\x00")


def data_keystream(h_i: bytes, contest: int, alpha: mpz, beta: mpz, blocks: int) -> bytes:
    """(65), (66): counter and length in four bytes each."""
    h = hash_h(h_i, 0x26, index_bytes(contest), element_bytes(alpha), element_bytes(beta))
    context = b"data_enc_keys\x00contest_data" + index_bytes(contest) + index_bytes(256 * blocks)
    return b"".join(hmac_sha256(h, index_bytes(i) + context) for i in range(1, blocks + 1))


def selection_nonce(h_i: bytes, contest: int, option: int, ballot_nonce: bytes) -> int:
    """(33)."""
    return hash_q(h_i, 0x21, index_bytes(contest), index_bytes(option), ballot_nonce)


def data_nonce(h_i: bytes, contest: int, ballot_nonce: bytes) -> int:
    """(64)."""
    return hash_q(h_i, 0x25, index_bytes(contest), ballot_nonce)


def key_proof(
    h_p: bytes,
    label: bytes,
    guardian: int,
    shown: Sequence[mpz],
    secret: Sequence[int],
    accept: Callable[[Sequence[int]], bool] = anything,
) -> bytes:
    """(10)-(13) over commitments and kappa: c ‖ v_0 ‖ … ‖ v_k."""
    while True:
        u = [random_q() for _ in secret]
        announced = [power(G, x) for x in u]
        parts = [element_bytes(x) for x in (*shown, *announced)]
        c = hash_q(h_p, 0x10, label, index_bytes(guardian), *parts)
        if accept([c]):
            responses = [(x - c * y) % q for x, y in zip(u, secret, strict=True)]
            return b"".join(exponent_bytes(x) for x in (c, *responses))


def tally_proof(h_e: bytes, contest: int, option: int, a: mpz, b: mpz, m: mpz, secret: int) -> bytes:
    """(87)-(93) by somebody who knows the whole secret s: c ‖ v."""
    u = random_q()
    parts = [element_bytes(x) for x in (a, b, power(G, u), power(a, u), m)]
    c = hash_q(h_e, 0x31, index_bytes(contest), index_bytes(option), *parts)
    return exponent_bytes(c) + exponent_bytes((u - c * secret) % q)


def contest_data_proof(
    h_i: bytes, contest: int, ciphertext: tuple[mpz, bytes, bytes], beta: mpz, secret: int
) -> bytes:
    """(98)-(103) by somebody who knows the whole secret ŝ: c ‖ v."""
    c0, c1, c2 = ciphertext
    u = random_q()
    parts = [element_bytes(c0), c1, c2, *(element_bytes(x) for x in (power(G, u), power(c0, u), beta))]
    c = hash_q(h_i, 0x33, index_bytes(contest), *parts)
    return exponent_bytes(c) + exponent_bytes((u - c * secret) % q)

"""Encrypted contest data: section 3.3.10, eqs. (64) to (69), and its opening, eqs. (104) to (106) and (110).

The data D of a contest is exactly 32 * b bytes, b being the contestDataBlocks of the manifest; what stands in it
is for `contest_remarks`. It is masked with keys that beta = K̂^xi gives: to the guardians together, or to whoever
holds the ballot nonce.
"""

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import HashedCiphertext
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.hashing import element_bytes, hash_h, hash_q, hmac_sha256, index_bytes
from amarvote.electionguard.parameters import G, Q

BLOCK_BYTES = 32


def contest_data_nonce(h_i: bytes, contest_index: int, ballot_nonce: bytes) -> int:
    """xi of the contest data of one contest, eq. (64)."""
    return hash_q(h_i, 0x25, index_bytes(contest_index), ballot_nonce)


def contest_data_challenge(h_i: bytes, contest_index: int, a: mpz, c0: mpz, c1: bytes) -> int:
    """c of the Schnorr proof that C0 = g^xi is known, eq. (69)."""
    return hash_q(h_i, 0x27, index_bytes(contest_index), element_bytes(a), element_bytes(c0), c1)


def key_hash(h_i: bytes, contest_index: int, alpha: mpz, beta: mpz) -> bytes:
    """h of eq. (65), also step 13.6: the 32 bytes from which the keys follow."""
    return hash_h(h_i, 0x26, index_bytes(contest_index), element_bytes(alpha), element_bytes(beta))


def mask(h: bytes, contest_index: int, data: bytes) -> bytes:
    """`data` xor the keys k_1..k_b of eq. (66): makes C1 of D and D of C1. A multiple of 32 bytes."""
    if not data or len(data) % BLOCK_BYTES:
        raise ValueError(f"Contest data comes in blocks of {BLOCK_BYTES} bytes, not in {len(data)} bytes.")
    context = (
        b"data_enc_keys" + b"\x00" + b"contest_data" + index_bytes(contest_index) + index_bytes(8 * len(data))
    )
    keys = b"".join(hmac_sha256(h, index_bytes(i) + context) for i in range(1, len(data) // BLOCK_BYTES + 1))
    return (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(data), "big")


def encrypt_contest_data(
    engine: Engine, joint_data_key: mpz, h_i: bytes, contest_index: int, data: bytes, nonce: int
) -> tuple[HashedCiphertext, mpz]:
    """Encrypt D under K̂ with the nonce of eq. (64); the ciphertext and the commitment a of its proof (69)."""
    u = randomness.random_q()
    alpha, a = engine.powers(G, [nonce, u])
    (beta,) = engine.powers(joint_data_key, [nonce])
    c1 = mask(key_hash(h_i, contest_index, alpha, beta), contest_index, data)
    c = contest_data_challenge(h_i, contest_index, a, alpha, c1)
    return HashedCiphertext(alpha, c1, c, (u - c * nonce) % int(Q)), a


def decrypt_with_beta(h_i: bytes, contest_index: int, ciphertext: HashedCiphertext, beta: mpz) -> bytes:
    """D from beta = C0^s_hat, eqs. (104) to (106); C0 must have been checked to lie in Z_p^r."""
    return mask(key_hash(h_i, contest_index, ciphertext.c0, beta), contest_index, ciphertext.c1)


def decrypt_with_nonce(
    engine: Engine, joint_data_key: mpz, h_i: bytes, contest_index: int, c1: bytes, nonce: int
) -> tuple[mpz, bytes]:
    """(alpha, D) from the nonce, steps 13.4 to 13.7; the caller compares alpha with the recorded C0."""
    (alpha,) = engine.powers(G, [nonce])
    (beta,) = engine.powers(joint_data_key, [nonce])
    return alpha, mask(key_hash(h_i, contest_index, alpha, beta), contest_index, c1)

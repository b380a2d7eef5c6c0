"""The encrypted ballot nonce that every ballot carries: section 3.3.4, eqs. (34) to (38).

Whoever holds beta_B = K̂^xi (the guardians together, or the device that drew the exponent) can read the 32 bytes
of the ballot nonce xi_B, from which all nonces of the ballot follow.
"""

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.ballots import HashedCiphertext
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.hashing import element_bytes, hash_h, hash_q, hmac_sha256, xor
from amarvote.electionguard.parameters import G, Q

BALLOT_NONCE_BYTES = 32

_KEY_MESSAGE = b"\x01" + b"ballot_nonce" + b"\x00" + b"ballot_nonce_encrypt" + b"\x01\x00"
"""Counter, label, separator, context and the length of 256 bits: the message of eq. (36)."""


def key_hash(h_i: bytes, alpha: mpz, beta: mpz) -> bytes:
    """h of eq. (35): the 32 bytes from which the key follows."""
    return hash_h(h_i, 0x22, element_bytes(alpha), element_bytes(beta))


def nonce_key(h: bytes) -> bytes:
    """k_1, eq. (36): the 32 bytes that mask the ballot nonce."""
    return hmac_sha256(h, _KEY_MESSAGE)


def nonce_challenge(h_i: bytes, a: mpz, c0: mpz, c1: bytes) -> int:
    """c_B of the Schnorr proof that C0 = g^xi is known, eq. (38)."""
    return hash_q(h_i, 0x23, element_bytes(a), element_bytes(c0), c1)


def encrypt_ballot_nonce(
    engine: Engine, joint_data_key: mpz, h_i: bytes, ballot_nonce: bytes
) -> tuple[HashedCiphertext, mpz]:
    """Encrypt xi_B (32 bytes) under K̂; the ciphertext (C0, C1, C2) and the commitment a_B of its proof."""
    xi = randomness.random_q()
    u = randomness.random_q()
    alpha, a = engine.powers(G, [xi, u])
    (beta,) = engine.powers(joint_data_key, [xi])
    c1 = xor(ballot_nonce, nonce_key(key_hash(h_i, alpha, beta)))
    c = nonce_challenge(h_i, a, alpha, c1)
    return HashedCiphertext(alpha, c1, c, (u - c * xi) % int(Q)), a


def decrypt_ballot_nonce(h_i: bytes, ciphertext: HashedCiphertext, beta: mpz) -> bytes:
    """xi_B from beta_B = C0^s_hat, eq. (108); C0 must have been checked to lie in Z_p^r."""
    return xor(ciphertext.c1, nonce_key(key_hash(h_i, ciphertext.c0, beta)))

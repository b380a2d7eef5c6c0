"""Shares on their way from guardian i to guardian ℓ: signed hashed ElGamal, section 3.2.2, eqs. (15)-(23)."""

from dataclasses import dataclass

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardian_faults import MessageRefused, ShareRefused
from amarvote.electionguard.hashing import (
    element_bytes,
    exponent_bytes,
    hash_h,
    hash_q,
    hmac_sha256,
    index_bytes,
    xor,
)
from amarvote.electionguard.key_ceremony import SharePair
from amarvote.electionguard.parameters import P_BYTES, Q_BYTES, G, Q

C1_BYTES = 2 * Q_BYTES
SHARE_BYTES = P_BYTES + C1_BYTES + 2 * Q_BYTES
"""C0 ‖ C1 ‖ C2 on the wire: 512 + 64 + 64."""


@dataclass(frozen=True, slots=True)
class EncryptedShare:
    """(C0, C1, C2 = (c, v)) from guardian `sender` to guardian `receiver`."""

    sender: int
    receiver: int
    c0: mpz
    c1: bytes
    c: int
    v: int

    def to_bytes(self) -> bytes:
        """C0 ‖ C1 ‖ c ‖ v, SHARE_BYTES bytes."""
        return element_bytes(self.c0) + self.c1 + exponent_bytes(self.c) + exponent_bytes(self.v)

    @classmethod
    def from_bytes(cls, sender: int, receiver: int, data: bytes) -> "EncryptedShare":
        """Read what `sender` sent to `receiver`; values are kept as read, decrypting checks them."""
        if len(data) != SHARE_BYTES:
            raise MessageRefused(sender, f"its share has {len(data)} bytes, not {SHARE_BYTES}.")
        return cls(
            sender,
            receiver,
            mpz.from_bytes(data[:P_BYTES], "big"),
            data[P_BYTES : P_BYTES + C1_BYTES],
            int.from_bytes(data[-2 * Q_BYTES : -Q_BYTES], "big"),
            int.from_bytes(data[-Q_BYTES:], "big"),
        )


def share_keys(h_p: bytes, sender: int, receiver: int, kappa: mpz, alpha: mpz, beta: mpz) -> tuple[bytes, bytes]:
    """k_{i,ℓ,1} and k_{i,ℓ,2}, eqs. (16)-(18); `kappa` is the receiver's."""
    pair = index_bytes(sender) + index_bytes(receiver)
    key = hash_h(h_p, 0x11, pair, element_bytes(kappa), element_bytes(alpha), element_bytes(beta))
    message = b"share_enc_keys" + b"\x00" + b"share_encrypt" + pair + b"\x02\x00"
    return hmac_sha256(key, b"\x01" + message), hmac_sha256(key, b"\x02" + message)


def share_challenge(h_p: bytes, sender: int, receiver: int, gamma: mpz, c0: mpz, c1: bytes) -> int:
    """c̄ of the proof that the sender knows the nonce, eq. (22)."""
    return hash_q(
        h_p, 0x12, index_bytes(sender), index_bytes(receiver), element_bytes(gamma), element_bytes(c0), c1
    )


def encrypt_share(
    engine: Engine, h_p: bytes, sender: int, receiver: int, receiver_kappa: mpz, share: SharePair
) -> EncryptedShare:
    """Encrypt (P_i(ℓ), P̂_i(ℓ)) to the receiver's kappa, eqs. (15)-(22)."""
    xi, u = randomness.random_q(), randomness.random_q()
    alpha, beta, gamma = engine.secret_powers([G, receiver_kappa, G], [xi, xi, u])
    keys = b"".join(share_keys(h_p, sender, receiver, receiver_kappa, alpha, beta))
    c1 = xor(exponent_bytes(share.vote) + exponent_bytes(share.data), keys)
    c = share_challenge(h_p, sender, receiver, gamma, alpha, c1)
    return EncryptedShare(sender, receiver, alpha, c1, c, (u - c * xi) % int(Q))


def decrypt_share(
    engine: Engine, h_p: bytes, zeta: int, receiver_kappa: mpz, encrypted: EncryptedShare
) -> SharePair:
    """Check the proof, then decrypt with the receiver's zeta, eq. (23); ShareRefused names the sender.

    C0 must lie in Z_p^r before zeta touches it: a power of an element of small order would tell about zeta.
    """
    sender, receiver = encrypted.sender, encrypted.receiver
    if encrypted.c >= Q or encrypted.v >= Q or engine.outsiders([encrypted.c0]):
        raise ShareRefused(sender, f"its encrypted share for guardian {receiver} holds a value outside its range.")
    gamma = engine.product((engine.power(G, encrypted.v), engine.power(encrypted.c0, encrypted.c)))
    if share_challenge(h_p, sender, receiver, gamma, encrypted.c0, encrypted.c1) != encrypted.c:
        raise ShareRefused(
            sender,
            f"the proof on its encrypted share for guardian {receiver} does not hold: it was altered on the way, "
            "or belongs to another guardian or election.",
        )
    (beta,) = engine.secret_powers([encrypted.c0], [zeta])
    keys = b"".join(share_keys(h_p, sender, receiver, receiver_kappa, encrypted.c0, beta))
    plain = xor(encrypted.c1, keys)
    vote, data = (int.from_bytes(half, "big") for half in (plain[:Q_BYTES], plain[Q_BYTES:]))
    if vote >= Q or data >= Q:
        raise ShareRefused(sender, f"its share for guardian {receiver} is not a number below q.")
    return SharePair(vote, data)

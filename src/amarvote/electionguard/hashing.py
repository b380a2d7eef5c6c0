"""The hash H of section 5.2 and the encodings b(a, m) that feed it."""

import hmac

from amarvote.electionguard.parameters import P_BYTES, Q_BYTES, Q


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC(key, message) as the key derivations use it: 32 bytes."""
    return hmac.digest(key, message, "sha256")


def hash_h(key: bytes, tag: int, *parts: bytes) -> bytes:
    """H(key; tag ‖ parts), eq. (130): 32 bytes, never reduced."""
    return hmac.digest(key, bytes((tag,)) + b"".join(parts), "sha256")


def hash_q(key: bytes, tag: int, *parts: bytes) -> int:
    """H_q(key; tag ‖ parts), eq. (132): an integer in Z_q."""
    return int.from_bytes(hash_h(key, tag, *parts), "big") % int(Q)


def xor(left: bytes, right: bytes) -> bytes:
    """left ⊕ right; ValueError where the lengths differ."""
    if len(left) != len(right):
        raise ValueError(f"{len(left)} bytes cannot be masked with {len(right)} bytes")
    return bytes(x ^ y for x, y in zip(left, right, strict=True))


def element_bytes(value: int) -> bytes:
    """b(value, 512): an integer mod p, big-endian at full width."""
    return value.to_bytes(P_BYTES, "big")


def exponent_bytes(value: int) -> bytes:
    """b(value, 32): an integer mod q, big-endian at full width."""
    return value.to_bytes(Q_BYTES, "big")


def index_bytes(value: int) -> bytes:
    """b(value, 4): an index or a small number, 0 <= value < 2^31."""
    if not 0 <= value < 2**31:
        raise ValueError(f"{value} does not fit the four bytes of an index")
    return value.to_bytes(4, "big")


def sized_bytes(data: bytes) -> bytes:
    """b(len, 4) ‖ data: files and strings of variable length."""
    return index_bytes(len(data)) + data

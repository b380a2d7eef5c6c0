"""What guardians send in a run, as bytes of fixed width: one item after the other, in the order of the run.

    share     d_i                          32 bytes an item
    reveal    M_i ‖ a_i ‖ b_i            1536 bytes
    respond   v_i                          32 bytes a total
              m_i ‖ c ‖ v                 576 bytes a challenged ballot

A part of the wrong length, or with a value at or above p or q, is refused in the name of its sender.
"""

from collections.abc import Iterable, Iterator, Sequence

from gmpy2 import mpz

from amarvote.electionguard.challenged_ballots import NonceShare
from amarvote.electionguard.guardian_faults import MessageRefused
from amarvote.electionguard.hashing import element_bytes, exponent_bytes
from amarvote.electionguard.joint_rounds import Reveal
from amarvote.electionguard.parameters import P_BYTES, Q_BYTES, P, Q

COMMITMENT_BYTES = 32
REVEAL_BYTES = 3 * P_BYTES
RESPONSE_BYTES = Q_BYTES
NONCE_SHARE_BYTES = P_BYTES + 2 * Q_BYTES


def write_commitments(commitments: Iterable[bytes]) -> bytes:
    """d_i of each item."""
    return b"".join(commitments)


def read_commitments(guardian: int, data: bytes, count: int) -> list[bytes]:
    """The `count` values d_i that `guardian` sent."""
    return list(_items(guardian, data, count, COMMITMENT_BYTES))


def write_reveals(reveals: Iterable[Reveal]) -> bytes:
    """M_i ‖ a_i ‖ b_i of each item."""
    return b"".join(
        element_bytes(reveal.share) + element_bytes(reveal.a) + element_bytes(reveal.b) for reveal in reveals
    )


def read_reveals(guardian: int, data: bytes, count: int) -> list[Reveal]:
    """The `count` reveals that `guardian` sent."""
    return [
        Reveal(*(_element(guardian, part) for part in _split(item, (P_BYTES, P_BYTES, P_BYTES))))
        for item in _items(guardian, data, count, REVEAL_BYTES)
    ]


def write_responses(responses: Iterable[int]) -> bytes:
    """v_i of each item."""
    return b"".join(map(exponent_bytes, responses))


def read_responses(guardian: int, data: bytes, count: int) -> list[int]:
    """The `count` responses that `guardian` sent."""
    return [_exponent(guardian, item) for item in _items(guardian, data, count, RESPONSE_BYTES)]


def write_nonce_shares(shares: Iterable[NonceShare]) -> bytes:
    """m_i ‖ c ‖ v of each challenged ballot."""
    return b"".join(
        element_bytes(share.share) + exponent_bytes(share.c) + exponent_bytes(share.v) for share in shares
    )


def read_nonce_shares(guardian: int, data: bytes, count: int) -> list[NonceShare]:
    """The `count` nonce shares that `guardian` sent."""
    shares = []
    for item in _items(guardian, data, count, NONCE_SHARE_BYTES):
        share, c, v = _split(item, (P_BYTES, Q_BYTES, Q_BYTES))
        shares.append(NonceShare(_element(guardian, share), _exponent(guardian, c), _exponent(guardian, v)))
    return shares


def _items(guardian: int, data: bytes, count: int, width: int) -> Iterator[bytes]:
    if len(data) != count * width:
        raise MessageRefused(guardian, f"it sent {len(data)} bytes where {count} items of {width} bytes are due.")
    return (data[start : start + width] for start in range(0, len(data), width))


def _split(item: bytes, widths: Sequence[int]) -> Iterator[bytes]:
    start = 0
    for width in widths:
        yield item[start : start + width]
        start += width


def _element(guardian: int, data: bytes) -> mpz:
    value = mpz.from_bytes(data, "big")
    if not 0 < value < P:
        raise MessageRefused(guardian, "it sent an element that is not between 1 and p - 1.")
    return value


def _exponent(guardian: int, data: bytes) -> int:
    value = int.from_bytes(data, "big")
    if value >= Q:
        raise MessageRefused(guardian, "it sent a number that is not below q.")
    return value

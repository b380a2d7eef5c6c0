"""Contest hashes, confirmation codes, device hashes and both chaining modes: section 3.4, eqs. (70) to (78).

All values are 32 raw bytes but the chaining fields, which are 36: the mode in four bytes, then a hash. Simple
chaining of one device, with its ballots j = 1..l in order, cast and challenged ones alike:

    B_C,0 = initial_field(H_DI)        H_0 = initial_hash(H_E, H_DI)
    B_C,j = chained_field(H_{j-1})     H_j = confirmation_code(H_I, ..., B_C,j)
    closing_field(H_E, H_l, H_DI)      closing_hash(H_E, closing field)
"""

from collections.abc import Iterable

from gmpy2 import mpz

from amarvote.electionguard.ballots import HashedCiphertext
from amarvote.electionguard.hashing import element_bytes, exponent_bytes, hash_h, index_bytes, sized_bytes

NO_CHAINING = 0
SIMPLE_CHAINING = 1

CHAINING_FIELD_BYTES = 36


def contest_hash(
    h_i: bytes,
    contest_index: int,
    ciphertexts: Iterable[tuple[mpz, mpz]],
    contest_data: HashedCiphertext | None = None,
) -> bytes:
    """chi of a contest, eq. (70), over its (alpha, beta) in manifest order and its contest data if it has any."""
    parts = [index_bytes(contest_index)]
    for alpha, beta in ciphertexts:
        parts += (element_bytes(alpha), element_bytes(beta))
    if contest_data is not None:
        parts += (
            element_bytes(contest_data.c0),
            contest_data.c1,
            exponent_bytes(contest_data.c),
            exponent_bytes(contest_data.v),
        )
    return hash_h(h_i, 0x28, *parts)


def confirmation_code(h_i: bytes, contest_hashes: Iterable[bytes], chaining_field: bytes) -> bytes:
    """H_C, eq. (71), over the contest hashes in ascending contest index and the 36 bytes of B_C."""
    return hash_h(h_i, 0x29, *contest_hashes, chaining_field)


def device_hash(h_e: bytes, device_string: str) -> bytes:
    """H_DI, eq. (72), of the device string S_device."""
    return hash_h(h_e, 0x2A, sized_bytes(device_string.encode("utf-8")))


def unchained_field(h_di: bytes) -> bytes:
    """B_C of every ballot without chaining, eq. (73)."""
    return index_bytes(NO_CHAINING) + h_di


def initial_field(h_di: bytes) -> bytes:
    """B_C,0 of a device with simple chaining, eq. (75)."""
    return index_bytes(SIMPLE_CHAINING) + h_di


def initial_hash(h_e: bytes, h_di: bytes) -> bytes:
    """H_0 of a device with simple chaining, eq. (74)."""
    return hash_h(h_e, 0x29, initial_field(h_di))


def chained_field(previous_code: bytes) -> bytes:
    """B_C,j of the ballot that follows the code H_{j-1} (or H_0), eq. (76)."""
    return index_bytes(SIMPLE_CHAINING) + previous_code


def closing_field(h_e: bytes, last_code: bytes, h_di: bytes) -> bytes:
    """The closing chaining field of a device whose last code is H_l (H_0 if it took no ballot), eq. (78)."""
    return index_bytes(SIMPLE_CHAINING) + hash_h(h_e, 0x2B, last_code, initial_field(h_di))


def closing_hash(h_e: bytes, closing_chaining_field: bytes) -> bytes:
    """The closing hash of a device with simple chaining, eq. (77)."""
    return hash_h(h_e, 0x29, closing_chaining_field)

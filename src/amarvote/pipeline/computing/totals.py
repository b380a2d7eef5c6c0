"""One opened total as it lies in the database until the record is written."""

from gmpy2 import mpz

from amarvote.electionguard.hashing import element_bytes, exponent_bytes
from amarvote.electionguard.tallies import DecryptedTallyOption


def pack_total(option: DecryptedTallyOption) -> bytes:
    """t in 8 bytes, T in 512, c and v in 32 each."""
    return (
        option.tally.to_bytes(8, "big")
        + element_bytes(option.encoded_tally)
        + exponent_bytes(option.c)
        + exponent_bytes(option.v)
    )


def unpack_total(index: int, label: str, data: bytes) -> DecryptedTallyOption:
    """What `pack_total` wrote."""
    return DecryptedTallyOption(
        index,
        label,
        int.from_bytes(data[:8], "big"),
        mpz.from_bytes(data[8:520], "big"),
        int.from_bytes(data[520:552], "big"),
        int.from_bytes(data[552:584], "big"),
    )

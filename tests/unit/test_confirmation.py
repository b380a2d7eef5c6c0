from dataclasses import replace

from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.ballots import HashedCiphertext
from amarvote.electionguard.confirmation import (
    CHAINING_FIELD_BYTES,
    chained_field,
    closing_field,
    closing_hash,
    confirmation_code,
    contest_hash,
    device_hash,
    initial_field,
    initial_hash,
    unchained_field,
)
from amarvote.electionguard.hashing import hmac_sha256

H_E, H_I, H_DI = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
DATA = HashedCiphertext(mpz(5), b"\x07" * 64, 11, 13)
PAIRS = [(mpz(1), mpz(2)), (mpz(3), mpz(4))]


def test_contest_hash_is_laid_out_as_written() -> None:
    fields = b"".join(n.to_bytes(512, "big") for n in (1, 2, 3, 4))
    plain = b"\x28" + b"\0\0\0\x09" + fields
    data = (5).to_bytes(512, "big") + b"\x07" * 64 + (11).to_bytes(32, "big") + (13).to_bytes(32, "big")
    assert contest_hash(H_I, 9, PAIRS) == hmac_sha256(H_I, plain)
    assert contest_hash(H_I, 9, PAIRS, DATA) == hmac_sha256(H_I, plain + data)


def test_every_part_of_a_contest_changes_its_hash() -> None:
    hashes = [
        contest_hash(H_I, 1, PAIRS),
        contest_hash(H_E, 1, PAIRS),
        contest_hash(H_I, 2, PAIRS),
        contest_hash(H_I, 1, PAIRS[::-1]),
        contest_hash(H_I, 1, PAIRS[:1]),
        contest_hash(H_I, 1, PAIRS, DATA),
        contest_hash(H_I, 1, PAIRS, replace(DATA, c0=mpz(6))),
        contest_hash(H_I, 1, PAIRS, replace(DATA, c1=bytes(64))),
        contest_hash(H_I, 1, PAIRS, replace(DATA, c=12)),
        contest_hash(H_I, 1, PAIRS, replace(DATA, v=14)),
    ]
    assert len(set(hashes)) == len(hashes)


def test_chaining_fields_are_36_bytes_that_name_their_mode() -> None:
    fields = [
        unchained_field(H_DI),
        initial_field(H_DI),
        chained_field(H_I),
        closing_field(H_E, H_I, H_DI),
    ]
    assert {len(field) for field in fields} == {CHAINING_FIELD_BYTES}
    assert [field[:4].hex() for field in fields] == ["00000000", "00000001", "00000001", "00000001"]
    assert fields[0][4:] == fields[1][4:] == H_DI


def test_codes_depend_on_order_and_chain() -> None:
    chi_1, chi_2 = b"\x04" * 32, b"\x05" * 32
    field = chained_field(H_I)
    codes = {
        confirmation_code(H_I, [chi_1, chi_2], field),
        confirmation_code(H_I, [chi_2, chi_1], field),
        confirmation_code(H_I, [chi_1], field),
        confirmation_code(H_I, [chi_1, chi_2], unchained_field(H_I)),
        confirmation_code(H_E, [chi_1, chi_2], field),
    }
    assert len(codes) == 5


def test_a_device_without_ballots_can_close() -> None:
    """Its last code is then H_0."""
    h_0 = initial_hash(H_E, H_DI)
    closed = closing_hash(H_E, closing_field(H_E, h_0, H_DI))
    assert closed == hmac_sha256(H_E, b"\x29\0\0\0\x01" + hmac_sha256(H_E, b"\x2b" + h_0 + b"\0\0\0\x01" + H_DI))


@given(st.text(max_size=20), st.text(max_size=20))
def test_device_strings_have_hashes_of_their_own(left: str, right: str) -> None:
    """Counted in bytes, so that a string and its continuation never meet."""
    assert (device_hash(H_E, left) == device_hash(H_E, right)) == (left == right)
    encoded = left.encode("utf-8")
    assert device_hash(H_E, left) == hmac_sha256(H_E, b"\x2a" + len(encoded).to_bytes(4, "big") + encoded)

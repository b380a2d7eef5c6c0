import pytest
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.contest_remarks import (
    Remarks,
    RemarksTooLongError,
    RemarksUnreadableError,
    capacity,
    pack,
    unpack,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MARKS = st.none() | st.dictionaries(TEXT, st.integers(1, 2**31 - 1), max_size=3)


def laid_out(text: bytes, size: int = 64) -> bytes:
    return (len(text).to_bytes(4, "big") + text).ljust(size, b"\0")


def test_layout() -> None:
    assert pack(Remarks(), 1) == bytes(32)
    assert pack(Remarks(None, "Zoë"), 2) == laid_out('{"write_in":"Zoë"}'.encode())
    both = Remarks({"ada": 1, "ben": 2}, "x")
    assert pack(both, 2) == laid_out(b'{"overvote":{"ada":1,"ben":2},"write_in":"x"}')


@given(MARKS, TEXT)
def test_what_is_packed_is_read(overvote: dict[str, int] | None, write_in: str) -> None:
    remarks = Remarks(overvote, write_in)
    data = pack(remarks, 16)
    assert len(data) == 512
    assert unpack(data) == remarks


def test_marks_that_do_not_fit_leave_the_fact() -> None:
    marks = {f"candidate {n}": 1 for n in range(5)}
    assert unpack(pack(Remarks(marks), 1)) == Remarks({})
    assert unpack(pack(Remarks(marks, "Ada"), 2)) == Remarks({}, "Ada")
    assert unpack(pack(Remarks(marks), 4)) == Remarks(marks)


def test_a_write_in_is_never_cut() -> None:
    room = capacity(1) - len('{"write_in":""}')
    assert unpack(pack(Remarks(None, "w" * room), 1)).write_in == "w" * room
    with pytest.raises(RemarksTooLongError, match="needs 29 bytes with its framing, and 28 are there"):
        pack(Remarks(None, "w" * (room + 1)), 1)
    with pytest.raises(RemarksTooLongError):
        pack(Remarks({"ada": 1}, "w" * room), 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        b"\xff\xff\xff\xff" + bytes(28),
        bytes(31) + b"\x01",
        laid_out(b"{}"),
        laid_out(b"[1]"),
        laid_out(b"null"),
        laid_out(b'{"overvote":{"a":0}}'),
        laid_out(b'{"overvote":{"a":true}}'),
        laid_out(b'{"overvote":[]}'),
        laid_out(b'{"overvote":null}'),
        laid_out(b'{"write_in":7}'),
        laid_out(b'{"write_in":""}'),
        laid_out(b'{"write_in":"a","extra":1}'),
        laid_out(b'{"write_in":"a","write_in":"b"}'),
        laid_out(b'{ "write_in":"a"}'),
        laid_out(b'{"write_in":"\\ud800"}'),
        laid_out(b'{"write_in":"\xff"}'),
        laid_out('{"write_in":"a"}'.encode("utf-16")),
        laid_out(b"[" * 5000, 6400),
        laid_out(b"9" * 5000, 6400),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(RemarksUnreadableError):
        unpack(data)


@given(st.binary(max_size=96))
def test_reading_never_fails_otherwise(data: bytes) -> None:
    try:
        remarks = unpack(data)
    except RemarksUnreadableError:
        return
    assert pack(remarks, len(data) // 32 or 1)[: len(data)] == data


def test_a_write_in_is_not_shown_by_accident() -> None:
    assert repr(Remarks({"ada": 1}, "Ada")) == repr(Remarks()) == "Remarks()"

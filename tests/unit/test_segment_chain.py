from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import record_samples as samples
from amarvote.record import codec
from amarvote.record.folder import Folder
from amarvote.record.sections import Carrier, segment_path
from amarvote.record.segment_chain import SegmentChain
from record_folder import write_segment

ITEMS = [codec.ballot_item(samples.ballot(number)) for number in range(20)]


class Counting(Folder):
    """A folder that notes which files are opened."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opened: list[str] = []

    def open(self, path: str):  # type: ignore[no-untyped-def]
        self.opened.append(path)
        return super().open(path)


def chain(
    root: Path, sizes: list[int], carrier: Carrier = Carrier.PROTOBUF, starts: list[int] | None = None
) -> SegmentChain:
    """A device's section in segments of these sizes; `starts` lie about where they begin."""
    at = 0
    for number, size in enumerate(sizes):
        first = at if starts is None else starts[number]
        write_segment(root, samples.DEVICE, number, first, ITEMS[at : at + size], carrier)
        at += size
    return SegmentChain(Folder(root), carrier, samples.DEVICE, len(sizes))


def path(root: Path, number: int, carrier: Carrier = Carrier.PROTOBUF) -> Path:
    return root / segment_path(samples.DEVICE, number, carrier)


@given(
    sizes=st.lists(st.integers(0, 4), max_size=5),
    cuts=st.lists(st.integers(0, 20), max_size=5),
    backwards=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_chunks_in_any_order_give_every_item_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], cuts: list[int], backwards: bool
) -> None:
    made = chain(tmp_path_factory.mktemp("chain"), sizes)
    count = sum(sizes)
    assert made.count() == count
    assert made.findings() == []
    bounds = [0, *sorted(cut % (count + 1) for cut in cuts), count]
    chunks = list(pairwise(bounds))
    frames = {}
    for start, stop in reversed(chunks) if backwards else chunks:
        for frame in made.frames(start, stop):
            assert frame.fault is None
            assert start <= frame.ordinal < stop
            assert frame.ordinal not in frames
            frames[frame.ordinal] = frame.data
    assert [frames[ordinal] for ordinal in sorted(frames)] == ITEMS[:count]
    assert [frame.data for frame in made.frames()] == ITEMS[:count]
    made.close()


@pytest.mark.parametrize("carrier", Carrier)
def test_only_the_segments_of_a_chunk_are_read(tmp_path: Path, carrier: Carrier) -> None:
    chain(tmp_path, [2] * 8, carrier)
    files = Counting(tmp_path)
    made = SegmentChain(files, carrier, samples.DEVICE, 8)
    assert [frame.ordinal for frame in made.frames(12, 14)] == [12, 13]
    numbers = [int(name.split("/")[-1].split(".")[0]) for name in files.opened]
    assert set(numbers) <= {7, 6, 5, 4}  # headers on the way of the search, and the segment itself
    made.close()


def test_going_on_opens_nothing_again(tmp_path: Path) -> None:
    chain(tmp_path, [10])
    files = Counting(tmp_path)
    made = SegmentChain(files, Carrier.PROTOBUF, samples.DEVICE, 1)
    for start in range(0, 10, 2):
        assert len(list(made.frames(start, start + 2))) == 2
    assert len(files.opened) == 1
    made.close()


def test_two_readings_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    made = chain(tmp_path, [5, 5])
    first, second = made.frames(), made.frames(2)
    seen = [next(first).ordinal, next(second).ordinal, next(first).ordinal]
    assert [frame.ordinal for frame in made.frames(3, 7)] == [3, 4, 5, 6]
    assert seen + [frame.ordinal for frame in first] == [0, 2, 1, *range(2, 10)]
    assert [frame.ordinal for frame in second] == list(range(3, 10))
    made.close()


def faults(made: SegmentChain, chunk: int | None = None) -> list[tuple[int, str]]:
    """All faults, read at once or in chunks."""
    found = []
    count = made.count()
    for start in range(0, max(count, 1), chunk or max(count, 1)):
        stop = start + chunk if chunk else None
        found += [(frame.ordinal, frame.fault.message) for frame in made.frames(start, stop) if frame.fault]
    made.close()
    return found


@pytest.mark.parametrize("chunk", [None, 1, 2, 3, 5])
@pytest.mark.parametrize(
    ("sizes", "starts"),
    [
        ([3, 3], [0, 4]),  # a gap
        ([3, 3], [0, 2]),  # an overlap
        ([3, 3], [1, 3]),  # not from the first
        ([3, 3, 3], [0, 0, 3]),  # a segment hidden behind another
        ([3, 3, 3], [0, 6, 3]),  # out of order
        ([3, 3, 3], [0, 3, 3]),
        ([3, 3], [0, 10**15]),  # far beyond
        ([3, 0], [0, 7]),  # an empty one that pretends
    ],
)
def test_segments_that_lie_about_their_place_are_found_out(
    tmp_path: Path, sizes: list[int], starts: list[int], chunk: int | None
) -> None:
    made = chain(tmp_path, sizes, starts=starts)
    count = min(made.count(), 30)
    found = [
        frame for start in range(0, count, chunk or 30) for frame in made.frames(start, start + (chunk or 30))
    ]
    assert made.findings() or any(frame.fault for frame in found)
    assert all(frame.fault.code == "R.container" for frame in found if frame.fault)
    made.close()


@pytest.mark.parametrize("chunk", [None, 1, 2, 3, 7])
@pytest.mark.parametrize("torn", [0, 1])
def test_a_torn_tail_costs_one_segment(tmp_path: Path, torn: int, chunk: int | None) -> None:
    made = chain(tmp_path, [3, 3])
    file = path(tmp_path, torn)
    file.write_bytes(file.read_bytes()[:-5])
    assert made.count() == 6  # the place where the last one breaks off counts
    found = set(faults(made, chunk))
    assert {ordinal for ordinal, _ in found} == {torn * 3 + 2}
    assert {message for _, message in found} == {"ends 5 bytes before the end of its last frame"}
    whole = [frame.ordinal for frame in made.frames() if frame.fault is None]
    assert whole == [ordinal for ordinal in range(6) if ordinal != torn * 3 + 2]
    made.close()


@pytest.mark.parametrize("chunk", [None, 2, 3])
def test_more_after_the_last_item_of_a_segment(tmp_path: Path, chunk: int | None) -> None:
    made = chain(tmp_path, [3, 3])
    for number in (0, 1):
        with path(tmp_path, number).open("ab") as file:
            file.write(b"\0")
    assert made.count() == 7
    assert {ordinal for ordinal, _ in faults(made, chunk)} == {3, 6}


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_segment_without_header_costs_that_segment(tmp_path: Path, broken: int) -> None:
    made = chain(tmp_path, [3, 3, 3])
    path(tmp_path, broken).write_bytes(b"\x02\x08\x02")
    assert [finding.code for finding in made.findings()] == ["R.container"]
    frames = list(made.frames())
    assert [frame.ordinal for frame in frames if frame.fault is None] == [
        ordinal for ordinal in range(9) if ordinal // 3 != broken
    ]
    assert sum(frame.fault is not None for frame in frames) == 1
    made.close()


def test_nothing_can_be_read_where_every_header_is_broken(tmp_path: Path) -> None:
    made = chain(tmp_path, [1, 1])
    for number in (0, 1):
        path(tmp_path, number).write_bytes(b"")
    assert made.count() == 1
    assert len(made.findings()) == 2
    assert all(frame.fault for frame in made.frames(0, 1))


def test_a_section_that_is_not_there_is_empty(tmp_path: Path) -> None:
    made = SegmentChain(Folder(tmp_path), Carrier.PROTOBUF, samples.DEVICE, 0)
    assert (made.count(), list(made.frames()), made.findings(), made.starts()) == (0, [], [], [])

"""The segments of one section as one run of items, readable from any item on.

The header of each segment says which item it begins with. A reader may start in the middle, so nothing is believed
until a segment has been read to its end: it must end where the next one begins. Whoever reads every item of a
section, in whatever chunks, has thereby proven the whole chain.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from amarvote.electionguard.errors import Finding
from amarvote.record.errors import ContainerFault
from amarvote.record.files import Files, shown
from amarvote.record.sections import Carrier, Section, segment_path
from amarvote.record.segments import Segment, check_header


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One frame or line with its position in the section, or where and how a file breaks off."""

    ordinal: int
    data: bytes
    fault: Finding | None = None


@dataclass(slots=True)
class _Cursor:
    """A segment that is read up to an item: `pending` is that item's frame, read already."""

    number: int
    segment: Segment
    ordinal: int
    pending: bytes


class SegmentChain:
    """Reads one section. Going on where the last reading stopped costs nothing."""

    def __init__(self, files: Files, carrier: Carrier, section: Section, count: int) -> None:
        self._files = files
        self._carrier = carrier
        self._section = section
        self._count = count
        self._starts: dict[int, int | ContainerFault] = {}
        self._cursor: _Cursor | None = None

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[RawFrame]:
        """Frames start..stop-1; a file that breaks off gives one with a fault, and the next file follows."""
        number = self._find(start)
        while number < self._count and (stop is None or start < stop):
            for frame in self._read(number, start, stop):
                yield frame
                start = max(start, frame.ordinal + 1)
            number += 1
            following = self._start(number)
            if isinstance(following, int):
                start = max(start, following)

    def count(self) -> int:
        """How many items there are; where the last file breaks off, that place counts as one."""
        for number in reversed(range(self._count)):
            start = self._start(number)
            if isinstance(start, int):
                return start + sum(1 for _ in self.frames(start))
        return min(self._count, 1)

    def starts(self) -> list[int]:
        """The position of the first item of each segment whose header can be read."""
        starts = (self._start(number) for number in range(self._count))
        return [start for start in starts if isinstance(start, int)]

    def findings(self) -> list[Finding]:
        """What is wrong with the headers of the segments and the order that they state."""
        findings = []
        reached = 0
        for number in range(self._count):
            start = self._start(number)
            if isinstance(start, ContainerFault):
                findings.append(self._finding(number, start))
            elif start is not None and start < reached:
                fault = ContainerFault(f"begins with item {start + 1}, before the segment before it")
                findings.append(self._finding(number, fault))
            elif start is not None:
                reached = start
        return findings

    def close(self) -> None:
        """Close what is kept open to go on with."""
        if self._cursor is not None:
            self._cursor.segment.close()
            self._cursor = None

    def _find(self, ordinal: int) -> int:
        """The first segment that can hold this item."""
        if self._count <= 1:
            return 0
        try:
            after = bisect_right(range(self._count), ordinal, key=self._start_or_raise)
            if not after:
                return 0
            return bisect_left(range(self._count), self._start_or_raise(after - 1), key=self._start_or_raise)
        except ContainerFault:
            readable = [number for number in range(self._count) if isinstance(self._start(number), int)]
            return max((n for n in readable if self._start_or_raise(n) <= ordinal), default=0)

    def _start_or_raise(self, number: int) -> int:
        start = self._start(number)
        if isinstance(start, int):
            return start
        raise ContainerFault(str(start))

    def _start(self, number: int) -> int | ContainerFault | None:
        """The position of a segment's first item, by its header; None after the last segment."""
        if number >= self._count:
            return None
        known = self._starts.get(number)
        if known is None:
            try:
                segment, known = self._open(number)
                segment.close()
            except ContainerFault as fault:
                known = fault
            self._starts[number] = known
        return known

    def _open(self, number: int) -> tuple[Segment, int]:
        segment = Segment(self._files.open(self._path(number)), self._carrier)
        try:
            header = segment.header()
            check_header(header, self._section, first=not number)
        except ContainerFault:
            segment.close()
            raise
        return segment, header.first_ordinal

    def _read(self, number: int, begin: int, stop: int | None) -> Iterator[RawFrame]:
        """The frames of one segment from `begin` to `stop`, and one more look to see whether it ends there."""
        try:
            reading = self._resume(number, begin)
        except ContainerFault as fault:
            yield RawFrame(begin, b"", self._finding(number, fault))
            return
        following = self._start(number + 1)
        limit = following if isinstance(following, int) else None
        try:
            while stop is None or reading.ordinal < stop:
                data = _step(reading, limit)
                if data is None:
                    return
                if reading.ordinal >= begin:
                    yield RawFrame(reading.ordinal, data)
                reading.ordinal += 1
            if self._look_ahead(reading, limit):
                self.close()  # another reading may have left its own in the meantime
                self._cursor = reading
        except ContainerFault as fault:
            yield RawFrame(reading.ordinal, b"", self._finding(number, fault))
        finally:
            if self._cursor is not reading:
                reading.segment.close()

    def _look_ahead(self, reading: _Cursor, limit: int | None) -> bool:
        """Whether the segment goes on after the last item that was asked for.

        Raises ContainerFault for what only this reading can find. A fault further on is left to who reads there.
        """
        try:
            data = _step(reading, limit)
        except ContainerFault:
            if reading.ordinal == limit:
                raise
            return False
        reading.pending = data or b""
        return data is not None

    def _resume(self, number: int, begin: int) -> _Cursor:
        """The segment, read up to `begin` at most: where the last reading stopped, or from its start."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            if cursor.number == number and cursor.ordinal <= begin:
                return cursor
            cursor.segment.close()
        segment, ordinal = self._open(number)
        return _Cursor(number, segment, ordinal, b"")

    def _path(self, number: int) -> str:
        return segment_path(self._section, number, self._carrier)

    def _finding(self, number: int, fault: ContainerFault) -> Finding:
        return Finding("R.container", shown(self._path(number)), str(fault))


def _step(reading: _Cursor, limit: int | None) -> bytes | None:
    """The next frame, None at the end; raises ContainerFault unless the end is where the next segment begins."""
    data = reading.pending or reading.segment.next()
    reading.pending = b""
    if limit is not None and data is None and reading.ordinal != limit:
        raise ContainerFault(f"ends before item {reading.ordinal + 1}; the next segment begins with {limit + 1}")
    if limit is not None and data is not None and reading.ordinal >= limit:
        raise ContainerFault(f"goes on with item {limit + 1}, with which the next segment begins")
    return data

"""One segment file as a stream of items: frames of the protobuf carrier, lines of the JSON carrier."""

from collections.abc import Iterator

from amarvote.record.canonical import decode_header, read_varint
from amarvote.record.egrf_pb2 import SegmentHeader
from amarvote.record.errors import ContainerFault, NotCanonical
from amarvote.record.files import Stream
from amarvote.record.framing import MAX_FRAME_BYTES
from amarvote.record.json_lines import MAX_LINE_BYTES, line_to_header
from amarvote.record.sections import FORMAT_MAJOR, MAGIC, Carrier, Section

_FIRST_CHUNK = 4 * 1024
_CHUNK = 256 * 1024
"""What is read at once: little at first, since often only the header is wanted."""


class Segment:
    """Reads a segment from its start: its header first, then one raw item after the other.

    Everything that is wrong with the file itself is a ContainerFault. What an item means is not looked at here.
    """

    def __init__(self, stream: Stream, carrier: Carrier) -> None:
        self._stream = stream
        self._carrier = carrier
        self._buffer = b""
        self._at = 0
        self._ended = False
        self._chunk = _FIRST_CHUNK

    def header(self) -> SegmentHeader:
        """The segment's header; raises ContainerFault where it is not one."""
        data = self.next()
        if data is None:
            raise ContainerFault("is empty: it needs a segment header")
        try:
            return decode_header(data) if self._carrier is Carrier.PROTOBUF else line_to_header(data)
        except NotCanonical as problem:
            raise ContainerFault(f"has a segment header that is not valid: {problem}") from None

    def next(self) -> bytes | None:
        """The next frame or line, None at the end of the file."""
        return self._frame() if self._carrier is Carrier.PROTOBUF else self._line()

    def close(self) -> None:
        """Done with the file."""
        self._stream.close()

    def _frame(self) -> bytes | None:
        if not self._fill(1):
            return None
        self._fill(10)
        try:
            length, self._at = read_varint(self._buffer, self._at, len(self._buffer))
        except NotCanonical as problem:
            raise ContainerFault(f"has a frame whose length {problem}") from None
        if not 0 < length <= MAX_FRAME_BYTES:
            raise ContainerFault(f"has a frame of {length} bytes; 1 to {MAX_FRAME_BYTES} are allowed")
        return self._take(length)

    def _fill(self, size: int) -> bool:
        """Have at least `size` bytes at hand; false where the file ends before."""
        while len(self._buffer) - self._at < size and not self._ended:
            data = self._stream.read(self._chunk)
            self._ended = not data
            self._chunk = _CHUNK
            self._buffer = self._buffer[self._at :] + data
            self._at = 0
        return len(self._buffer) - self._at >= size

    def _take(self, size: int) -> bytes:
        have = len(self._buffer) - self._at
        if size <= have:
            data = self._buffer[self._at : self._at + size]
            self._at += size
            return data
        parts = [self._buffer[self._at :]]
        self._buffer, self._at = b"", 0
        missing = size - have
        while missing:
            data = self._stream.read(min(missing, _CHUNK * 4))
            if not data:
                raise ContainerFault(f"ends {missing} bytes before the end of its last frame")
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def _line(self) -> bytes | None:
        parts: list[bytes] = []
        length = 0
        while True:
            end = self._buffer.find(b"\n", self._at)
            part = self._buffer[self._at :] if end < 0 else self._buffer[self._at : end]
            length += len(part)
            if length > MAX_LINE_BYTES + 1:
                raise ContainerFault(f"has a line of more than {MAX_LINE_BYTES} bytes")
            parts.append(part)
            if end >= 0:
                self._at = end + 1
                break
            self._buffer, self._at = b"", 0
            if self._ended or not self._fill(1):
                if not length:
                    return None
                break
        line = b"".join(parts).removesuffix(b"\r")
        if len(line) > MAX_LINE_BYTES:
            raise ContainerFault(f"has a line of more than {MAX_LINE_BYTES} bytes")
        if not line:
            raise ContainerFault("has an empty line")
        return line

    def __iter__(self) -> Iterator[bytes]:
        while (data := self.next()) is not None:
            yield data


def check_header(header: SegmentHeader, section: Section, *, first: bool) -> None:
    """Raise ContainerFault where a segment's header does not agree with the path that the segment stands at."""
    if header.magic != MAGIC:
        raise ContainerFault(f"has a segment header that does not say {MAGIC}")
    if header.format_major != FORMAT_MAJOR:
        raise ContainerFault(f"has a segment header of format {header.format_major} instead of {FORMAT_MAJOR}")
    if int(header.section_type) != int(section.type) or header.key != section.key:
        raise ContainerFault("has a segment header of another section than its path")
    if first and header.first_ordinal:
        raise ContainerFault(f"begins with item {header.first_ordinal + 1} instead of the first")

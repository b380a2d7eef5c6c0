"""Timestamps of the record: whole milliseconds since 1970, within the years 1970 to 9999."""

from google.protobuf.timestamp_pb2 import Timestamp

from amarvote.record.canonical import LAST_SECOND


def timestamp(moment: int | None) -> Timestamp | None:
    """A moment in milliseconds since 1970 as the record holds it; None stays None."""
    if moment is None:
        return None
    seconds, rest = divmod(moment, 1000)
    if not 0 <= seconds <= LAST_SECOND:
        raise ValueError(f"{moment} ms since 1970 lies outside the years 1970 to 9999")
    return Timestamp(seconds=seconds, nanos=rest * 1_000_000)


def milliseconds(moment: Timestamp) -> int:
    """A canonical timestamp in milliseconds since 1970."""
    return moment.seconds * 1000 + moment.nanos // 1_000_000

"""Numbers in sentences."""


def number_of(count: int, noun: str) -> str:
    """`1 ballot`, `2 ballots`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

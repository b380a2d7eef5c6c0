"""Pages by key: what comes after the last one seen, however much was added or taken away meanwhile."""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, takewhile
from typing import Any

MOST = 100
"""Entries of a page at most."""

PIECE_BYTES = 1 << 20
"""Of what may be large, so many are shown at once, or one that is larger."""


def page(
    rows: Sequence[Any], limit: int, shown: Callable[[Any], dict[str, Any]], key: str = "id"
) -> dict[str, Any]:
    """{items, next} of `rows`, of which one more than `limit` was asked for; `next` is null on the last page."""
    items = [shown(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1][key] if len(rows) > limit else None}


def fitting(sizes: Iterable[int]) -> int:
    """How many of the first ones, of these many bytes each, are shown at once; one always is."""
    sizes = list(sizes)
    fit = sum(1 for _ in takewhile(lambda size: size <= PIECE_BYTES, accumulate(sizes)))
    return min(max(fit, 1), len(sizes))

"""Pages by key: what comes after the last one seen, however much was added or taken away meanwhile."""

from collections.abc import Callable, Sequence
from typing import Any

MOST = 100
"""Entries of a page at most."""


def page(
    rows: Sequence[Any], limit: int, shown: Callable[[Any], dict[str, Any]], key: str = "id"
) -> dict[str, Any]:
    """{items, next} of `rows`, of which one more than `limit` was asked for; `next` is null on the last page."""
    items = [shown(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1][key] if len(rows) > limit else None}

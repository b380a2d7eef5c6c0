"""Powers computed once in a process, for tests that verify one election many times, each time altered a little.

A power depends on its base and its exponents alone: what is remembered is what would be computed again.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import pytest

from amarvote.electionguard import engine
from amarvote.electionguard.engine import Engine

TABLES = 8


@pytest.fixture(scope="module")
def powers_remembered() -> Iterator[None]:
    """Until the module's last test, each engine knows what any engine has computed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "FixedBase", lru_cache(TABLES)(engine.FixedBase))
        for name in ("power", "powers", "powers_and_membership"):
            patch.setattr(Engine, name, _remembering(getattr(Engine, name)))
        yield


def _remembering(compute: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[int, ...], Any] = {}

    def remembered(self: Engine, base: int, exponents: int | Sequence[int]) -> Any:
        key = (base, *exponents) if isinstance(exponents, Sequence) else (base, exponents)
        if key not in known:
            known[key] = compute(self, base, exponents)
        return known[key]

    return remembered

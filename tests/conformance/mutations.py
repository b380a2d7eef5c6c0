"""One broken record for each thing that a verifier must notice: what was changed, and all that must be found.

A mutation changes a valid election at one stage. What follows from that stage is then made anew by the same
(dishonest) people, so that a record tells a consistent lie, and as little as possible beside the lie is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.elections import Election
from conformance.record_files import Stored, stored, toc_of, write_signature, write_stored


@dataclass(frozen=True)
class Mutation:
    """A change, and the exact set of codes that the report must have; sets of several codes say why.

    `stage` tells what is made anew after the change:
    voting      the encrypted tally, then everything of the final phase
    aggregated  everything of the final phase
    final       nothing but the roots
    items       nothing but the roots; the change gets the canonical bytes of all items by section
    contents    nothing; the change gets the items by section and the entries of the table of contents
    files       nothing; the change gets the folder of the finished record
    """

    code: str
    name: str
    stage: str
    base: Callable[[], Election]
    change: Callable[..., Any]
    expected: frozenset[str]
    why: str = ""

    @property
    def id(self) -> str:
        return f"{self.code}-{self.name}"

    def write(self, root: Path) -> Path:
        """The broken record."""
        election = self.base()
        if self.stage == "voting":
            self.change(election)
            election.aggregate()
            election.finish()
        elif self.stage == "aggregated":
            self.change(election)
            election.finish()
        elif self.stage == "final":
            self.change(election)
        items = stored(election.sections())
        if self.stage == "items":
            self.change(items)
        toc = toc_of(items)
        if self.stage == "contents":
            self.change(items, toc)
        write_stored(root, items, toc)
        for signature in election.signatures:
            write_signature(root, signature)
        if self.stage == "files":
            self.change(root)
        return root


MUTATIONS: list[Mutation] = []


def mutation(
    stage: str,
    *expected: str,
    base: Callable[[], Election],
    why: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a change; the first of the expected codes is the one that it is made for.

    The name of the mutation is that of the function.
    """

    def register(change: Callable[..., Any]) -> Callable[..., Any]:
        assert stage in {"voting", "aggregated", "final", "items", "contents", "files"}, stage
        assert (len(expected) > 1) == bool(why), f"{change.__name__}: explain sets of several codes, and no others"
        name = change.__name__.strip("_").replace("_", " ")
        MUTATIONS.append(Mutation(expected[0], name, stage, base, change, frozenset(expected), why))
        return change

    return register


def flip(data: bytes, position: int = -1) -> bytes:
    """The same bytes but for one bit."""
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)


def replaced(data: bytes, number: int, value: bytes) -> bytes:
    """A run of values of equal width with the one at `number` replaced."""
    width = len(value)
    return data[: number * width] + value + data[(number + 1) * width :]


__all__ = ["MUTATIONS", "Mutation", "Stored", "flip", "mutation", "replaced"]

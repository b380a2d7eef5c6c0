"""What a check finds: how it stands, what was looked at, what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from amarvote.doctor.system import System


class State(StrEnum):
    """How something stands."""

    NOT_HERE = "does not apply"
    OK = "ok"
    NOT_CHECKED = "not checked"
    ATTENTION = "attention"
    FAILED = "failed"


GRAVITY = list(State)
"""From harmless to grave."""

WELL = (State.NOT_HERE, State.OK)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was seen, and what to do where it is not well."""

    state: State
    seen: str
    todo: str = ""


def well(seen: str) -> Finding:
    """As it should be."""
    return Finding(State.OK, seen)


def not_here(why: str, todo: str = "") -> Finding:
    """There is no such thing in this service; what to do where there should be."""
    return Finding(State.NOT_HERE, why, todo)


def unchecked(why: str, todo: str = "") -> Finding:
    """Nobody looked, and why."""
    return Finding(State.NOT_CHECKED, why, todo)


def attention(seen: str, todo: str) -> Finding:
    """It works, and ought to be otherwise."""
    return Finding(State.ATTENTION, seen, todo)


def failed(seen: str, todo: str) -> Finding:
    """An election ought not to begin like this."""
    return Finding(State.FAILED, seen, todo)


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the list: what it is about, what that means for an election, and how it is looked at."""

    name: str
    meaning: str
    look: Callable[[System], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Line:
    """A check that was made."""

    check: Check
    findings: list[Finding]

    @property
    def state(self) -> State:
        """As its gravest finding."""
        return max((finding.state for finding in self.findings), key=GRAVITY.index, default=State.NOT_CHECKED)

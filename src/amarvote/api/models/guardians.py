"""The guardians' mail and runs."""

from typing import Annotated, Literal

from pydantic import Field

from amarvote.api.models.common import Base64, Seconds, Shown


class Round(Shown):
    """A round of a conversation; its messages can be read once it is complete."""

    complete: bool
    expected: int
    missing: list[int] = Field(description="Guardians who have not sent all of theirs.")


class Message(Shown):
    """One message of a part of a round."""

    sender: int
    to: int = Field(description="0: everybody.")
    payload: Base64


class Piece(Shown):
    """Some messages of a part of a round, and where the next ones begin."""

    messages: list[Message]
    next: int | None = Field(description="Ask again with `after` of this; null in the last piece.")


class Part(Shown):
    """What each guardian of a run answers for in one message."""

    part: int
    kind: Literal["tally", "challenged"]
    first: int = Field(description="From 0 among the items of its kind.")
    count: int


class Run(Shown):
    """The run under way."""

    run: str
    guardians: list[int]
    root: str = Field(description="The aggregated root that its guardians answer for, in hex.")
    parts: list[Part]
    round: str
    set_aside: dict[int, str] = Field(description="Who takes part no more, and why.")


class NoRun(Shown):
    """Who is ready for one."""

    run: Annotated[None, Field()]
    checked_in: list[int]
    set_aside: dict[int, str] = Field(description="Who takes part no more, and why.")


class Rehearsed(Shown):
    """One guardian's rehearsal."""

    guardian: int
    rehearsed_at: Seconds | None = Field(description="When the last one went well; null: none has.")


class Rehearsals(Shown):
    """All guardians' rehearsals."""

    guardians: list[Rehearsed]

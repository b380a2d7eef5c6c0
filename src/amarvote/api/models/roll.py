"""The roll: who may vote."""

from typing import Annotated, Literal

from pydantic import Field

from amarvote.api.models.common import Asked, Base64, Hex32, Shown, TokenValue
from amarvote.elections.rolls import MOST_ENTRIES

Style = Annotated[str, Field(max_length=1000, examples=["all"], description="A ballot style of the manifest.")]
Weight = Annotated[int, Field(ge=1, le=2**31 - 1, examples=[1])]
Voter = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        examples=["register 0042"],
        description="What the officer calls the voter; it never leaves the roll.",
    ),
]


class ImportedVoter(Asked):
    """A voter whose token was drawn elsewhere."""

    token_sha256: Hex32
    style: Style
    weight: Weight = 1


class ImportedRoll(Asked):
    """Voters to add: 10,000 at once at most, so a larger roll comes in several requests."""

    entries: list[ImportedVoter] = Field(max_length=MOST_ENTRIES)


class Added(Shown):
    """How many of them are new."""

    added: int


class NewVoter(Asked):
    """A voter for whom a token is drawn here."""

    voter: Voter
    style: Style
    weight: Weight = 1


class NewVoters(Asked):
    """Voters to add, all of them or none."""

    entries: list[NewVoter] = Field(max_length=MOST_ENTRIES)


class IssuedVote(Shown):
    """A voter's token."""

    voter: Voter
    token: TokenValue


class IssuedVotes(Shown):
    """Tokens in the order in which the voters were sent."""

    issued: list[IssuedVote]


class OneEntry(Asked):
    """An entry of the roll: named by its voter, or by the hash of its token."""

    voter: Voter | None = None
    token_sha256: Hex32 | None = None


class NewToken(Shown):
    """The voter's new token."""

    token: TokenValue


class RollEntry(Shown):
    """Who may vote, and who has: no time, no order."""

    token_sha256: Hex32
    voter: str | None = Field(description="null where only the token's hash was imported")
    style: Style
    weight: Weight
    state: Literal["free", "spent", "revoked"] = Field(description="spent: a ballot was cast")


class Shards(Asked):
    """How many of the service's devices there are for remote voters."""

    shards: int = Field(ge=1, le=1000, examples=[4])


class Shard(Shown):
    """A device of the service."""

    device_id: str = Field(description="Its device string S_device.", examples=["Chess club, shard 1"])
    h_di: Base64 | None = Field(description="null before the election's keys are made")


class RemoteVoting(Shown):
    """What a remote voter's device encrypts for: one of these, drawn for each ballot. Empty: it is not offered."""

    devices: list[Shard]

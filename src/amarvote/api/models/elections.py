"""Elections: how they are made, what they are, where they stand."""

from typing import Annotated, Any, Literal

from pydantic import Field

from amarvote.api.models.common import Asked, Base64, Seconds, Sentence, Shown, TokenValue
from amarvote.api.models.people import IssuedToken
from amarvote.elections.creating import MOST_GUARDIANS

State = Literal[
    "ceremony",
    "ceremony_failed",
    "setting_up",
    "ready",
    "open",
    "closing",
    "counting",
    "waiting_for_guardians",
    "decrypting",
    "recording",
    "verifying",
    "published",
    "verification_failed",
]

DeviceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["polling-place-1"])]

MOST_MEMBERS = 1000
LONGEST_BASE64 = 4 * -((16 << 20) // -3)
"""Characters of a manifest of 16 MiB."""

_MANIFEST = {
    "electionId": "chess-club-2026",
    "electionName": "Chess club, yearly meeting",
    "contests": [
        {
            "index": 1,
            "id": "chair",
            "name": "Chair",
            "selectionLimit": 1,
            "optionSelectionLimit": 1,
            "choices": [
                {"index": 1, "id": "ada", "name": "Ada Lovelace"},
                {"index": 2, "id": "emmy", "name": "Emmy Noether"},
            ],
        }
    ],
    "ballotStyles": [{"id": "all", "name": "Members", "contestIds": ["chair"]}],
}


class NewElection(Asked):
    """An election to be made."""

    manifest: (
        Annotated[dict[str, Any], Field(max_length=MOST_MEMBERS)]
        | Annotated[str, Field(max_length=LONGEST_BASE64)]
    ) = Field(
        description=(
            "The manifest: a JSON object, or its exact bytes in base64. They bind everything; of an object, the "
            "bytes are the compact UTF-8 JSON of its members in the order in which they stand."
        ),
        examples=[_MANIFEST],
    )
    guardians: int = Field(ge=1, le=MOST_GUARDIANS, description="n: who holds a share of the key.", examples=[3])
    quorum: int = Field(ge=1, le=MOST_GUARDIANS, description="k of n are needed to open the totals.", examples=[2])
    minimum_group: int = Field(
        10,
        ge=0,
        le=1_000_000,
        description="Contests with fewer cast ballots, but not without any, are opened by recorded consent only.",
    )
    title: str | None = Field(None, min_length=1, max_length=200, description="The manifest's name by default.")
    devices: list[DeviceName] = Field(default=[], max_length=1000, description="Voting devices to begin with.")


class Created(Shown):
    """The new election and its tokens."""

    id: str = Field(pattern=r"^[0-9a-f]{32}$", examples=["0c" * 16])
    officer: IssuedToken
    devices: dict[str, IssuedToken]


class ElectionListed(Shown):
    """An election in the list."""

    id: str
    title: str
    state: State


class Election(Shown):
    """What an election is, and where it stands. The keys are null before the ceremony is done."""

    id: str
    title: str
    state: State
    note: str | None = Field(description="Why it stands where it stands.")
    paused: bool
    n: int
    k: int
    chaining_mode: int
    closed_at: Seconds | None = Field(description="When voting ended; null before.")
    h_e: Base64 | None = Field(description="H_E, the extended base hash.")
    joint_key: Base64 | None
    joint_data_key: Base64 | None
    h_g: Base64 | None = Field(description="The hash of the ceremony that the guardians compared.")


class Reason(Asked):
    """Why."""

    sentence: Sentence


class SetAside(Asked):
    """A guardian whom the election goes on without, and why."""

    guardian: int = Field(ge=0, le=2**31 - 1, examples=[3])
    sentence: Sentence


class Verdict(Asked):
    """A ballot that nobody could check, and why it is rejected."""

    id_b: str = Field(pattern=r"^[0-9a-f]{64}$", examples=["5f" * 32])
    sentence: Sentence


class Rejected(Shown):
    """What a verdict costs beside its ballot."""

    behind: int = Field(description="Later ballots of its device, which are rejected with it. 0 without chaining.")


class Members(Asked):
    """The guardians of a run."""

    guardians: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field(max_length=1000, examples=[[1, 3]])


class RunStarted(Shown):
    """The run that was started."""

    run: str


class Invitation(Shown):
    """What the officer hands to a guardian, by a way that only the guardian reads."""

    line: str = Field(
        examples=["https://vote.example.org/elections/" + "0c" * 16 + "#" + "5f" * 32],
        description="The whole of it in one line, for `amarvote guardian join`.",
    )
    invitation: TokenValue
    id: int
    expires_at: Seconds

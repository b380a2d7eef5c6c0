"""The board of accepted confirmation codes."""

from typing import Literal

from pydantic import Field

from amarvote.api.models.ballots import BallotState, Finding
from amarvote.api.models.common import Asked, Base64, Hex32, Number, Shown

_NOTE = (
    "amarvote/elections/0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c\n1\nX19fX19fX19fX19fX19fX19fX19fX19fX19fX19fX18=\n"
    "time 1793736000\n\n— board.example.org AAAAAA==\n"
)


class Head(Shown):
    """The board as it stands, signed or not."""

    election: str
    size: Number = Field(description="Codes on the board.")
    root: Base64 = Field(description="RFC 9162, over leaves SHA-256(00 ‖ code).")
    time: int = Field(description="When the last codes were appended, in seconds since 1970.")
    signed: Number = Field(description="Codes under the newest signed checkpoint.")
    final: bool = Field(description="Voting is over; nothing will be appended.")


class SignerKey(Asked):
    """Whose checkpoints are taken."""

    verifier_key: str = Field(
        max_length=400,
        examples=["board.example.org+dc53d9e9+AQ8GdLW7rtMqWgVVTEXdyH5tmZLXOdGEWO5YkLXYvSGO"],
        description="As `amarvote signer create` prints it: NAME+HASH+BASE64 of signed notes.",
    )


class Consistency(Shown):
    """That the board of `second` codes continues the one of `first` (RFC 9162, 2.1.4)."""

    first: Number
    second: Number
    path: list[Base64]


class Inclusion(Shown):
    """That a code is on the board, under a signed checkpoint (RFC 9162, 2.1.3)."""

    code: Hex32
    index: Number = Field(description="Its place on the board, from 0.")
    size: Number = Field(description="Of the checkpoint.")
    path: list[Base64]
    checkpoint: str = Field(examples=[_NOTE], description="A signed note (c2sp.org/tlog-checkpoint).")


class ConfirmationCode(Shown):
    """What became of the ballot with a confirmation code."""

    code: Hex32
    id_b: Hex32
    state: BallotState
    status: Literal["cast", "challenged"]
    findings: list[Finding]
    proof: Inclusion | None = Field(description="null until the code is on the board under a signed checkpoint")

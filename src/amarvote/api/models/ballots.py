"""Ballots: how they come in as JSON, and what is said of them."""

from typing import Any, Literal

from pydantic import Field

from amarvote.api.models.common import Asked, Base64, Hex32, Shown

BallotState = Literal["submitted", "waiting", "accepted", "rejected"]


class JsonSubmission(Asked):
    """A ballot as JSON, for devices that do not write protobuf. It is read member by member, strictly."""

    token: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="The voter's vote token in hex; left out where it is the bearer token.",
        examples=["5f" * 32],
    )
    ballot: dict[str, Any] = Field(
        max_length=1,
        description='The record item of the encrypted ballot in EGRF\'s JSON form: {"encryptedBallot": {…}}.',
        examples=[{"encryptedBallot": {"idB": "X19f", "ballotStyle": "all", "status": "CAST"}}],
    )
    commitments: Base64 = Field(
        max_length=16 << 20,
        description="The commitments of all proofs, in their fixed widths, in base64. How long the whole body may "
        "be follows from the election's largest ballot.",
    )


class Finding(Shown):
    """Why a ballot was rejected."""

    code: str = Field(examples=["6.A"])
    where: str
    message: str


class Receipt(Shown):
    """The ballot is stored; a worker checks its proofs within seconds."""

    id_b: Hex32
    state: BallotState
    confirmation_code: Base64


class BallotStatus(Shown):
    """What became of a ballot."""

    state: BallotState
    findings: list[Finding]

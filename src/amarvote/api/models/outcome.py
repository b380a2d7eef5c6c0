"""Results and devices."""

from pydantic import Field

from amarvote.api.models.ballots import Finding
from amarvote.api.models.common import Asked, Base64, Hex32, Shown


class OptionName(Shown):
    """An option by its name."""

    id: str
    name: str


class ContestName(Shown):
    """A contest by its name."""

    id: str
    name: str
    options: list[OptionName]


class OpenedBallot(Shown):
    """A challenged ballot: what it encrypted. It counted nowhere."""

    number: int = Field(description="In the list of challenged ballots, from 1.", examples=[1])
    device: str = Field(description="h_DI in hex.")
    position: int
    findings: list[Finding]
    contests: dict[str, dict[str, int]]


class Results(Shown):
    """The verified totals: by contest and option, with the manifest's identifiers."""

    totals: dict[str, dict[str, int]]
    contests: list[ContestName]
    challenged: int = Field(description="How many ballots were challenged; /results/challenged has them, opened.")


class Device(Shown):
    """A device as the service knows it."""

    name: str
    device_id: str
    h_di: Base64 | None
    last_code: Base64 | None
    closed: bool
    broken: str | None = Field(description="Why its chain ended.")


class DeviceString(Asked):
    """The device string of a new chain: the device's first one, a comma, and what tells them apart."""

    device_id: str = Field(
        min_length=1, max_length=1000, examples=["Board of the chess club, hall-2, second chain"]
    )


class RecordFile(Shown):
    """A public file of the record."""

    path: str
    size: int
    sha256: Hex32


class RecordListing(Shown):
    """The public files, and through which phase the record is public."""

    phase: str | None
    files: list[RecordFile]
    next: str | None = Field(description="Ask again with `after` of this; null on the last page.")

"""Chains of codes: one device's ballots in order, checked piece by piece and then where the pieces meet.

With simple chaining each ballot's chaining field names the code before it (8.E), the first one H_0, and the
closing names the last (8.G). A piece of a section remembers what its first item demands and its last one offers.
"""

from dataclasses import dataclass

from amarvote.electionguard.confirmation import chained_field, closing_field, closing_hash
from amarvote.electionguard.errors import Finding


@dataclass(frozen=True, slots=True)
class Demand:
    """What an item says of the one before it.

    `field` is the chaining field of a ballot, or of the closing where `closing` is its hash.
    """

    place: str
    field: bytes
    closing: bytes | None = None


@dataclass(frozen=True, slots=True)
class ChainPiece:
    """Consecutive items of a device with simple chaining.

    `head` is the first item's demand: None at the header, and where that item could not be read. `tail` is the
    hash that the next item must name: H_0 behind the header, a code behind a ballot, None behind the closing or
    behind an item that could not be read.
    """

    h_e: bytes
    h_di: bytes
    head: Demand | None
    tail: bytes | None


def meets(h_e: bytes, h_di: bytes, tail: bytes, demand: Demand) -> list[Finding]:
    """Whether an item follows the one whose hash is `tail`: 8.E for a ballot, 8.G for the closing."""
    if demand.closing is None:
        if demand.field == chained_field(tail):
            return []
        return [Finding("8.E", demand.place, "the chaining field does not name the code before this ballot")]
    findings = []
    if demand.field != closing_field(h_e, tail, h_di):
        findings.append(
            Finding("8.G", demand.place, "the closing chaining field is not made from the device's last code")
        )
    if demand.closing != closing_hash(h_e, demand.field):
        findings.append(Finding("8.G", demand.place, "the closing hash does not follow from its chaining field"))
    return findings

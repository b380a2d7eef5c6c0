"""What a part of a verification yields, and its bytes for the database and between processes (JSON, base64).

A partial holds findings, and of everything that spans chunks just what the rest of the record will need: products
and counts, boundary values of chains and sorted sections, compact ranges of Merkle trees, sorted identifiers.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any

from gmpy2 import mpz

from amarvote.electionguard.aggregation import PartialTally
from amarvote.electionguard.errors import Finding
from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.parameters import P_BYTES
from amarvote.record.merkle import CompactRange
from amarvote.record.verifier.chains import ChainPiece, Demand
from amarvote.record.verifier.verdicts import Verdicts

EMPTY_TALLY = PartialTally.merge(())


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive items `start`..`stop`-1 of one section.

    `leaves` and `codes` (over the confirmation codes of its ballots) are None where bytes could not be read.
    `first` and `last` are sort keys of its outer items in a section that is sorted, else None.
    """

    section: int
    start: int
    stop: int
    title: str
    leaves: CompactRange | None
    codes: CompactRange | None = None
    chain: ChainPiece | None = None
    first: bytes | None = None
    last: bytes | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """What some tasks of a verification found; see the module.

    `phase` is how far the record is verified, 0 where there was no task. `identifiers`, `challenged`, `opened`,
    `requested` and `answered` are sorted `entries`; what is both asked for and answered has been left out.
    """

    phase: int = 0
    findings: tuple[Finding, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    evaluated: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    tally: PartialTally = EMPTY_TALLY
    identifiers: bytes = b""
    challenged: bytes = b""
    opened: bytes = b""
    requested: bytes = b""
    answered: bytes = b""
    contests_voted: frozenset[int] = frozenset()
    contests_decrypted: tuple[tuple[int, str], ...] = ()

    def to_bytes(self) -> bytes:
        """One JSON object."""
        return json.dumps(
            {
                "phase": self.phase,
                "findings": [[one.code, one.where, one.message] for one in self.findings],
                "counts": self.counts,
                "evaluated": sorted(self.evaluated),
                "blocked": sorted(self.blocked),
                "notes": list(self.notes),
                "pieces": [_piece(piece) for piece in self.pieces],
                "tally": _tally(self.tally),
                "identifiers": _text(self.identifiers),
                "challenged": _text(self.challenged),
                "opened": _text(self.opened),
                "requested": _text(self.requested),
                "answered": _text(self.answered),
                "voted": sorted(self.contests_voted),
                "decrypted": [list(entry) for entry in self.contests_decrypted],
            },
            separators=(",", ":"),
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Partial":
        """The partial that `to_bytes` wrote; only ever read from our own database or process."""
        value = json.loads(data)
        return cls(
            phase=value["phase"],
            findings=tuple(Finding(*one) for one in value["findings"]),
            counts=value["counts"],
            evaluated=frozenset(value["evaluated"]),
            blocked=frozenset(value["blocked"]),
            notes=tuple(value["notes"]),
            pieces=tuple(_read_piece(piece) for piece in value["pieces"]),
            tally=_read_tally(value["tally"]),
            identifiers=b64decode(value["identifiers"]),
            challenged=b64decode(value["challenged"]),
            opened=b64decode(value["opened"]),
            requested=b64decode(value["requested"]),
            answered=b64decode(value["answered"]),
            contests_voted=frozenset(value["voted"]),
            contests_decrypted=tuple((index, label) for index, label in value["decrypted"]),
        )


def said(verdicts: Verdicts) -> Partial:
    """A partial that holds just these verdicts."""
    verdicts.settle()
    return Partial(
        findings=tuple(verdicts.findings),
        counts=dict(verdicts.counts),
        evaluated=frozenset(verdicts.evaluated),
        blocked=frozenset(verdicts.blocked),
        notes=tuple(verdicts.notes),
    )


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _data(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)


def _piece(piece: Piece) -> list[Any]:
    return [
        piece.section,
        piece.start,
        piece.stop,
        piece.title,
        None if piece.leaves is None else _text(piece.leaves.to_bytes()),
        None if piece.codes is None else _text(piece.codes.to_bytes()),
        None if piece.chain is None else _chain(piece.chain),
        _text(piece.first),
        _text(piece.last),
    ]


def _read_piece(value: list[Any]) -> Piece:
    section, start, stop, title, leaves, codes, chain, first, last = value
    return Piece(
        section=section,
        start=start,
        stop=stop,
        title=title,
        leaves=None if leaves is None else CompactRange.from_bytes(b64decode(leaves)),
        codes=None if codes is None else CompactRange.from_bytes(b64decode(codes)),
        chain=None if chain is None else _read_chain(chain),
        first=_data(first),
        last=_data(last),
    )


def _chain(chain: ChainPiece) -> list[Any]:
    head = chain.head
    demand = None if head is None else [head.place, _text(head.field), _text(head.closing)]
    return [_text(chain.h_e), _text(chain.h_di), demand, _text(chain.tail)]


def _read_chain(value: list[Any]) -> ChainPiece:
    h_e, h_di, head, tail = value
    demand = None if head is None else Demand(head[0], b64decode(head[1]), _data(head[2]))
    return ChainPiece(b64decode(h_e), b64decode(h_di), demand, _data(tail))


def _tally(tally: PartialTally) -> list[Any]:
    products = {
        str(index): _text(b"".join(element_bytes(value) for pair in pairs for value in pair))
        for index, pairs in tally.products.items()
    }
    weights = {str(index): weight for index, weight in tally.contest_weights.items()}
    return [products, weights, tally.ballots, tally.weight]


def _read_tally(value: list[Any]) -> PartialTally:
    products, weights, ballots, weight = value
    return PartialTally(
        {int(index): _pairs(b64decode(text)) for index, text in products.items()},
        {int(index): one for index, one in weights.items()},
        ballots,
        weight,
    )


def _pairs(data: bytes) -> tuple[tuple[mpz, mpz], ...]:
    values = [mpz.from_bytes(data[at : at + P_BYTES], "big") for at in range(0, len(data), P_BYTES)]
    return tuple(zip(values[::2], values[1::2], strict=True))

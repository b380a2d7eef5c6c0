"""Device sections: header, ballots in chain order, close (steps 5 to 8), and what the tally will need of them."""

from dataclasses import dataclass, field, replace

from amarvote.electionguard.aggregation import PartialTally, add_ballots
from amarvote.electionguard.ballot_checks import check_ballots
from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.confirmation import (
    NO_CHAINING,
    SIMPLE_CHAINING,
    device_hash,
    initial_hash,
    unchained_field,
)
from amarvote.electionguard.context import Context
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.opening_checks import check_challenge_secret
from amarvote.electionguard.parameters import P
from amarvote.record import egrf_pb2 as pb
from amarvote.record.codec import (
    confirmation_code_item,
    read_ballot,
    read_device_close,
    read_device_header,
)
from amarvote.record.errors import StructureProblem
from amarvote.record.merkle import leaf
from amarvote.record.reader import RawItem
from amarvote.record.sections import DeviceKind, Section
from amarvote.record.verifier.catalogue import BALLOT_CHECKS, CRYPTOGRAPHY, step
from amarvote.record.verifier.chains import ChainPiece, Demand, meets
from amarvote.record.verifier.entries import place_bytes
from amarvote.record.verifier.partial import Partial, Piece, said
from amarvote.record.verifier.pieces import PieceBuilder
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.tasks import Task
from amarvote.record.verifier.verdicts import Verdicts

BATCH_BYTES = 4 * 1024 * 1024
"""Ballots are decoded and checked in batches of at most so many bytes, whatever a chunk holds."""

NOT_SUPPORTED = "pre-encrypted ballots are not supported by this verifier"

UNREAD_BALLOT = (
    BALLOT_CHECKS
    | {"8.D", "8.E", "8.G", "11.D", "13.A", "13.B", "R.summary"}
    | step(9)
    | (step(14) - {"14.structure"})
)
"""What cannot be called passed where an item of a device could not be read: it may have been any ballot."""

_AFTER_RANGE: dict[str, frozenset[str]] = {
    "6.B": frozenset({"6.D"}),
    "6.C": frozenset({"6.D"}),
    "6.structure": step(6) | step(7) | {"8.A", "12.structure"},
    "7.B": frozenset({"7.D"}),
    "7.C": frozenset({"7.D"}),
    "7.structure": frozenset({"7.B", "7.C", "7.D"}),
    "8.structure": frozenset({"8.A", "12.structure"}),
}
"""Checks that a finding of a code may have kept from being made on the same ballot."""


@dataclass(slots=True)
class _Chunk:
    """What a device task gathers."""

    session: Session
    section: Section
    task: Task
    builder: PieceBuilder
    verdicts: Verdicts = field(default_factory=Verdicts)
    tally: list[PartialTally] = field(default_factory=list)
    identifiers: list[bytes] = field(default_factory=list)
    challenged: list[bytes] = field(default_factory=list)
    voted: set[int] = field(default_factory=set)
    batch: list[tuple[EncryptedBallot, Findings]] = field(default_factory=list)
    batch_bytes: int = 0
    head: Demand | None = None
    tail: bytes | None = None

    @property
    def context(self) -> Context | None:
        return self.session.context

    @property
    def chained(self) -> bool:
        return self.context is not None and self.context.manifest.chaining_mode == SIMPLE_CHAINING

    @property
    def h_di(self) -> bytes:
        return self.section.key[1:]

    def place(self, ordinal: int, member: str = "") -> str:
        """Where an item is, in words."""
        return f"{self.section.title} close" if member == "device_close" else self.section.place(ordinal)

    def is_last(self, ordinal: int) -> bool:
        """Whether an item is the section's last one, of those that can be read."""
        last = self.task.size - 1
        if ordinal != last - 1:
            return ordinal == last
        behind = self.session.item_at(self.section, last)
        return behind is None or behind.item is None


def check_device(session: Session, task: Task) -> Partial:
    """One chunk of a device section."""
    section = session.sections[task.section]
    chunk = _Chunk(session, section, task, PieceBuilder(section, task.section, task.start))
    if session.context is None:
        chunk.verdicts.block(CRYPTOGRAPHY)
    if section.key[0] != DeviceKind.REGULAR:
        return _refuse(chunk)
    for raw in session.record.items(section, task.start, task.stop):
        chunk.builder.add(raw)
        _check_item(chunk, raw)
    _flush(chunk)
    if chunk.chained and chunk.context is not None:
        chunk.builder.chain = ChainPiece(chunk.context.h_e, chunk.h_di, chunk.head, chunk.tail)
    return _partial(chunk, chunk.builder.piece())


def _refuse(chunk: _Chunk) -> Partial:
    """A section of pre-encrypted ballots: digested, and not looked into."""
    for raw in chunk.session.record.items(chunk.section, chunk.task.start, chunk.task.stop):
        chunk.builder.add(raw)
        chunk.builder.add_code(None)
        chunk.verdicts.take([] if raw.problem is None else [raw.problem])
    chunk.verdicts.block(UNREAD_BALLOT)
    if not chunk.task.start:
        chunk.verdicts.found("R.version", chunk.section.title, NOT_SUPPORTED)
    return _partial(chunk, chunk.builder.piece())


def _partial(chunk: _Chunk, piece: Piece) -> Partial:
    return replace(
        said(chunk.verdicts),
        phase=chunk.task.phase,
        pieces=(piece,),
        tally=PartialTally.merge(chunk.tally),
        identifiers=b"".join(sorted(chunk.identifiers)),
        challenged=b"".join(sorted(chunk.challenged)),
        contests_voted=frozenset(chunk.voted),
    )


def _check_item(chunk: _Chunk, raw: RawItem) -> None:
    """One item, by its place: the first is the header, the last the close, what is between are ballots."""
    if raw.problem is not None or raw.item is None:
        chunk.verdicts.take([] if raw.problem is None else [raw.problem])
        _lose(chunk, ballot=raw.ordinal > 0)
        return
    member = raw.item.WhichOneof("item") or ""
    if raw.ordinal == 0:
        _expect(chunk, raw.ordinal, member, "device_header", "a device's section begins with its header")
    elif member == "device_close":
        if not chunk.is_last(raw.ordinal):
            chunk.verdicts.found("8.structure", chunk.place(raw.ordinal, member), "more items follow the close")
    elif raw.ordinal == chunk.task.size - 1:
        _expect(chunk, raw.ordinal, member, "device_close", "a device's section ends with its close")
    else:
        _expect(chunk, raw.ordinal, member, "encrypted_ballot", "a device holds encrypted ballots")
    if member == "device_header":
        _check_header(chunk, raw.item, raw.ordinal)
    elif member == "encrypted_ballot":
        _take_ballot(chunk, raw.item, raw.ordinal, len(raw.data))
    elif member == "device_close":
        _check_close(chunk, raw.item, raw.ordinal)
    else:
        _lose(chunk, ballot=True)


def _expect(chunk: _Chunk, ordinal: int, found: str, member: str, sentence: str) -> None:
    if found.startswith("pre_encrypted"):
        chunk.verdicts.found("R.version", chunk.place(ordinal), NOT_SUPPORTED)
    if found != member:
        chunk.verdicts.found("8.structure", chunk.place(ordinal), f"{sentence}; here is a {found}")


def _lose(chunk: _Chunk, *, ballot: bool) -> None:
    """An item was not read: the chain is broken here, and a ballot may be missing from everything."""
    chunk.tail = None
    if ballot:
        chunk.builder.add_code(None)
        chunk.verdicts.block(UNREAD_BALLOT)
    else:
        chunk.verdicts.block({"8.C", "8.E", "8.F", "8.G", "8.structure"})


def _check_header(chunk: _Chunk, item: pb.RecordItem, ordinal: int) -> None:
    """8.C, 8.F, and that header, section and manifest agree."""
    header = read_device_header(item)
    place = chunk.verdicts.at(chunk.place(ordinal))
    if header.kind != chunk.section.key[0] or header.h_di != chunk.h_di:
        place.add("8.structure", "the header is that of another device than its section's")
    context = chunk.context
    if context is None:
        chunk.verdicts.settle()
        return
    chunk.verdicts.evaluate({"8.C", "8.structure"})
    if header.h_di != device_hash(context.h_e, header.device_id):
        place.add("8.C", "the device hash H_DI is not that of the device's string")
    if header.chaining_mode != context.manifest.chaining_mode:
        place.add(
            "8.structure",
            f"the device has chaining mode {header.chaining_mode}, the manifest {context.manifest.chaining_mode}",
        )
    if (header.initial_hash is not None) != (context.manifest.chaining_mode == SIMPLE_CHAINING):
        place.add("8.structure", "a device states its initial hash H_0 exactly when it chains its ballots")
    elif header.initial_hash is not None:
        chunk.verdicts.evaluate({"8.F"})
        if header.initial_hash != initial_hash(context.h_e, header.h_di):
            place.add("8.F", "the initial hash H_0 does not follow from the device hash")
    chunk.tail = header.initial_hash
    chunk.verdicts.settle()


def _take_ballot(chunk: _Chunk, item: pb.RecordItem, ordinal: int, size: int) -> None:
    """Everything about one ballot but what costs powers, which waits for its batch."""
    part = item.encrypted_ballot
    place = Findings(chunk.place(ordinal))
    where = place_bytes(chunk.task.section, ordinal)
    chunk.identifiers.append(part.id_b + where)
    chunk.builder.add_code(leaf(confirmation_code_item(part.confirmation_code)))
    _link(chunk, ordinal, Demand(place.where, part.chaining_field))
    chunk.tail = part.confirmation_code
    if part.status == pb.BALLOT_STATUS_CHALLENGED:
        chunk.challenged.append(where)
    context = chunk.context
    if context is None:
        if part.status == pb.BALLOT_STATUS_CAST:
            chunk.tally.append(PartialTally({}, {}, 1, part.weight))
        return
    if context.manifest.chaining_mode == NO_CHAINING:
        chunk.verdicts.evaluate({"8.D"})
        if part.chaining_field != unchained_field(chunk.h_di):
            place.add("8.D", "the chaining field is not that of a ballot of this device without chaining")
    chunk.voted.update(
        contest.index for contest in part.contests if 1 <= contest.index <= len(context.manifest.contests)
    )
    if size > chunk.session.ballot_bytes:
        place.add("8.structure", f"the ballot takes {size} bytes, more than any ballot of this manifest can")
        _unusable(chunk, item, place)
        return
    try:
        ballot = read_ballot(item)
    except StructureProblem as problem:
        place.add(problem.code, str(problem))
        _unusable(chunk, item, place)
        return
    check_challenge_secret(ballot, place)
    chunk.batch.append((ballot, place))
    chunk.batch_bytes += size
    if chunk.batch_bytes >= BATCH_BYTES:
        _flush(chunk)


def _unusable(chunk: _Chunk, item: pb.RecordItem, place: Findings) -> None:
    chunk.verdicts.take(place.entries)
    chunk.verdicts.block(UNREAD_BALLOT - {"5.A", "8.D", "8.E", "8.G", "11.D", "R.summary"})
    if item.encrypted_ballot.status == pb.BALLOT_STATUS_CAST:
        chunk.tally.append(PartialTally({}, {}, 1, item.encrypted_ballot.weight))


def _link(chunk: _Chunk, ordinal: int, demand: Demand) -> None:
    if not chunk.chained or chunk.context is None:
        return
    if ordinal == chunk.task.start:
        chunk.head = demand
    elif chunk.tail is None:
        chunk.verdicts.block({"8.E"} if demand.closing is None else {"8.G"})
    else:
        chunk.verdicts.take(meets(chunk.context.h_e, chunk.h_di, chunk.tail, demand))
        chunk.verdicts.evaluate({"8.E"} if demand.closing is None else {"8.G"})


def _check_close(chunk: _Chunk, item: pb.RecordItem, ordinal: int) -> None:
    """8.G, and how many ballots the device counted."""
    close = read_device_close(item)
    place = chunk.verdicts.at(chunk.place(ordinal, "device_close"))
    if close.ballot_count != ordinal - 1:
        place.add("8.structure", f"the device counts {close.ballot_count} ballots, and there are {ordinal - 1}")
    if ordinal == 1:
        place.add("R.structure", "a device without a ballot has no section")
    if chunk.context is not None:
        closing = (close.closing_chaining_field, close.closing_hash)
        if None in closing if chunk.chained else closing != (None, None):
            place.add("8.structure", "a device states how its chain closes exactly when it chains its ballots")
            chunk.verdicts.block({"8.G"} if chunk.chained else set())
        elif close.closing_chaining_field is not None and close.closing_hash is not None:
            _link(
                chunk,
                ordinal,
                Demand(place.where, close.closing_chaining_field, close.closing_hash),
            )
    chunk.tail = None
    chunk.verdicts.settle()


def _flush(chunk: _Chunk) -> None:
    """Check the ballots that wait, and add up those of them that count."""
    batch, chunk.batch, chunk.batch_bytes = chunk.batch, [], 0
    context = chunk.context
    if not batch or context is None:
        return
    ballots = [ballot for ballot, _ in batch]
    check_ballots(context, chunk.session.engine, ballots, [place for _, place in batch])
    with_data = any(contest.contest_data is not None for ballot in ballots for contest in ballot.contests)
    chunk.verdicts.evaluate(BALLOT_CHECKS - {"5.A"} - (set() if with_data else {"12.structure"}))
    for ballot, place in batch:
        chunk.verdicts.take(place.entries)
        _block_after(chunk, ballot, {finding.code for finding in place.entries})
    chunk.tally.append(add_ballots(context, chunk.session.engine, ballots))


def _block_after(chunk: _Chunk, ballot: EncryptedBallot, codes: set[str]) -> None:
    """What the findings of a ballot kept from being checked, on it or on what is made from it."""
    for code in codes:
        chunk.verdicts.block(_AFTER_RANGE.get(code, ()))
    if "6.A" in codes and _outside(ballot):
        chunk.verdicts.block({"6.D", "7.A", "7.D"})
        unsummed = True
    else:
        unsummed = "6.structure" in codes
    if unsummed and ballot.status is BallotStatus.CAST:
        chunk.verdicts.block(step(9))


def _outside(ballot: EncryptedBallot) -> bool:
    return any(one.alpha >= P or one.beta >= P for contest in ballot.contests for one in contest.selections)

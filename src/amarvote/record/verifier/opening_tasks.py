"""Sections that answer to ballots by their place: requests for contest data, contest data, challenged ballots."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.opening_checks import check_contest_data_opening, check_opened_ballot
from amarvote.electionguard.tallies import BallotLocator, ContestDataRequest
from amarvote.record.codec import (
    read_ballot,
    read_challenged_ballot,
    read_contest_data,
    read_contest_data_request,
)
from amarvote.record.egrf_pb2 import RecordItem
from amarvote.record.errors import StructureProblem
from amarvote.record.reader import RawItem
from amarvote.record.sections import DeviceKind, Section, SectionType
from amarvote.record.verifier.catalogue import step
from amarvote.record.verifier.entries import place_bytes
from amarvote.record.verifier.partial import Partial, said
from amarvote.record.verifier.pieces import OUT_OF_ORDER, PieceBuilder
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.tasks import Task
from amarvote.record.verifier.verdicts import Verdicts

T = TypeVar("T")


class LocatorProblem(Exception):  # noqa: N818 - a sentence about what a locator points to
    """What is wrong with the ballot that a locator names."""


class UnreadBallot(Exception):  # noqa: N818
    """The locator names a ballot that could not be read; that has its own finding."""


class _Chunk:
    """What a task over such a section gathers."""

    def __init__(self, session: Session, task: Task, member: str, codes: frozenset[str]) -> None:
        self.session = session
        self.task = task
        self.section = session.sections[task.section]
        self.member = member
        self.codes = codes
        self.builder = PieceBuilder(self.section, task.section, task.start)
        self.verdicts = Verdicts()
        self.entries: list[bytes] = []

    def read(self, raw: RawItem, decode: Callable[[RecordItem], T]) -> T | None:
        """Digest an item and decode it; what is wrong with it is reported."""
        self.builder.add(raw)
        place = self.section.place(raw.ordinal)
        if raw.problem is not None or raw.item is None:
            self.verdicts.take([] if raw.problem is None else [raw.problem])
        elif raw.item.WhichOneof("item") != self.member:
            self.verdicts.found("R.structure", place, f"the section does not hold a {raw.item.WhichOneof('item')}")
        else:
            try:
                return decode(raw.item)
            except StructureProblem as problem:
                self.verdicts.found(problem.code, place, str(problem))
        self.builder.add_key(None)
        self.verdicts.block(self.codes)
        return None

    def order(self, raw: RawItem, key: bytes) -> None:
        """R.order unless the item stands behind the one before it."""
        self.verdicts.evaluate({"R.order"})
        if not self.builder.add_key(key):
            self.verdicts.found("R.order", self.section.place(raw.ordinal), OUT_OF_ORDER)

    def at(self, raw: RawItem, locator: BallotLocator) -> Findings:
        """A collector named after the ballot that an item is about; after the item if there is no such device."""
        section = device_section(locator)
        known = section is not None and section in self.session.numbers and locator.position
        return self.verdicts.at(
            section.place(locator.position) if section is not None and known else self.section.place(raw.ordinal)
        )

    def partial(self) -> Partial:
        """What the task yields, without its entries."""
        return replace(said(self.verdicts), phase=self.task.phase, pieces=(self.builder.piece(),))

    def packed(self) -> bytes:
        """The entries, sorted, each once."""
        return b"".join(sorted(set(self.entries)))


def check_requests(session: Session, task: Task) -> Partial:
    """12.structure of requests: each names contest data of a cast ballot."""
    chunk = _Chunk(session, task, "contest_data_request", step(12))
    for raw in session.record.items(chunk.section, task.start, task.stop):
        request = chunk.read(raw, read_contest_data_request)
        if request is None:
            continue
        chunk.order(raw, _locator_key(request.ballot) + _contest_bytes(request.contest_index))
        place = chunk.at(raw, request.ballot)
        ballot = _locate(chunk, request.ballot, "12.structure", place)
        if ballot is not None:
            chunk.verdicts.evaluate({"12.structure"})
            _check_request(request, ballot, place)
            chunk.entries.append(_entry(chunk, request.ballot, request.contest_index))
        chunk.verdicts.settle()
    return replace(chunk.partial(), requested=chunk.packed())


def check_data_openings(session: Session, task: Task) -> Partial:
    """Step 12."""
    chunk = _Chunk(session, task, "contest_data_decryption", step(12))
    for raw in session.record.items(chunk.section, task.start, task.stop):
        opening = chunk.read(raw, read_contest_data)
        if opening is None:
            continue
        chunk.order(raw, _locator_key(opening.ballot) + _contest_bytes(opening.contest_index))
        place = chunk.at(raw, opening.ballot)
        ballot = _locate(chunk, opening.ballot, "12.structure", place)
        context = session.context
        if ballot is None or context is None:
            chunk.verdicts.block({"12.A", "12.B", "12.C"})
        else:
            skipped = check_contest_data_opening(context, session.engine, opening, ballot, place)
            chunk.verdicts.evaluate(step(12) - skipped)
            chunk.verdicts.block(skipped)
            chunk.entries.append(_entry(chunk, opening.ballot, opening.contest_index))
        chunk.verdicts.settle()
    return replace(chunk.partial(), answered=chunk.packed())


def check_openings(session: Session, task: Task) -> Partial:
    """Steps 13 and 14."""
    codes = step(13) | step(14)
    chunk = _Chunk(session, task, "challenged_ballot_decryption", codes)
    for raw in session.record.items(chunk.section, task.start, task.stop):
        opening = chunk.read(raw, read_challenged_ballot)
        if opening is None:
            continue
        chunk.order(raw, _locator_key(opening.ballot))
        place = chunk.at(raw, opening.ballot)
        ballot = _locate(chunk, opening.ballot, "13.structure", place)
        context = session.context
        if ballot is None or context is None:
            chunk.verdicts.block(codes - {"13.structure", "14.structure"})
        else:
            skipped = check_opened_ballot(context, session.engine, opening, ballot, place)
            without_data = all(contest.contest_data is None for contest in ballot.contests)
            chunk.verdicts.evaluate(codes - skipped - ({"13.A"} if without_data else set()))
            chunk.verdicts.block(skipped)
            if ballot.status is BallotStatus.CHALLENGED:
                chunk.entries.append(_entry(chunk, opening.ballot))
        chunk.verdicts.settle()
    return replace(chunk.partial(), opened=chunk.packed())


def check_releases(session: Session, task: Task) -> Partial:
    """Nonces of uncast pre-encrypted ballots: there are no such ballots that this verifier could read."""
    chunk = _Chunk(session, task, "uncast_nonce_release", frozenset())
    for raw in session.record.items(chunk.section, task.start, task.stop):
        if chunk.read(raw, lambda item: item.uncast_nonce_release) is not None:
            chunk.verdicts.found(
                "R.version",
                chunk.section.place(raw.ordinal),
                "releases of pre-encrypted ballots are not supported by this verifier",
            )
    return chunk.partial()


def _locate(chunk: _Chunk, locator: BallotLocator, code: str, place: Findings) -> EncryptedBallot | None:
    """The ballot that a locator names; `code` where there is none."""
    if chunk.session.context is None:
        return None
    try:
        return ballot_at(chunk.session, locator)
    except LocatorProblem as problem:
        place.add(code, str(problem))
    except UnreadBallot:
        pass
    return None


def device_section(locator: BallotLocator) -> Section | None:
    """The section of the regular device that a locator names."""
    if locator.kind != DeviceKind.REGULAR:
        return None
    return Section(SectionType.DEVICE, bytes((locator.kind,)) + locator.h_di)


def ballot_at(session: Session, locator: BallotLocator) -> EncryptedBallot:
    """The ballot at a place; raises LocatorProblem where there is none, UnreadBallot where it cannot be read."""
    section = device_section(locator)
    if section is None:
        raise LocatorProblem("it names a ballot of a pre-encrypting device")
    if section not in session.numbers:
        raise LocatorProblem(f"it names a ballot of device {locator.h_di.hex()}, which the record does not have")
    missing = LocatorProblem(f"it names ballot {locator.position} of {section.title}, which does not exist")
    if locator.position < 1:
        raise missing
    raw = session.item_at(section, locator.position)
    if raw is None:
        raise missing
    if raw.item is None or len(raw.data) > session.ballot_bytes:
        raise UnreadBallot
    if raw.item.WhichOneof("item") != "encrypted_ballot":
        raise missing
    try:
        return read_ballot(raw.item)
    except StructureProblem:
        raise UnreadBallot from None


def _check_request(request: ContestDataRequest, ballot: EncryptedBallot, place: Findings) -> None:
    if request.h_i != ballot.h_i:
        place.add("12.structure", "the request carries another H_I than the ballot that it names")
    if ballot.status is not BallotStatus.CAST:
        place.add("12.structure", "the ballot is not recorded as cast")
    contests = {contest.index: contest for contest in ballot.contests}
    contest = contests.get(request.contest_index)
    if contest is None or contest.contest_data is None:
        place.add("12.structure", f"the ballot has no contest data for contest {request.contest_index}")


def _entry(chunk: _Chunk, locator: BallotLocator, contest: int | None = None) -> bytes:
    section = Section(SectionType.DEVICE, bytes((locator.kind,)) + locator.h_di)
    place = place_bytes(chunk.session.numbers[section], locator.position)
    return place if contest is None else place + _contest_bytes(contest)


def _contest_bytes(index: int) -> bytes:
    return index.to_bytes(4, "big")


def _locator_key(locator: BallotLocator) -> bytes:
    return bytes((locator.kind,)) + locator.h_di + locator.position.to_bytes(8, "big")

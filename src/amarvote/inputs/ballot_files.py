"""Files of ballots in the clear, read strictly and as streams.

JSON lines `{"ballot_id", "style", "votes": {contest: {option: n}}, "write_ins": {contest: text}}`, or CSV with the
columns `ballot_id,style,contest,option,value`: one row a mark, the rows of a ballot together, and one row with the
last three columns empty for a ballot without any mark. Both are shown in `examples/small`.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from amarvote.electionguard.manifest import BallotStyle, Manifest
from amarvote.inputs.ballot_lines import Faults, Note, text_lines
from amarvote.inputs.ballot_rules import BallotLine, BallotRules
from amarvote.inputs.errors import BallotFileError, InputError
from amarvote.inputs.given_files import open_given
from amarvote.inputs.json_values import JsonError, parse_json, quoted
from amarvote.inputs.seen_ids import SeenIds

CSV_COLUMNS = ["ballot_id", "style", "contest", "option", "value"]
_MEMBERS = {"ballot_id", "style", "votes", "write_ins"}


def read_ballots(path: Path, manifest: Manifest) -> Iterator[BallotLine]:
    """The ballots of a `.jsonl` or `.csv` file, in order.

    Raises BallotFileError with every fault and its line, once the whole file is read; from the first fault on
    nothing more is yielded. So read it once to its end before anything is done with a ballot. Raises InputError
    where the file cannot be read at all.
    """
    reader = {".jsonl": _json_ballots, ".csv": _csv_ballots}.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path} must end in .jsonl or .csv, so that it is clear what it holds.")
    faults = Faults()
    ballots = 0
    try:
        with open_given(path) as file, SeenIds() as seen:
            for ballot in reader(file, BallotRules(manifest), faults, seen):
                ballots += 1
                if ballot is not None and not faults.total:
                    yield ballot
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror}.") from None
    if not ballots and not faults.total:
        faults.add(0, "the file holds no ballot")
    if faults.total:
        raise BallotFileError(str(path), faults.listed, faults.total)


def _new_id(value: object, line: int, rules: BallotRules, seen: SeenIds, note: Note) -> str | None:
    """The identifier of a ballot that begins in `line`; None and a fault where it is none, or was used before."""
    ballot_id = rules.ballot_id(value, note)
    if ballot_id is not None:
        first = seen.first_line(ballot_id, line)
        if first != line:
            note(f"ballot_id {quoted(ballot_id)} was used in line {first} already")
            return None
    return ballot_id


def _json_ballots(
    file: BinaryIO, rules: BallotRules, faults: Faults, seen: SeenIds
) -> Iterator[BallotLine | None]:
    """Each ballot of the file; None for one with faults."""
    for number, text in text_lines(file, faults):
        try:
            value = parse_json(text)
        except JsonError as problem:
            faults.add(number, str(problem))
            continue
        if not isinstance(value, dict):
            faults.add(number, "a ballot must be a JSON object")
            continue
        before = faults.total
        note = faults.at(number)
        for name in sorted(set(value) - _MEMBERS):
            note(f"a ballot has no member {quoted(name)}")
        ballot_id = _new_id(value.get("ballot_id"), number, rules, seen, note)
        style = rules.style(value.get("style"), note)
        votes = _json_votes(value.get("votes"), style, rules, note)
        write_ins = _json_write_ins(value.get("write_ins", {}), style, rules, note)
        ballot = None
        if ballot_id is not None and style is not None and faults.total == before:
            ballot = BallotLine(number, ballot_id, style.id, votes, write_ins)
            rules.write_ins_fit(ballot, note)
        yield ballot


def _json_votes(
    value: object, style: BallotStyle | None, rules: BallotRules, note: Note
) -> dict[str, dict[str, int]]:
    votes: dict[str, dict[str, int]] = {}
    if not isinstance(value, dict):
        note("votes must be an object: contest -> option -> number")
        return votes
    for contest_id, options in value.items():
        contest = rules.contest(contest_id, style, note)
        if contest is None:
            continue
        if not isinstance(options, dict):
            note(f"contest {quoted(contest_id)}: the votes must be an object: option -> number")
            continue
        votes[contest.id] = {
            option_id: number
            for option_id, number in options.items()
            if rules.option(option_id, contest, note) and rules.votes(number, contest, option_id, note)
        }
    return votes


def _json_write_ins(value: object, style: BallotStyle | None, rules: BallotRules, note: Note) -> dict[str, str]:
    texts: dict[str, str] = {}
    if not isinstance(value, dict):
        note("write_ins must be an object: contest -> text")
        return texts
    for contest_id, text in value.items():
        contest = rules.contest(contest_id, style, note)
        if contest is None:
            continue
        if not isinstance(text, str):
            note(f"contest {quoted(contest_id)}: a write-in must be a text")
        else:
            texts[contest.id] = text
    return texts


class _CsvBallot:
    """The rows of one ballot, as far as they are read."""

    def __init__(self, line: int, ballot_id: str | None, style_id: str, style: BallotStyle | None) -> None:
        self.line = line
        self.ballot_id = ballot_id
        self.style_id = style_id
        self.style = style
        self.votes: dict[str, dict[str, int]] = {}
        self.faulty = ballot_id is None or style is None

    def ballot(self) -> BallotLine | None:
        """The ballot, all of its rows being read; None where one has a fault."""
        if self.ballot_id is None or self.faulty:
            return None
        return BallotLine(self.line, self.ballot_id, self.style_id, self.votes)


def _csv_ballots(file: BinaryIO, rules: BallotRules, faults: Faults, seen: SeenIds) -> Iterator[BallotLine | None]:
    """Each ballot of the file; None for one with faults."""
    current: _CsvBallot | None = None
    current_id = ""
    header_read = False
    for number, text in text_lines(file, faults):
        row = _csv_row(text, number, faults)
        if row is None:
            continue
        if not header_read:
            header_read = True
            if row != CSV_COLUMNS:
                faults.add(number, _header_fault(text))
                return
            continue
        if len(row) != len(CSV_COLUMNS):
            faults.add(number, f"{len(row)} columns instead of {len(CSV_COLUMNS)}")
            continue
        note = faults.at(number)
        if current is None or row[0] != current_id:
            if current is not None:
                yield current.ballot()
            current_id = row[0]
            ballot_id = _new_id(row[0], number, rules, seen, note)
            current = _CsvBallot(number, ballot_id, row[1], rules.style(row[1], note))
        elif row[1] != current.style_id:
            note(f"ballot {quoted(row[0])} has style {quoted(current.style_id)} in line {current.line}")
            current.faulty = True
            continue
        before = faults.total
        _csv_mark(row[2:], current, rules, note)
        current.faulty = current.faulty or faults.total > before
    if current is not None:
        yield current.ballot()


def _header_fault(text: str) -> str:
    fault = f"the first line must be {','.join(CSV_COLUMNS)}"
    for separator, name in ((";", "“;”"), ("\t", "tabs")):
        if separator in text:
            return f"{fault}; this file's columns are separated by {name}, save it with commas"
    return fault


def _csv_row(text: str, number: int, faults: Faults) -> list[str] | None:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as problem:
        faults.add(number, f"not CSV: {problem}")
        return None
    return rows[0] if rows else None


def _csv_mark(row: list[str], ballot: _CsvBallot, rules: BallotRules, note: Note) -> None:
    contest_id, option_id, digits = row
    if not (contest_id or option_id or digits):
        return
    contest = rules.contest(contest_id, ballot.style, note)
    if contest is None or not rules.option(option_id, contest, note):
        return
    value: Any = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 10 else digits
    if not rules.votes(value, contest, option_id, note):
        return
    marks = ballot.votes.setdefault(contest.id, {})
    if option_id in marks:
        note(f"contest {quoted(contest.id)}, option {quoted(option_id)} has a row in this ballot already")
    marks[option_id] = value

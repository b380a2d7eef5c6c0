"""What a ballot in the clear may say, given the manifest; used by the readers of both file formats."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from amarvote.electionguard.encryption import MAX_VALUE, BallotInputError, plan_votes
from amarvote.electionguard.manifest import BallotStyle, Contest, Manifest
from amarvote.inputs.ballot_lines import Note
from amarvote.inputs.json_values import quoted

LONGEST_BALLOT_ID = 256
"""Characters of a ballot's identifier."""


@dataclass(frozen=True, slots=True)
class BallotLine:
    """One ballot as it stands in the file: contest id -> option id -> votes; zeros and blanks may be left out.

    More votes than the contest allows are an overvote, which is not a fault.
    """

    line: int
    ballot_id: str
    style: str
    votes: Mapping[str, Mapping[str, int]]
    write_ins: Mapping[str, str] = field(default_factory=dict)


class BallotRules:
    """The manifest's styles, contests and options, looked up by their ids."""

    def __init__(self, manifest: Manifest) -> None:
        self._styles = {style.id: style for style in manifest.styles}
        self._contests = {contest.id: contest for contest in manifest.contests}
        self._options = {
            contest.id: {option.id: option.index for option in contest.options} for contest in manifest.contests
        }
        self._manifest = manifest

    def ballot_id(self, value: object, note: Note) -> str | None:
        """The identifier, or None and a fault."""
        if not isinstance(value, str) or not value:
            note("ballot_id must be a text that is not empty")
        elif len(value) > LONGEST_BALLOT_ID:
            note(f"ballot_id {quoted(value)} is longer than {LONGEST_BALLOT_ID} characters")
        elif not value.isprintable() or value != value.strip():
            note(f"ballot_id {quoted(value)} has blanks at its ends, or characters that cannot be printed")
        else:
            return value
        return None

    def style(self, value: object, note: Note) -> BallotStyle | None:
        """The style, or None and a fault."""
        style = self._styles.get(value) if isinstance(value, str) else None
        if style is None:
            note(f"the manifest has no ballot style {quoted(value)}")
        return style

    def contest(self, value: object, style: BallotStyle | None, note: Note) -> Contest | None:
        """The contest, or None and a fault; where the style is known, it must have the contest."""
        contest = self._contests.get(value) if isinstance(value, str) else None
        if contest is None:
            note(f"the manifest has no contest {quoted(value)}")
        elif style is not None and contest.index not in style.contest_indices:
            note(f"ballot style {quoted(style.id)} does not have contest {quoted(contest.id)}")
            return None
        return contest

    def option(self, value: object, contest: Contest, note: Note) -> bool:
        """Whether the contest has this option; else a fault."""
        known = isinstance(value, str) and value in self._options[contest.id]
        if not known:
            note(f"contest {quoted(contest.id)} has no option {quoted(value)}")
        return known

    def votes(self, value: object, contest: Contest, option_id: object, note: Note) -> bool:
        """Whether this is a number of votes; else a fault."""
        valid = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_VALUE
        if not valid:
            note(
                f"contest {quoted(contest.id)}, option {quoted(option_id)}: the votes must be a whole number "
                f"from 0 to {MAX_VALUE}, not {quoted(value)}"
            )
        return valid

    def write_ins_fit(self, ballot: BallotLine, note: Note) -> None:
        """Note a write-in that the encryptor would have no room for."""
        if not ballot.write_ins:
            return
        indices = {
            contest_id: self._contests[contest_id].index for contest_id in (*ballot.votes, *ballot.write_ins)
        }
        votes = {
            indices[contest_id]: {self._options[contest_id][option_id]: n for option_id, n in options.items()}
            for contest_id, options in ballot.votes.items()
        }
        texts = {indices[contest_id]: text for contest_id, text in ballot.write_ins.items()}
        try:
            plan_votes(self._manifest, ballot.style, votes, texts)
        except BallotInputError as problem:
            note(str(problem))

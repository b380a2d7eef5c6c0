"""The manifest: what is voted on, read strictly from the exact bytes that H_B (5) binds.

Source: section 3.1.3 of the specification, and the manifest file of EGRF v2. The specification's *label* is `id`
here. Unknown members are ignored; they are bound by H_B all the same.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amarvote.electionguard.errors import ElectionGuardError, ManifestError
from amarvote.electionguard.manifest_json import Place, Problems, UniqueIds, read_json, shown

MEDIA_TYPE = "application/vnd.electionguard.manifest+json;format=1"

MAX_OPTION_LIMIT = 16
"""The greatest R that this project accepts: proofs grow with it."""

MAX_SELECTION_LIMIT = 256
"""The greatest L that this project accepts: proofs grow with it."""

MAX_CONTEST_DATA_BLOCKS = 1024
"""The greatest b of contest data (32 KiB a contest); the 2^24 of the specification are more than a chunk holds."""

MAX_WRITE_IN_FIELDS = 256

NOT_SUPPORTED = {
    "preEncryptedBallots": "pre-encrypted ballots",
    "preEncrypted": "pre-encrypted ballots",
    "hashTrimmingFunction": "pre-encrypted ballots (a hash-trimming function)",
}
"""Members that would ask for what this project does not do, and what each asks for."""


class NotInManifestError(ElectionGuardError, LookupError):
    """A contest or a ballot style that the manifest does not have."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option (choice) of a contest; `index` is ind_o, from 1."""

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Contest:
    """One contest; `index` is ind_c, from 1.

    `selection_limit` is L, `option_limit` R, `contest_data_blocks` the b of section 3.3.10 (0: no contest data).
    """

    index: int
    id: str
    name: str
    selection_limit: int
    option_limit: int
    options: tuple[Option, ...]
    contest_data_blocks: int = 0
    write_in_fields: int = 0


@dataclass(frozen=True, slots=True)
class BallotStyle:
    """One ballot style: the contests on its ballots, by index, ascending."""

    index: int
    id: str
    name: str
    contest_indices: tuple[int, ...]


@dataclass(frozen=True)
class Manifest:
    """A manifest that passed every rule, beside the very bytes it was read from.

    `name` is the electionName, or the electionId where there is none.
    """

    raw: bytes
    election_id: str
    name: str
    chaining_mode: int
    contests: tuple[Contest, ...]
    styles: tuple[BallotStyle, ...]
    date: str | None = None
    election_type: str | None = None
    jurisdiction: str | None = None
    location: str | None = None

    @cached_property
    def _contests_by_id(self) -> dict[str, Contest]:
        return {contest.id: contest for contest in self.contests}

    @cached_property
    def _styles_by_id(self) -> dict[str, BallotStyle]:
        return {style.id: style for style in self.styles}

    def contest(self, index: int) -> Contest:
        """The contest of this index (from 1); NotInManifestError where there is none."""
        if not 1 <= index <= len(self.contests):
            raise NotInManifestError(f"The manifest has no contest {index}; it has {len(self.contests)}.")
        return self.contests[index - 1]

    def contest_by_id(self, contest_id: str) -> Contest:
        """The contest of this identifier; NotInManifestError where there is none."""
        try:
            return self._contests_by_id[contest_id]
        except KeyError:
            raise NotInManifestError(f"The manifest has no contest {contest_id!r}.") from None

    def style(self, style_id: str) -> BallotStyle:
        """The ballot style of this identifier; NotInManifestError where there is none."""
        try:
            return self._styles_by_id[style_id]
        except KeyError:
            raise NotInManifestError(f"The manifest has no ballot style {style_id!r}.") from None


def parse_manifest(raw: bytes) -> Manifest:
    """The manifest in these bytes (at most 16 MiB); ManifestError lists every problem with its place."""
    problems = Problems()
    document = read_json(raw, problems)
    manifest = None if problems.unreadable else _manifest(raw, document, problems)
    if manifest is None or problems:
        raise ManifestError(problems.sentences())
    return manifest


def manifest_bytes(
    election_id: str,
    contests: Sequence[Mapping[str, Any]],
    styles: Sequence[Mapping[str, Any]],
    **members: Any,
) -> bytes:
    """A manifest file made from plain data, in the file's own member names, checked by `parse_manifest`.

    Left out and filled in: `index` everywhere; `name` (the id); both limits (1). A choice may be just its id.
    `members` are further members of the file: `chainingMode`, `electionName`, and so on.
    """
    document: dict[str, Any] = {"electionId": election_id, "chainingMode": 0, **members}
    document["contests"] = [
        {
            "index": position,
            "name": contest["id"],
            "selectionLimit": 1,
            "optionSelectionLimit": 1,
            **contest,
            "choices": _plain_choices(contest["choices"]),
        }
        for position, contest in enumerate(contests, 1)
    ]
    document["ballotStyles"] = [{"name": style["id"], **style} for style in styles]
    # Surrogates pass through here so that the parser, not the encoder, names the fault.
    raw = json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    parse_manifest(raw)
    return raw


def _plain_choices(choices: Sequence[Any]) -> list[dict[str, Any]]:
    plain = [{"id": choice} if isinstance(choice, str) else dict(choice) for choice in choices]
    return [{"index": position, "name": choice["id"], **choice} for position, choice in enumerate(plain, 1)]


def _manifest(raw: bytes, document: object, problems: Problems) -> Manifest | None:
    top = Place(problems, "")
    members = top.as_object(document, "the manifest")
    if members is None:
        return None
    for member, meaning in NOT_SUPPORTED.items():
        if members.get(member) not in (None, False):
            top.add(f"{member} asks for {meaning}, which this program does not support")
    election_id = top.label(members, "electionId")
    name = top.optional_text(members, "electionName")
    chaining_mode = top.integer(members, "chainingMode", 0, 1, default=0)
    contests = _contests(members, top)
    return Manifest(
        raw=raw,
        election_id=election_id,
        name=name if name else election_id,
        chaining_mode=chaining_mode,
        contests=contests,
        styles=_styles(members, contests, top),
        date=top.optional_text(members, "electionDate"),
        election_type=top.optional_text(members, "electionType"),
        jurisdiction=top.optional_text(members, "jurisdiction"),
        location=top.optional_text(members, "location"),
    )


def _contests(members: Mapping[str, Any], top: Place) -> tuple[Contest, ...]:
    contests = []
    ids = UniqueIds("contest")
    for position, value in enumerate(top.items(members, "contests"), 1):
        place = top.at(f"contest {position}")
        contest = place.as_object(value, "the contest")
        if contest is None:
            continue
        place.position(contest, position)
        contest_id = place.label(contest, "id")
        ids.note(contest_id, place)
        if place.items(contest, "supplementalFields", required=False):
            place.add("supplementalFields asks for supplemental fields, which this program does not support")
        contests.append(
            Contest(
                index=position,
                id=contest_id,
                name=place.text(contest, "name"),
                selection_limit=place.integer(contest, "selectionLimit", 1, MAX_SELECTION_LIMIT),
                option_limit=place.integer(contest, "optionSelectionLimit", 1, MAX_OPTION_LIMIT),
                options=_options(contest, place),
                contest_data_blocks=place.integer(
                    contest, "contestDataBlocks", 1, MAX_CONTEST_DATA_BLOCKS, default=0
                ),
                write_in_fields=place.integer(contest, "writeInFieldCount", 0, MAX_WRITE_IN_FIELDS, default=0),
            )
        )
    return tuple(contests)


def _options(contest: Mapping[str, Any], contest_place: Place) -> tuple[Option, ...]:
    options = []
    ids = UniqueIds("choice")
    for position, value in enumerate(contest_place.items(contest, "choices"), 1):
        place = contest_place.at(f"choice {position}")
        choice = place.as_object(value, "the choice")
        if choice is None:
            continue
        place.position(choice, position)
        choice_id = place.label(choice, "id")
        ids.note(choice_id, place)
        options.append(Option(position, choice_id, place.text(choice, "name")))
    return tuple(options)


def _styles(members: Mapping[str, Any], contests: tuple[Contest, ...], top: Place) -> tuple[BallotStyle, ...]:
    index_of = {contest.id: contest.index for contest in contests}
    styles = []
    ids = UniqueIds("ballot style")
    for position, value in enumerate(top.items(members, "ballotStyles"), 1):
        place = top.at(f"ballot style {position}")
        style = place.as_object(value, "the ballot style")
        if style is None:
            continue
        style_id = place.label(style, "id")
        ids.note(style_id, place)
        name = place.text(style, "name")
        styles.append(BallotStyle(position, style_id, name, _contest_indices(style, index_of, place)))
    return tuple(styles)


def _contest_indices(style: Mapping[str, Any], index_of: Mapping[str, int], place: Place) -> tuple[int, ...]:
    indices = set()
    named = UniqueIds("contest")
    for position, contest_id in enumerate(place.items(style, "contestIds"), 1):
        inside = place.at(f"contestIds entry {position}")
        if not isinstance(contest_id, str):
            inside.add("it must be the id of a contest, as a string")
        elif contest_id not in index_of:
            inside.add(f"the manifest has no contest {shown(contest_id)}")
        else:
            named.note(contest_id, inside)
            indices.add(index_of[contest_id])
    return tuple(sorted(indices))

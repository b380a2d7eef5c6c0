"""An open record as the tasks of one verification share it in one process: sections, context, tables of powers."""

from functools import cached_property, lru_cache

from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.manifest import Manifest
from amarvote.record.reader import RawItem, Record
from amarvote.record.sections import Phase, Section, SectionType
from amarvote.record.verifier.catalogue import PHASE_OF
from amarvote.record.verifier.setup_task import Setup, context_of, read_setup

STRINGS_BYTES = 64 * 1024
"""What a ballot may take beside its numbers: style, reference, framing."""


class Session:
    """A record up to `phase`: sections of later phases are as if they were not there."""

    def __init__(self, record: Record, phase: Phase) -> None:
        self.record = record
        self.phase = phase
        self.sections: tuple[Section, ...] = tuple(
            section for section in record.sections() if section.phase <= phase
        )
        self.numbers: dict[Section, int] = {section: number for number, section in enumerate(self.sections)}

    @cached_property
    def _setup(self) -> Setup:
        return read_setup(self.record)

    @cached_property
    def context(self) -> Context | None:
        """The election's constants as recorded; None where steps 1 or 4 fail: then nothing is computed."""
        return context_of(self._setup)

    @property
    def stated_h_e(self) -> bytes | None:
        """H_E as recorded, right or wrong; None where it cannot be read."""
        return None if self._setup.keys is None else self._setup.keys.h_e

    @property
    def engine(self) -> Engine:
        """Tables of g, and of K and K̂ where there are any."""
        if self.context is None:
            return _engine(1, 1)
        return _engine(self.context.joint_key, self.context.joint_data_key)

    def reads(self, code: str) -> bool:
        """Whether a check belongs to the phases that are verified."""
        return PHASE_OF[code] <= self.phase

    @cached_property
    def ballot_bytes(self) -> int:
        """The most that a ballot of this manifest can take; a larger item is not worth decoding."""
        return _ballot_bytes(self.context.manifest) if self.context is not None else STRINGS_BYTES

    def single(self, kind: SectionType) -> Section | None:
        """The section of a type that has no key, where the record has it."""
        section = Section(kind)
        return section if section in self.numbers else None

    def count(self, section: Section) -> int:
        """How many items a section has."""
        return self.record.count(section)

    def item_at(self, section: Section, ordinal: int) -> RawItem | None:
        """One item of a section."""
        return next(self.record.items(section, ordinal, ordinal + 1), None)


@lru_cache(maxsize=1)
def _engine(joint_key: int, joint_data_key: int) -> Engine:
    """Kept from task to task: making the tables takes as long as checking a few ballots."""
    engine = Engine()
    engine.prepare(joint_key, joint_data_key)
    return engine


def _ballot_bytes(manifest: Manifest) -> int:
    total = STRINGS_BYTES
    for contest in manifest.contests:
        total += len(contest.options) * (1024 + 64 * (contest.option_limit + 1) + 32)
        total += 64 * (contest.selection_limit + 1) + 1024 + 32 * contest.contest_data_blocks
    return total

"""What the child keeps between chunks: the tables of one election, and the opened record of one."""

from collections.abc import Iterator
from contextlib import contextmanager

from gmpy2 import mpz

from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Finding
from amarvote.electionguard.manifest import parse_manifest
from amarvote.pipeline.computing.asking import Ask, ParentKeeps
from amarvote.pipeline.messages import Message
from amarvote.record.kept_files import KeptFiles
from amarvote.record.reader import Record

CONSTANTS = 3
"""manifest, K, K̂: the first parts of a message about an election whose keys are known."""


class ComputeError(Exception):
    """The work cannot be done on what was given; the message says which ballot, file or guardian, and why."""


def plain(finding: Finding) -> dict[str, str]:
    """A finding as JSON."""
    return {"code": finding.code, "where": finding.where, "message": finding.message}


class Kit:
    """Tables and context, bounded: those of the election that came last. Making them takes a tenth of a second."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._context: Context | None = None
        self._record: tuple[ParentKeeps, Record] | None = None
        self.engine = Engine()

    def context(self, message: Message) -> Context:
        """The election's constants, with the tables of g, K and K̂ in `engine`."""
        h_e = bytes.fromhex(message.fields["h_e"])
        if self._context is None or self._context.h_e != h_e:
            manifest, joint_key, joint_data_key = message.parts[:CONSTANTS]
            self._context = None
            self.engine = Engine()
            context = Context.derive(
                parse_manifest(manifest),
                message.fields["n"],
                message.fields["k"],
                mpz.from_bytes(joint_key, "big"),
                mpz.from_bytes(joint_data_key, "big"),
            )
            if context.h_e != h_e:
                raise ComputeError("The election's stored constants do not hash to its stored H_E.")
            self.engine.prepare(context.joint_key, context.joint_data_key)
            self._context = context
        return self._context

    @contextmanager
    def record(self, message: Message) -> Iterator[Record]:
        """The written record that the message is about. What is kept of it are names of files, and no bytes."""
        keeper = ParentKeeps(self._ask, message.fields["election"], message.fields["writing"])
        kept, self._record = self._record, None
        if kept is None or kept[0] != keeper:
            kept = (keeper, Record(KeptFiles(keeper)))
        yield kept[1]
        kept[1].let_go()
        self._record = kept  # where the work failed it is opened anew

    @staticmethod
    def parts(message: Message) -> tuple[bytes, ...]:
        """The parts after the constants."""
        return message.parts[CONSTANTS:]

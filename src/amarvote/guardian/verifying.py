"""Verifying the record before answering for it: checks 1 to 9 and the root, on an own copy (rule 16).

It is done in chunks whose outcomes are kept, so that an agent that was killed goes on where it was.
"""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from amarvote.electionguard.context import Context
from amarvote.electionguard.errors import Finding
from amarvote.guardian.errors import Alarm
from amarvote.guardian.record_copy import download
from amarvote.guardian.telling import Teller
from amarvote.guardian.verified_record import CopyChanged, VerifiedRecord, read_setup, read_verified
from amarvote.participants.files import private_folder, read_bounded, write_durably
from amarvote.participants.service import Service
from amarvote.record.errors import UnreadableRecord
from amarvote.record.reader import Record, open_record
from amarvote.record.sections import Phase
from amarvote.record.verifier import Partial, Task, VerificationReport, conclude, merge, plan, run_task

LARGEST_NOTE = 4096
LARGEST_PARTIAL = 64 << 20
FINDINGS_SHOWN = 5
MERGE_EVERY = 16


class RecordRefused(Alarm):
    """The published record does not verify; this guardian opens nothing."""


class OwnCopy:
    """The copy of the record in a guardian's home, and the note of the root that it verified with."""

    def __init__(self, home: Path, h_e: bytes, teller: Teller) -> None:
        self._teller = teller
        self._folder = home / "record"
        self._changed = home / "record-changed"
        self._chunks = home / "verified-chunks"
        self._note = home / "verified.json"
        self._shown = home / "verifying"
        self._h_e = h_e
        self._root: bytes | None = None

    def root(self, service: Service) -> bytes:
        """The aggregated root of the record; downloads and verifies where that was not done yet.

        Raises RecordRefused with what was found, GuardianError where the record is another election's.
        """
        if self._root is None:
            self._root = self._noted()
        if self._root is None:
            self._teller.say("The election is counted. This agent downloads the record and verifies it.")
            download(service, self._folder)
            self._root = self._verify()
            write_durably(self._note, json.dumps({"h_e": self._h_e.hex(), "root": self._root.hex()}).encode())
            shutil.rmtree(self._chunks, ignore_errors=True)
        return self._root

    def opened(self, service: Service) -> VerifiedRecord:
        """What there is to open, read from the copy anew; RecordRefused where its root is no more `root`."""
        try:
            record = read_verified(self._folder, self.root(service))
        except (UnreadableRecord, CopyChanged):
            self._root = None
            self._note.unlink(missing_ok=True)
            shutil.rmtree(self._chunks, ignore_errors=True)
            shutil.rmtree(self._changed, ignore_errors=True)
            with suppress(FileNotFoundError):
                self._folder.rename(self._changed)
            raise RecordRefused(
                "The copy of the record on this machine is not any more what this guardian verified, and nothing "
                f"of it is opened; it is in {self._changed} now. Find out what changed it, then start the agent "
                "again: it downloads the record and verifies it anew."
            ) from None
        self._require_ours(record.context)
        return record

    def _require_ours(self, context: Context) -> None:
        if context.h_e != self._h_e:
            raise Alarm(
                f"The record is of the election {context.h_e.hex()}, but this guardian's key is of "
                f"{self._h_e.hex()}. It opens nothing of other elections."
            )

    def _noted(self) -> bytes | None:
        if not self._note.exists():
            return None
        try:
            note = json.loads(read_bounded(self._note, LARGEST_NOTE))
            return bytes.fromhex(note["root"]) if note["h_e"] == self._h_e.hex() else None
        except (ValueError, KeyError, TypeError):
            return None

    def _verify(self) -> bytes:
        try:
            with open_record(self._folder) as record:
                report = self._report(record)
                require_passed(report)
                self._require_ours(read_setup(record)[0])
        except (UnreadableRecord, Alarm) as problem:
            # Nothing of it is kept: what the service shows next is looked at from the start.
            shutil.rmtree(self._folder, ignore_errors=True)
            shutil.rmtree(self._chunks, ignore_errors=True)
            raise RecordRefused(str(problem)) from None
        root = report.roots[Phase.AGGREGATED]
        self._teller.say(f"The record verifies; its root is {root.hex()}.")
        return root

    def _report(self, record: Record) -> VerificationReport:
        private_folder(self._chunks)
        tasks = plan(record, Phase.AGGREGATED)
        whole = Partial(phase=Phase.AGGREGATED)
        waiting: list[Partial] = []
        for task in tasks:
            waiting.append(self._outcome(record, task))
            if len(waiting) >= MERGE_EVERY:
                whole, waiting = merge([whole, *waiting]), []
            self._shown.write_text(f"{task.ordinal + 1} {len(tasks)}\n")
            self._teller.update("verifying", task.ordinal + 1, len(tasks))
        return conclude(record, merge([whole, *waiting]))

    def _outcome(self, record: Record, task: Task) -> Partial:
        kept = self._chunks / f"{task.ordinal:08}"
        if kept.exists():
            return Partial.from_bytes(read_bounded(kept, LARGEST_PARTIAL))
        partial = run_task(record, task)
        write_durably(kept, partial.to_bytes())
        return partial


def require_passed(report: VerificationReport) -> None:
    """RecordRefused with the first findings unless the record passed."""
    if not report.passed:
        raise RecordRefused(_words(report.findings))


def _words(findings: Sequence[Finding]) -> str:
    listed = "; ".join(f"{one.code} at {one.where}: {one.message}" for one in findings[:FINDINGS_SHOWN])
    more = f"; and {len(findings) - FINDINGS_SHOWN} more" if len(findings) > FINDINGS_SHOWN else ""
    return f"The record does not verify: {listed or 'something in it could not be read'}{more}. Nothing is opened."

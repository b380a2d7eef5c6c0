"""Verifying the record before answering for it: checks 1 to 9 and the root, on an own copy (rule 16)."""

import json
import logging
import shutil
from pathlib import Path

from amarvote.electionguard.errors import Finding
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.record_copy import download
from amarvote.guardian.verified_record import VerifiedRecord, read_verified
from amarvote.participants.files import read_bounded, write_durably
from amarvote.participants.service import Service
from amarvote.record.sections import Phase
from amarvote.record.verifier import verify_record

log = logging.getLogger(__name__)

LARGEST_NOTE = 4096
FINDINGS_SHOWN = 5


class RecordRefused(GuardianError):  # noqa: N818 - reads as what happened
    """The published record does not verify; this guardian opens nothing."""

    def __init__(self, findings: list[Finding]) -> None:
        listed = "; ".join(f"{one.code} at {one.where}: {one.message}" for one in findings[:FINDINGS_SHOWN])
        more = f"; and {len(findings) - FINDINGS_SHOWN} more" if len(findings) > FINDINGS_SHOWN else ""
        super().__init__(f"The record does not verify: {listed}{more}. Nothing is opened.")


class OwnCopy:
    """The copy of the record in a guardian's home, and the note of the root that it verified with."""

    def __init__(self, home: Path, h_e: bytes) -> None:
        self._folder = home / "record"
        self._note = home / "verified.json"
        self._h_e = h_e

    def verified(self, service: Service) -> tuple[bytes, VerifiedRecord]:
        """The aggregated root and what to open; downloads and verifies where that was not done yet.

        Raises RecordRefused with what was found, GuardianError where the record is another election's.
        """
        root = self._noted()
        if root is None:
            root = self._verify(service)
            write_durably(self._note, json.dumps({"h_e": self._h_e.hex(), "root": root.hex()}).encode())
        record = read_verified(self._folder)
        if record.context.h_e != self._h_e:
            raise GuardianError(
                f"The record is of the election {record.context.h_e.hex()}, but this guardian's key is of "
                f"{self._h_e.hex()}. It opens nothing of other elections."
            )
        return root, record

    def forget(self) -> None:
        """Drop the copy: the service announces another root."""
        self._note.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _noted(self) -> bytes | None:
        if not self._note.exists():
            return None
        try:
            note = json.loads(read_bounded(self._note, LARGEST_NOTE))
            return bytes.fromhex(note["root"]) if note["h_e"] == self._h_e.hex() else None
        except (ValueError, KeyError, TypeError):
            return None

    def _verify(self, service: Service) -> bytes:
        download(service, self._folder)
        report = verify_record(self._folder, phase=Phase.AGGREGATED)
        if report.findings:
            raise RecordRefused(list(report.findings))
        root = report.roots[Phase.AGGREGATED]
        log.info("the record verifies; its aggregated root is %s", root.hex())
        return root

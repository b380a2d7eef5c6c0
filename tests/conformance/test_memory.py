"""Verifying takes no more memory for a larger record."""

import subprocess
import sys
from pathlib import Path

from conformance.elections import Election, set_up

PEAK = r"""
import re, sys
from functools import lru_cache
from pathlib import Path
from amarvote.electionguard import engine
from amarvote.record.sections import Phase
from amarvote.record.verifier import verify_record

# Every ballot is a copy of one: its powers are computed once.
powers = lru_cache(100)(engine.shared_powers)
engine.shared_powers = lambda base, exponents: powers(base, tuple(exponents))
report = verify_record(Path(sys.argv[1]), Phase.AGGREGATED, processes=1)
# Not ru_maxrss: that counts what the parent had when it started this process.
print(report.counts, int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]))
"""

SMALL, LARGE = 200, 1000
KIB_A_BALLOT = 1.5
"""Half of what such a ballot takes in the record; its identifier and place are 44 bytes, and on disk."""


def repeated(count: int) -> Election:
    """One ballot over and over under other identifiers: every proof holds, no identifier hash does (5.B)."""
    election = set_up(
        0, contests=[{"id": "question", "choices": ["yes"]}], styles=[{"id": "one", "contestIds": ["question"]}]
    )
    ballots = []
    first = election.encrypt("one", {"question": {"yes": 1}})
    for number in range(count):
        ballot = type(first)(type(first.message)(), first.nonce, first.contests)
        ballot.message.CopyFrom(first.message)
        ballot.message.id_b = number.to_bytes(32, "big")
        ballots.append(ballot)
    election.add_device("hall", ballots)
    election.aggregate()
    return election


def peak_kib(count: int, root: Path) -> int:
    """The most memory that a process had which verified a record of so many ballots."""
    repeated(count).write(root)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(root)], capture_output=True, text=True, check=True, timeout=240
    )
    counts, peak = done.stdout.rsplit(" ", 1)
    assert counts == f"{{'5.B': {count}}}"
    return int(peak)


def test_memory_does_not_grow_with_the_record(tmp_path: Path) -> None:
    small = peak_kib(SMALL, tmp_path / "small")
    large = peak_kib(LARGE, tmp_path / "large")

    assert (large - small) / (LARGE - SMALL) < KIB_A_BALLOT, (small, large)
    assert large < 150 * 1024

from dataclasses import replace
from pathlib import Path

import pytest

import record_samples as samples
from amarvote.electionguard.errors import Finding
from amarvote.record.digest import MAX_FINDINGS, BoundedFindings, RecordDigest, compare_toc, digest_record
from amarvote.record.framing import frame, segment_header
from amarvote.record.items import TocEntry
from amarvote.record.reader import open_record
from amarvote.record.sections import Carrier, Phase, Section, SectionType, segment_path
from record_folder import write_segment, write_toc

GUARDIANS = Section(SectionType.GUARDIANS)


def digest(root: Path) -> RecordDigest:
    with open_record(root) as record:
        return digest_record(record)


def codes(root: Path) -> set[str]:
    return {finding.code for finding in digest(root).findings}


@pytest.mark.parametrize("phase", Phase)
def test_roots_are_those_of_the_writer(tmp_path: Path, phase: Phase) -> None:
    roots = samples.write_record(tmp_path, phase=phase)
    done = digest(tmp_path)
    assert done.roots == roots
    assert done.findings == ()


def test_an_earlier_root_stays_when_the_record_grows(tmp_path: Path) -> None:
    early = samples.write_record(tmp_path / "early", phase=Phase.AGGREGATED)
    whole = samples.write_record(tmp_path / "whole")
    assert {phase: whole[phase] for phase in early} == early


def test_progress_goes_from_first_to_last(tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    steps: list[tuple[int, int]] = []
    with open_record(tmp_path) as record:
        digest_record(record, lambda done, total: steps.append((done, total)))
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert steps[-1][0] == steps[-1][1]


def test_a_changed_item_changes_the_root_of_its_phase_and_of_those_after(tmp_path: Path) -> None:
    roots = samples.write_record(tmp_path)
    items = samples.sections()[GUARDIANS]
    write_segment(tmp_path, GUARDIANS, 0, 0, items[:2])
    done = digest(tmp_path)
    assert all(done.roots[phase] != roots[phase] for phase in Phase)
    (finding,) = done.findings
    assert (finding.code, finding.where) == ("R.root", "guardians")
    assert "has 2 items" in finding.message


def test_missing_and_early_sections(tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    (tmp_path / "aggregated/encrypted_tally.binpb").unlink()
    done = digest(tmp_path)
    assert {finding.code for finding in done.findings} == {"R.structure", "R.root"}
    assert {finding.where for finding in done.findings} == {"encrypted_tally"}


def test_what_cannot_be_read_has_no_root(tmp_path: Path) -> None:
    roots = samples.write_record(tmp_path)
    path = tmp_path / segment_path(samples.DEVICE, 1, Carrier.PROTOBUF)
    path.write_bytes(path.read_bytes()[:-1])
    done = digest(tmp_path)
    assert done.roots == {Phase.SETUP: roots[Phase.SETUP]}
    assert {finding.code for finding in done.findings} == {"R.container"}
    assert samples.DEVICE not in {entry.section for entry in done.entries}


def test_an_item_that_is_not_canonical_still_has_its_leaf(tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    item = samples.sections()[GUARDIANS][0] + b"\0"
    path = tmp_path / "setup/guardians.binpb"
    path.write_bytes(frame(segment_header(GUARDIANS, 0).SerializeToString()) + frame(item))
    done = digest(tmp_path)
    assert set(done.roots) == set(Phase)
    assert {finding.code for finding in done.findings} == {"R.encoding", "R.root"}


def test_a_stopped_record_has_no_roots(tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    (tmp_path / "stray").write_bytes(b"")
    done = digest(tmp_path)
    assert (done.roots, done.entries, {finding.code for finding in done.findings}) == ({}, (), {"R.container"})


ENTRY = TocEntry(GUARDIANS, 3, bytes(32))


@pytest.mark.parametrize(
    ("claimed", "computed", "reason"),
    [
        ([replace(ENTRY, root=bytes(31) + b"\1")], [ENTRY], "has 3 items and the root 00"),
        ([replace(ENTRY, item_count=4)], [ENTRY], "the table of contents says 4"),
        ([replace(ENTRY, critical=False)], [ENTRY], "does not call this section critical"),
        ([], [ENTRY], "does not list this section"),
    ],
)
def test_a_claim_that_is_wrong(claimed: list[TocEntry], computed: list[TocEntry], reason: str) -> None:
    (finding,) = compare_toc(claimed, computed, [GUARDIANS])
    assert (finding.code, finding.where) == ("R.root", "guardians")
    assert reason in finding.message


def test_claims_of_other_sections() -> None:
    assert compare_toc([ENTRY], [ENTRY], [GUARDIANS]) == []
    assert compare_toc([ENTRY], [], [GUARDIANS]) == []  # it could not be read: told elsewhere
    (finding,) = compare_toc([ENTRY], [], [])
    assert "lists a section that is not there" in finding.message


def test_a_wrong_claim_in_a_record_is_found(tmp_path: Path) -> None:
    samples.write_record(tmp_path)
    entries = list(digest(tmp_path).entries)
    write_toc(tmp_path, [replace(entries[0], root=bytes(32)), *entries[1:]])
    assert codes(tmp_path) == {"R.root"}


def test_findings_are_bounded_and_said_once() -> None:
    bounded = BoundedFindings()
    bounded.take([Finding("R.encoding", "a", "b")] * 2)
    assert len(bounded.all()) == 1
    bounded.take(Finding("R.encoding", str(number), "b") for number in range(MAX_FINDINGS))
    assert bounded.all()[-1].message == "there are 2 more findings"

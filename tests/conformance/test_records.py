"""Records that were made once and are kept: what is found in each stays what it was."""

import json

import pytest

from amarvote.record.verifier import verify_record
from conformance.make_records import INDEX, RECORDS

EXPECTED: dict[str, list[str]] = json.loads(INDEX.read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_kept_record_is_judged_as_ever(name: str) -> None:
    report = verify_record(RECORDS / name, processes=1)

    assert sorted({finding.code for finding in report.findings}) == sorted(EXPECTED[name])
    assert report.passed == (not EXPECTED[name])


def test_every_kept_record_is_in_the_index() -> None:
    assert {path.name for path in RECORDS.iterdir()} == {INDEX.name, *EXPECTED}


@pytest.mark.parametrize("election", ["valid-chained", "valid-unchained"])
def test_one_election_has_one_root_in_every_carrier(election: str) -> None:
    reports = [verify_record(RECORDS / name, processes=1) for name in EXPECTED if name.startswith(f"{election}.")]

    assert len(reports) == 2
    assert reports[0].roots == reports[1].roots
    assert len(reports[0].roots) == 4

"""Every check has at least one mutation that makes it fail, and nothing fails but what the mutation says."""

from pathlib import Path

import pytest

from amarvote.record.verifier import CHECKS, Outcome, verify_record
from conformance import (  # noqa: F401 - they register their mutations
    mutations_ballots,
    mutations_record,
    mutations_setup,
    mutations_tally,
)
from conformance.mutations import MUTATIONS, Mutation
from conformance.remembering import powers_remembered  # noqa: F401 - a fixture


@pytest.mark.usefixtures("powers_remembered")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_mutation_is_found_as_what_it_is(mutation: Mutation, tmp_path: Path) -> None:
    report = verify_record(mutation.write(tmp_path / "record"), processes=1)

    found = {finding.code for finding in report.findings}
    assert found == mutation.expected, [(one.code, one.where, one.message) for one in report.findings]
    assert {code for code, outcome in report.checks.items() if outcome == Outcome.FAILED} == found
    assert not report.passed


def test_every_check_has_a_mutation() -> None:
    assert {mutation.code for mutation in MUTATIONS} == {check.code for check in CHECKS}


def test_mutations_have_names_of_their_own() -> None:
    assert len({mutation.id for mutation in MUTATIONS}) == len(MUTATIONS)

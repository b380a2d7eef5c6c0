"""The verifier on whole records: valid ones, ones that stop it, in pieces, in processes, in every carrier."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amarvote.record import egrf_pb2 as pb
from amarvote.record.convert import convert_record
from amarvote.record.errors import UnreadableRecord
from amarvote.record.reader import open_record
from amarvote.record.sections import Carrier, Phase
from amarvote.record.verifier import (
    CHECKS,
    Outcome,
    Partial,
    Task,
    VerificationReport,
    conclude,
    merge,
    plan,
    planning,
    run_task,
    running,
    verify_record,
)
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.tasks import Kind
from conformance.elections import Election, chained, set_up, unchained
from conformance.mutations import flip
from conformance.record_files import phase_root, stored, toc_of, write_stored
from conformance.remembering import powers_remembered  # noqa: F401 - a fixture
from conformance.statements import attest_everything, record_statement, sign, signed

pytestmark = pytest.mark.usefixtures("powers_remembered")

LONGEST_BALLOT = 7
"""Ciphertexts of a ballot of the style town."""

BEFORE_CRYPTOGRAPHY = {"1", "2", "3", "4", "R"}


def verified(election: Election, root: Path, phase: Phase = Phase.FINAL) -> VerificationReport:
    return verify_record(election.write(root), phase, processes=1)


def outcomes(report: VerificationReport, outcome: str) -> set[str]:
    return {code for code, found in report.checks.items() if found == outcome}


@pytest.mark.parametrize(
    ("make", "idle"),
    [
        (chained, {"8.D", "R.attestation", "R.signature"}),
        (unchained, {"8.E", "8.F", "8.G", "R.attestation", "R.signature"}),
        (lambda: sign(attest_everything(chained())), {"8.D"}),
        (lambda: sign(attest_everything(unchained()), 1), {"8.E", "8.F", "8.G"}),
    ],
    ids=["chained", "unchained", "attested and signed", "unchained, attested, setup signed"],
)
def test_a_valid_record_holds_and_nothing_is_left_out(
    make: Callable[[], Election], idle: set[str], tmp_path: Path
) -> None:
    report = verified(make(), tmp_path)

    assert report.passed
    assert not report.findings
    assert not report.notes
    assert outcomes(report, Outcome.NOT_APPLICABLE) == idle
    assert outcomes(report, Outcome.PASSED) == {check.code for check in CHECKS} - idle


def test_roots_are_those_of_the_definition(tmp_path: Path) -> None:
    election = chained()
    sections = stored(election.sections())

    report = verified(election, tmp_path)

    assert report.roots == {phase: phase_root(sections, phase) for phase in Phase}


@pytest.mark.parametrize("phase", list(Phase))
def test_an_earlier_phase_is_verified_alone(phase: Phase, tmp_path: Path) -> None:
    report = verified(chained(), tmp_path, phase)

    assert report.passed
    assert list(report.roots) == [one for one in Phase if one <= phase]
    later = {check.code for check in CHECKS if check.phase > phase}
    assert later <= outcomes(report, Outcome.NOT_APPLICABLE)


def test_a_record_that_ends_early_is_verified_as_far_as_it_goes(tmp_path: Path) -> None:
    items = {key: one for key, one in stored(chained().sections()).items() if key[0] < 0x0300}
    write_stored(tmp_path, items)

    assert verify_record(tmp_path, Phase.AGGREGATED, processes=1).passed
    report = verify_record(tmp_path, processes=1)
    assert {finding.code for finding in report.findings} == {"R.structure"}
    assert {"10.B", "11.D", "13.B", "14.F"} <= outcomes(report, Outcome.NOT_EVALUABLE)


def test_later_phases_do_not_bother_an_earlier_one(tmp_path: Path) -> None:
    election = chained()
    election.decrypted[0].fields[0].tally += 1

    assert not verified(election, tmp_path).passed
    assert verify_record(tmp_path, Phase.AGGREGATED, processes=1).passed


def test_a_failure_of_the_setup_stops_what_rests_on_it(tmp_path: Path) -> None:
    election = chained()
    election.keys.h_e = flip(election.keys.h_e)

    report = verified(election, tmp_path)

    stopped = {check.code for check in CHECKS if check.code.partition(".")[0] not in BEFORE_CRYPTOGRAPHY}
    assert outcomes(report, Outcome.NOT_EVALUABLE) == stopped
    assert report.checks["R.root"] == Outcome.PASSED
    assert report.checks["R.summary"] == Outcome.PASSED
    assert len(report.roots) == 4


def test_digests_go_on_where_the_cryptography_stops(tmp_path: Path) -> None:
    election = chained()
    election.manifest_file.media_type = "text/plain"
    items = stored(election.sections())
    toc = toc_of(items)
    items[(0x0301, b"")][0] = flip(items[(0x0301, b"")][0])
    write_stored(tmp_path, items, toc)

    report = verify_record(tmp_path, processes=1)

    assert {finding.code for finding in report.findings} == {"1.structure", "R.root"}


def test_an_unreadable_ballot_keeps_its_checks_from_passing(tmp_path: Path) -> None:
    items = stored(chained().sections())
    device = next(key for key in items if key[0] == 0x0101)
    items[device][1] += b"\0"
    write_stored(tmp_path, items)

    report = verify_record(tmp_path, processes=1)

    assert {finding.code for finding in report.findings} == {"R.encoding"}
    unread = {"5.A", "6.D", "7.D", "8.A", "8.B", "8.E", "9.A", "9.B", "11.D", "13.B", "R.summary"}
    assert unread <= outcomes(report, Outcome.NOT_EVALUABLE)
    assert report.checks["10.B"] == Outcome.PASSED
    assert report.checks["R.root"] == Outcome.PASSED


def test_a_record_without_contents_is_taken_with_a_note(tmp_path: Path) -> None:
    chained().write(tmp_path)
    (tmp_path / "toc.binpb").unlink()

    report = verify_record(tmp_path, processes=1)

    assert report.passed
    assert report.checks["R.root"] == Outcome.NOT_APPLICABLE
    assert any("table of contents" in note for note in report.notes)


def test_a_signature_that_cannot_be_judged_is_said_and_not_held_against_the_record(tmp_path: Path) -> None:
    election = chained()
    item = pb.RecordItem(record_statement=record_statement(election))
    election.signatures.append(signed(item, with_key=False))

    report = verified(election, tmp_path)

    assert report.passed
    assert report.checks["R.signature"] == Outcome.NOT_EVALUABLE
    assert any("does not carry the signer's key" in note for note in report.notes)


@pytest.mark.parametrize("carrier", list(Carrier))
@pytest.mark.parametrize("archive", [False, True])
def test_every_carrier_says_the_same(carrier: Carrier, archive: bool, tmp_path: Path) -> None:
    source = sign(attest_everything(chained())).write(tmp_path / "source")
    target = tmp_path / ("record.zip" if archive else "record")
    with open_record(source) as record:
        convert_record(record, target, carrier, archive=archive)

    report = verify_record(target, processes=1)

    assert report.passed
    assert report == verify_record(source, processes=1)


def test_no_record_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    for nothing in (tmp_path / "missing", tmp_path / "file", tmp_path):
        if nothing == tmp_path:
            (tmp_path / "file").unlink()
        with pytest.raises(UnreadableRecord):
            verify_record(nothing)


# ---- in pieces


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faults that only show where pieces meet: a chain, a repeated identifier, an order, a lost opening."""
    election = chained()
    hall = election.device("hall")
    hall.ballots.append(election.encrypt("country", {}, id_b=hall.ballots[0].message.id_b))
    hall.rechain(election.keys.h_e)
    hall.ballots[3].message.chaining_field = b"\0\0\0\1" + hall.ballots[1].message.confirmation_code
    hall.ballots[3].recode()
    hall.rechain(election.keys.h_e, after=4)
    election.tally_header.cast_ballot_count -= 1
    election.aggregate()
    election.finish()
    election.openings.reverse()
    del election.openings[0]
    election.decrypted.reverse()
    return election.write(tmp_path_factory.mktemp("broken"))


def in_pieces(path: Path) -> VerificationReport:
    """As workers do it: every task on its own, everything as bytes, a tree of merges."""
    with open_record(path) as record:
        tasks = [task.to_bytes() for task in plan(record)]
    parts = []
    for task in tasks:
        with open_record(path) as record:
            parts.append(run_task(record, Task.from_bytes(task)).to_bytes())
    while len(parts) > 1:
        groups = [parts[start : start + 3] for start in range(0, len(parts), 3)]
        parts = [merge([Partial.from_bytes(part) for part in group]).to_bytes() for group in groups]
    with open_record(path) as record:
        return conclude(record, Partial.from_bytes(parts[0]))


@pytest.mark.parametrize("items", [1, 2, 3, 50])
def test_pieces_of_any_size_come_to_the_same(items: int, broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = verify_record(broken, processes=1)
    assert {finding.code for finding in whole.findings} == {"5.A", "8.E", "13.structure", "R.order"}

    monkeypatch.setattr(planning, "CHUNK_ITEMS", items)
    report = in_pieces(broken)

    assert set(report.findings) == set(whole.findings)
    assert (report.checks, report.roots, report.counts) == (whole.checks, whole.roots, whole.counts)


def test_processes_come_to_the_same(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK_ITEMS", 1)
    monkeypatch.setattr(running, "WORTH_A_PROCESS", 1)
    seen: list[tuple[int, int]] = []

    class Watching:
        def update(self, phase: str, done: int, total: int) -> None:
            seen.append((done, total))

    report = verify_record(broken, reporter=Watching(), processes=2)

    assert report == verify_record(broken, processes=1)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_the_number_of_findings_is_bounded(tmp_path: Path) -> None:
    election = set_up(0)
    one = election.encrypt("country", {})
    for field in one.message.contests[0].fields:
        field.range_proof = flip(field.range_proof)
    for field in one.message.contests[1].fields:
        field.range_proof = flip(field.range_proof)
    election.add_device("hall", [one] * 30)
    election.aggregate()
    election.finish()

    report = verified(election, tmp_path)

    assert report.counts["6.D"] == 150
    assert sum(finding.code == "6.D" for finding in report.findings) == 50
    assert "6.D: 100 more findings are not listed" in report.notes


# ---- hostile records


def test_a_guardian_number_that_nobody_could_count_up_to(tmp_path: Path) -> None:
    election = chained()
    election.parameters.n = 2**31 - 1
    election.rehash_parameters()

    report = verified(election, tmp_path)

    assert "2.A" in {finding.code for finding in report.findings}


def corrupted(source: Path, target: Path, seed: int) -> Iterator[str]:
    """Bytes changed, dropped and doubled in a few files of a record; tells what it did."""
    rng = random.Random(seed)
    shutil.copytree(source, target)
    files = sorted(path for path in target.rglob("*") if path.is_file())
    for path in rng.sample(files, 2):
        data = bytearray(path.read_bytes())
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    data[at] ^= 1 << rng.randrange(8)
                case 1:
                    del data[at : at + rng.randint(1, 600)]
                case 2:
                    data[at:at] = data[max(0, at - rng.randint(1, 600)) : at]
                case _:
                    data[at : at + 32] = b"\xff" * 32
        path.write_bytes(data)
        yield f"{path.relative_to(target)}"


@pytest.mark.parametrize("seed", range(12))
def test_a_record_with_faults_anywhere_ends_in_a_report(seed: int, tmp_path: Path) -> None:
    source = sign(attest_everything(chained())).write(tmp_path / "source")
    changed = list(corrupted(source, tmp_path / "record", seed))

    report = verify_record(tmp_path / "record", processes=1)

    assert not report.passed, changed
    assert report.findings, changed


def test_ballots_go_by_in_small_steps_where_somebody_waits(tmp_path: Path) -> None:
    election = unchained()
    hall = election.device("hall")
    hall.ballots += [hall.ballots[3]] * 95
    with open_record(election.write(tmp_path)) as record:
        session = Session(record, Phase.FINAL)
        coarse, fine = planning.plan_session(session), planning.plan_session(session, fine=True)

    assert coarse == plan(record)
    devices = [task for task in fine if task.kind is Kind.DEVICE]
    assert len(devices) > 2 * running.WORTH_A_PROCESS
    assert max(task.stop - task.start for task in devices) * LONGEST_BALLOT <= planning.CIPHERTEXTS_A_TASK
    for section in {task.section for task in fine if task.kind is not Kind.SETUP}:
        here = [task for task in fine if task.section == section and task.kind is not Kind.SETUP]
        assert [task.start for task in here] == [0, *(task.stop for task in here[:-1])]
        assert here[-1].stop == here[0].size


def test_a_fine_plan_of_very_many_ballots_is_not_endless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(planning, "CIPHERTEXTS_A_TASK", 1)
    monkeypatch.setattr(planning, "FINE_TASKS", 2)
    with open_record(chained().write(tmp_path)) as record:
        session = Session(record, Phase.FINAL)
        tasks = planning.plan_session(session, fine=True)

    assert max(task.stop - task.start for task in tasks) == 6  # twelve items of ballots and devices, in two
    assert len(tasks) == len(planning.plan_session(session))

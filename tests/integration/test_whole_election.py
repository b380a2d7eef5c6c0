"""A whole election through the use cases: every phase, real cryptography, chunks done one after the other."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from amarvote.electionguard.ballot_nonce import encrypt_ballot_nonce
from amarvote.electionguard.randomness import random_bytes32
from amarvote.elections import officer, progress, record_files, results
from amarvote.elections.errors import Conflict, NotFound
from amarvote.record.canonical import decode_item
from amarvote.record.codec import challenged_ballot_item, read_challenged_ballot
from amarvote.record.merkle import leaf
from amarvote.record.sections import Phase, SectionType
from amarvote.record.verifier import verify_record
from amarvote.store.tables import ballot_commitments, ballots, record_items, roll
from staging.fixtures import BOTH
from staging.people import Vote
from staging.rows import worker_beats


def cast_some(stage):
    """Four for o1, three for o2, and a challenged one for o2."""
    votes = [stage.vote(1 + number % 2, device=1 + number % 2) for number in range(7)]
    votes.append(stage.vote(2, challenge=True))
    return votes


def codes_of_device_1(stage, column=ballots.c.confirmation_code):
    with stage.service.database.read() as connection:
        rows = connection.execute(select(column).where(ballots.c.device_id == 1).order_by(ballots.c.position))
        return list(rows.scalars())


def erased_links(stage):
    with stage.service.database.read() as connection:
        linked = connection.execute(
            select(func.count()).where(ballots.c.token_hash.is_not(None) | ballots.c.submitted_at.is_not(None))
        ).scalar_one()
        kept = connection.execute(select(func.count()).select_from(ballot_commitments)).scalar_one()
        states = connection.execute(
            select(roll.c.state, func.count().label("voters")).group_by(roll.c.state)
        ).all()
    return linked, kept, {row.state: row.voters for row in states}


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_an_election_from_open_voting_to_verified_results(opened):
    stage = opened
    cast_some(stage)
    officer.close_voting(stage.service)
    assert stage.state() == "closing"
    stage.work()
    # acceptance erased what tied ballots to the roll; the challenged ballot's token is free again
    assert erased_links(stage) == (0, 0, {"spent": 7, "free": 13})
    # without chaining, ballots stand sorted by their codes
    codes = codes_of_device_1(stage)
    assert len(codes) == 5
    assert codes == sorted(codes)
    # the record through its aggregated phase is public, and verifies, before any guardian answers (rule 16)
    assert stage.state() == "waiting_for_guardians"
    told = progress.progress(stage.service)["waiting_for"]
    assert told == "Waiting for guardians: 0 of 2 are here."
    listing = record_files.listing(stage.service)
    assert listing["phase"] == "aggregated"
    paths = {file["path"] for file in listing["files"]}
    assert {
        "toc.binpb",
        "setup/guardians.binpb",
        "aggregated/encrypted_tally.binpb",
        "setup/manifest.json",
    } <= paths
    assert verify_record(stage.download(), Phase.AGGREGATED).passed
    stage.answer(stage.run([1, 3]))
    # results stay closed, and the final sections out of sight, until the record is verified
    while stage.state() != "published":
        with pytest.raises(NotFound, match="verified"):
            results.results(stage.service)
        assert record_files.listing(stage.service)["phase"] == "aggregated"
        assert stage.work(most=1) == 1
    assert record_files.listing(stage.service)["phase"] == "final"
    found = results.results(stage.service)
    assert found["totals"] == {"c1": {"o1": 4, "o2": 3}}
    assert found["challenged"] == 1
    shown = results.challenged_pages(stage.service, 0, 100)["items"]
    assert [one["contests"] for one in shown] == [{"c1": {"o1": 0, "o2": 1}}]
    report = verify_record(stage.download())
    assert report.passed
    row = stage.row()
    assert report.roots[Phase.FINAL] == row.final_root
    assert report.roots[Phase.AGGREGATED] == row.aggregated_root
    assert report.roots[Phase.SETUP] == row.setup_root
    told = progress.progress(stage.service)
    assert [phase["name"] for phase in told["phases"]] == [
        "setup", "accept", "aggregate", "merge", "publish", "share", "reveal", "respond", "combine", "record",
        "verify", "verify_merge",
    ]  # fmt: skip
    assert all(phase["chunks"] == phase["done"] > 0 for phase in told["phases"])
    assert told["ballots"] == {
        "submitted": 8, "open": 0, "held": 0, "accepted": 8, "challenged": 1, "rejected": 0,
    }  # fmt: skip
    assert told["waiting_for"] == ""


@pytest.mark.parametrize("opened_chained", BOTH, indirect=True)
def test_a_chained_election_verifies_and_keeps_the_order_of_its_devices(opened_chained):
    stage = opened_chained
    votes = cast_some(stage)
    stage.count([2, 3])
    assert results.results(stage.service)["totals"] == {"c1": {"o1": 4, "o2": 3}}
    assert verify_record(stage.download()).passed
    assert codes_of_device_1(stage, ballots.c.id_b) == [votes[number].ballot.id_b for number in (0, 2, 4, 6, 7)]


def test_an_election_without_any_ballot_has_totals_of_zero(opened):
    opened.count([1, 2])
    assert results.results(opened.service)["totals"] == {"c1": {"o1": 0, "o2": 0}}
    assert verify_record(opened.download()).passed


def test_weights_of_the_roll_are_added(stage):
    stage.hold_ceremony()
    stage.work()
    stage.enrol(3, weights={2: 5})
    officer.open_voting(stage.service)
    stage.vote(1)
    heavy = stage.make(2)
    stage.submit(Vote(heavy.token, replace(heavy.ballot, weight=5), heavy.commitments, heavy.secret))
    stage.count([1, 2])
    assert results.results(stage.service)["totals"] == {"c1": {"o1": 1, "o2": 5}}
    assert verify_record(stage.download()).passed


def test_nothing_is_taken_after_the_close_and_what_was_taken_is_counted(opened):
    stage = opened
    early = stage.vote(1)
    late = stage.make(2)
    officer.close_voting(stage.service)
    assert stage.ballot_state(early)["state"] == "submitted"
    worker_beats(stage.service.database, ["alive"])
    assert "1 ballots are still being checked" in progress.progress(stage.service)["waiting_for"]
    with pytest.raises(Conflict, match="Voting ended at"):
        stage.submit(late)
    assert stage.work(until="counting") == 1
    assert stage.ballot_state(early)["state"] == "accepted"
    assert stage.row().cast_ballots == 1


def test_opening_waits_for_all_confirmations_and_a_roll(stage):
    messages = stage.guardians.messages
    stage.hold_ceremony(but={("confirm", 3)})
    assert stage.work() == 0
    assert progress.progress(stage.service)["waiting_for"] == (
        "Guardians [3] have not sent theirs in round confirm of the ceremony."
    )
    with pytest.raises(Conflict, match="roll is empty"):
        officer.open_voting(stage.service)
    stage.enrol(1)
    with pytest.raises(Conflict, match="cannot follow"):
        officer.open_voting(stage.service)
    stage.put_ceremony("confirm", 3, 0, messages["confirm"][3, 0])
    assert stage.state() == "setting_up"


def sealed_to_nothing(stage, vote):
    """The same ballot, whose encrypted nonce is well proven and not the one it was encrypted with."""
    sealed, announcement = encrypt_ballot_nonce(
        stage.engine, stage.context.joint_data_key, vote.ballot.h_i, random_bytes32()
    )
    ballot = replace(vote.ballot, encrypted_nonce=sealed)
    return Vote(vote.token, ballot, replace(vote.commitments, nonce=announcement), vote.secret)


def test_a_challenged_ballot_that_its_nonce_does_not_open_holds_nothing_back(opened):
    """Rule 4: it is published with its finding."""
    opened.vote(1)
    liar = sealed_to_nothing(opened, opened.make(2, challenge=True))
    opened.submit(liar)
    opened.work()
    assert opened.ballot_state(liar)["state"] == "accepted"
    opened.count([1, 2])
    assert opened.state() == "published"
    (shown,) = results.challenged_pages(opened.service, 0, 100)["items"]
    assert {finding["code"] for finding in shown["findings"]} == {"13.B"}
    report = verify_record(opened.download())
    assert {code for code, outcome in report.checks.items() if outcome == "failed"} == {"13.B"}
    assert {finding.where for finding in report.findings} == {finding["where"] for finding in shown["findings"]}


def test_the_same_finding_at_another_ballot_keeps_the_results_closed(opened):
    """What combining did not see is not excused: here the written opening was changed."""
    opened.vote(1)
    opened.vote(2, challenge=True)
    officer.close_voting(opened.service)
    opened.work()
    opened.answer(opened.run([1, 2]))
    while opened.state() != "recording":
        opened.work(most=1)
    with opened.service.database.write() as connection:
        where = record_items.c.section == int(SectionType.CHALLENGED_BALLOT_DECRYPTIONS)
        item = connection.execute(select(record_items.c.item).where(where)).scalar_one()
        opening = read_challenged_ballot(decode_item(item))
        contest = opening.contests[0]
        swapped = (replace(contest.options[0], nonce=7), *contest.options[1:])
        changed = challenged_ballot_item(replace(opening, contests=(replace(contest, options=swapped),)))
        connection.execute(update(record_items).where(where).values(item=changed, leaf=leaf(changed)))
    opened.work()
    assert opened.state() == "verification_failed"
    assert "13.B at device" in progress.progress(opened.service)["waiting_for"]

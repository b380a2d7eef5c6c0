"""Attacks on the service: each is refused with the right words, and changes nothing that is counted."""

import base64
import re
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from amarvote.electionguard.ballots import BallotStatus
from amarvote.electionguard.encryption import encrypt_ballot
from amarvote.electionguard.identifier import challenge_reference, identifier_of, new_secret
from amarvote.electionguard.manifest import manifest_bytes
from amarvote.elections import guardian_desk, mail, officer, progress, results, work
from amarvote.elections.errors import Conflict, Forbidden, NotFound, Unprocessable
from amarvote.store.tables import ballot_items, ballots, elections, record_files, record_items
from conformance.remembering import powers_remembered  # noqa: F401 - a fixture
from staging.fixtures import POSTGRESQL
from staging.handing_in import submit
from staging.people import Vote, cast, ceremony, make_manifest, submission, token_of
from staging.stage import Stage

pytestmark = pytest.mark.usefixtures("powers_remembered")


def body_of(vote, **changes):
    return submission(vote.token, replace(vote.ballot, **changes), vote.commitments)


def test_a_reused_identifier_is_refused_and_the_first_ballot_stands(opened):
    first = opened.vote(1)
    other = opened.make(2)
    thief = Vote(other.token, replace(other.ballot, id_b=first.ballot.id_b), other.commitments, other.secret)
    with pytest.raises(Conflict, match="submitted before with other bytes"):
        opened.submit(thief)
    opened.work()
    assert opened.ballot_state(first)["state"] == "accepted"


def test_a_ballot_before_the_keys_is_refused_and_taken_by_the_same_service_later(stage):
    with pytest.raises(Conflict, match="keys are not made yet"):
        submit(stage.service, 1, b"")
    stage.prepare()
    vote = stage.vote(1)
    stage.work()
    assert stage.ballot_state(vote)["state"] == "accepted"


def test_a_copied_ballot_under_its_own_identifier_fails_its_proofs(opened):
    first = opened.vote(1)
    copied = Vote(token_of(9), replace(first.ballot, id_b=new_secret()), first.commitments, first.secret)
    opened.submit(copied)
    opened.work()
    assert opened.ballot_state(first)["state"] == "accepted"
    told = opened.ballot_state(copied)
    assert told["state"] == "rejected"
    assert "5.B" in {finding["code"] for finding in told["findings"]}


def test_a_cast_ballot_cannot_be_relabelled_as_challenged_without_its_secret(opened):
    vote = opened.make(1)
    # a service that relabels has no secret: it can only leave the reference out, or make one up
    for reference in ("", challenge_reference(new_secret())):
        opened.voters += 1
        relabelled = replace(vote.ballot, status=BallotStatus.CHALLENGED, ballot_ref=reference)
        thief = Vote(token_of(opened.voters), replace(relabelled), vote.commitments, vote.secret)
        if reference:
            fresh = opened.make(1)
            relabelled = replace(fresh.ballot, status=BallotStatus.CHALLENGED, ballot_ref=reference)
            thief = Vote(fresh.token, relabelled, fresh.commitments, fresh.secret)
        opened.submit(thief)
        opened.work()
        (finding,) = opened.ballot_state(thief)["findings"]
        assert finding["code"] == "service.secret"
        assert "must stay closed" in finding["message"]


def test_a_stored_status_that_was_turned_round_stops_the_count(opened):
    opened.vote(1)
    opened.vote(2)
    opened.work()
    officer.close_voting(opened.service)
    opened.work(until="counting")
    with opened.service.database.write() as connection:
        connection.execute(update(ballots).where(ballots.c.ordinal == 0).values(status=2))
    opened.work()
    assert opened.state() == "counting"
    (failed,) = progress.progress(opened.service)["failed"]
    assert failed["phase"] == "aggregate"
    assert "status were changed in the database" in failed["reason"]


@pytest.mark.parametrize("weight", [2, 1000])
def test_a_self_made_weight_is_refused(opened, weight):
    vote = opened.make(1)
    with pytest.raises(Unprocessable, match=f"says weight {weight}, but the roll says 1"):
        mailed(opened, body_of(vote, weight=weight))
    opened.submit(vote)


def mailed(stage, body):
    return submit(stage.service, 1, body)


def test_a_style_that_is_not_the_voters_is_refused(tmp_path):
    contests = [{"id": "c1", "choices": ["a", "b"]}, {"id": "c2", "choices": ["a", "b"]}]
    styles = [{"id": "all", "contestIds": ["c1"]}, {"id": "other", "contestIds": ["c2"]}]
    manifest = manifest_bytes("two styles", contests, styles)
    stage = Stage(tmp_path, ceremony(manifest, 1, 1), manifest)
    stage.prepare(voters=2)
    vote = stage.make(1)
    with pytest.raises(Unprocessable, match="says style 'other', but the roll says 'all'"):
        mailed(stage, body_of(in_style(stage, vote, "other")))
    stage.submit(vote)


def in_style(stage, vote, style):
    ballot, commitments = encrypt_ballot(
        stage.context,
        stage.engine,
        style,
        {2: {1: 1}},
        {},
        id_b=identifier_of(new_secret()),
        ballot_nonce=new_secret(),
        chaining_field=vote.ballot.chaining_field,
    )
    return Vote(vote.token, replace(ballot, status=BallotStatus.CAST), commitments, vote.secret)


def test_a_ballot_of_another_election_is_refused(opened, tmp_path_factory):
    manifest = make_manifest("another")
    other = ceremony(manifest, 1, 1)
    foreign = cast(other.context, opened.engine, token_of(1), {1: {1: 1}}, opened.chaining_field())
    opened.submit(foreign)
    opened.work()
    told = opened.ballot_state(foreign)
    assert told["state"] == "rejected"
    assert "5.B" in {finding["code"] for finding in told["findings"]}


def test_a_token_votes_once(opened):
    vote = opened.vote(1)
    second = cast(opened.context, opened.engine, vote.token, {1: {2: 1}}, opened.chaining_field())
    with pytest.raises(Conflict, match="Another ballot with this vote token is being checked"):
        opened.submit(second)
    opened.work()
    with pytest.raises(Conflict, match="has been used"):
        opened.submit(second)


def test_a_token_that_is_not_in_the_roll_votes_never(opened):
    stranger = cast(opened.context, opened.engine, token_of(999), {1: {1: 1}}, opened.chaining_field())
    with pytest.raises(Unprocessable, match="not in the roll"):
        opened.submit(stranger)


def test_a_time_of_encryption_is_not_prescribed(opened):
    vote = opened.make(1)
    with pytest.raises(Unprocessable, match="encrypted_at"):
        mailed(opened, body_of(vote, encrypted_at=1_793_800_000_000))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda body: body[:20], "A submission is"),
        (lambda body: body[:-1], "commitments"),
        (lambda body: body + b"\0", "commitments"),
        (lambda body: body[:32] + b"\xff\xff\xff\xff" + body[36:], "only"),
        (lambda body: body[:36] + b"\x0a" + body[36:], "cannot be taken"),
        (lambda body: body[:36] + bytes(len(body) - 36), "cannot be taken"),
    ],
)
def test_an_envelope_that_is_none_is_refused(opened, damage, words):
    body = opened.make(1).body
    with pytest.raises(Unprocessable, match=words):
        mailed(opened, damage(body))


def test_an_altered_byte_of_an_accepted_ballot_shows_before_anything_is_sealed(opened):
    opened.vote(1)
    opened.vote(2)
    opened.work()
    with opened.service.database.write() as connection:
        number, item = connection.execute(select(ballot_items.c.number, ballot_items.c.item).limit(1)).one()
        changed = item[:300] + bytes((item[300] ^ 1,)) + item[301:]
        connection.execute(update(ballot_items).where(ballot_items.c.number == number).values(item=changed))
    officer.close_voting(opened.service)
    opened.work()
    assert opened.state() == "counting"
    (failed,) = progress.progress(opened.service)["failed"]
    assert re.search(r"Ballot \d+ is not stored as it was accepted", failed["reason"])
    # restored from a backup, the same chunk goes on
    with opened.service.database.write() as connection:
        connection.execute(update(ballot_items).where(ballot_items.c.number == number).values(item=item))
    work.retry(opened.service, failed["id"])
    opened.work()
    assert opened.state() == "waiting_for_guardians"


def test_a_list_that_changed_after_it_was_frozen_is_not_sealed(opened):
    for number in range(3):
        opened.vote(1 + number % 2)
    opened.work()
    officer.close_voting(opened.service)
    opened.work(until="counting")
    with opened.service.database.write() as connection:
        connection.execute(update(elections).values(cast_weight=4))
    opened.work()
    (failed,) = progress.progress(opened.service)["failed"]
    assert (failed["phase"], "does not reconcile" in failed["reason"]) == ("merge", True)


def test_an_altered_tally_is_not_written_into_the_record(opened):
    opened.vote(1)
    officer.close_voting(opened.service)
    while opened.state() != "counting" or not tally(opened):
        assert opened.work(most=1) == 1
    with opened.service.database.write() as connection:
        connection.execute(
            update(record_items)
            .where(record_items.c.section == 0x0201, record_items.c.ordinal == 1)
            .values(item=b"\xaa\x01\x00")
        )
    opened.work()
    (failed,) = progress.progress(opened.service)["failed"]
    assert (failed["phase"], "changed in the database" in failed["reason"]) == ("publish", True)


def tally(stage):
    with stage.service.database.read() as connection:
        return connection.execute(select(record_items.c.item).where(record_items.c.section == 0x0201)).all()


def close(stage):
    """Up to the first run."""
    for number in range(3):
        stage.vote(1 + number % 2)
    stage.vote(2, challenge=True)
    officer.close_voting(stage.service)
    stage.work()


@pytest.fixture(scope="module")
def counted_once(tmp_path_factory, plain_guardians, plain_manifest):
    stage = Stage(tmp_path_factory.mktemp("counted"), plain_guardians, plain_manifest, devices=2)
    stage.prepare()
    close(stage)
    stage.service.close()
    return stage


@pytest.fixture
def counted(counted_once, tmp_path):
    """An election up to its first run."""
    stage = counted_once.moved_to(tmp_path)
    yield stage
    stage.service.close()


def wrong_response_of_2(sender, round_name, part, payload):
    if (sender, round_name, part["kind"]) == (2, "respond", "tally"):
        return payload[:-1] + bytes((payload[-1] ^ 1,))
    return payload


def replay(stage, old, new):
    """What was sent in one run, sent again in another."""
    for name in ("share", "reveal"):
        for part in new["parts"]:
            for message in mail.read(stage.service, 1, old["run"], name, part["part"], 0)["messages"]:
                if message["sender"] in new["guardians"]:
                    payload = base64.b64decode(message["payload"])
                    stage.put(new, name, part["part"], message["sender"], payload)


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_wrong_share_names_its_guardian_and_the_rest_go_on(opened):
    close(opened)
    run = opened.run([1, 2, 3])
    opened.answer(run, wrong_response_of_2)
    opened.work()
    told = progress.progress(opened.service)
    assert any("guardian 2 is set aside: Guardian 2: its share of contest 1" in event for event in told["events"])
    # a new run of the others has begun, over the tally only: the challenged ballot is opened already
    second = guardian_desk.current_run(opened.service)
    assert (second["guardians"], second["run"] != run["run"]) == ([1, 3], True)
    assert [part["kind"] for part in second["parts"]] == ["tally"]
    opened.answer(second)
    opened.work()
    assert opened.state() == "published"


def test_answers_of_one_run_are_none_of_the_next(counted):
    run = counted.run([1, 2, 3])
    counted.answer(run, wrong_response_of_2)
    counted.work()
    with pytest.raises(Unprocessable, match="Guardian 1: what it revealed"):
        replay(counted, run, guardian_desk.current_run(counted.service))


def test_a_wrong_opening_of_a_challenged_ballot_names_its_guardian(counted):
    run = counted.run([1, 2, 3])
    other = counted.challenged()

    def replayed(sender, round_name, part, payload):
        if (sender, part["kind"]) == (3, "challenged"):
            # the share of another run: its proof is bound to that run
            members = counted.members({**run, "run": "ab" * 32})
            return members[3].openings(other)
        return payload

    counted.answer(run, replayed)
    counted.work()
    told = progress.progress(counted.service)
    assert any("guardian 3 is set aside: Guardian 3: its share of the nonce" in event for event in told["events"])


def test_without_a_quorum_the_election_waits_and_says_so(counted):
    run = counted.run([1, 2])
    counted.answer(run, wrong_response_of_2)
    counted.work()
    assert counted.state() == "waiting_for_guardians"
    told = progress.progress(counted.service)["waiting_for"]
    assert "1 guardians are left of the last run, 2 are needed" in told
    with pytest.raises(Conflict, match="Guardian 2 is set aside"):
        counted.run([2, 3])
    counted.answer(counted.run([1, 3]))
    counted.work()
    assert counted.state() == "published"


def test_answers_are_given_once_and_in_turn(counted):
    run = counted.run([1, 3])
    members = counted.members(run)
    part = run["parts"][0]
    shared = {i: member.commitments(part) for i, member in members.items()}
    revealed = {i: member.reveals(part) for i, member in members.items()}
    with pytest.raises(Conflict, match="Round share is not complete yet"):
        counted.put(run, "reveal", 0, 1, revealed[1])
    counted.put(run, "share", 0, 1, shared[1])
    counted.put(run, "share", 0, 1, shared[1])
    with pytest.raises(Conflict, match="the first message stands"):
        counted.put(run, "share", 0, 1, members[1].commitments(part))
    with pytest.raises(Forbidden, match="does not take part"):
        counted.put(run, "share", 0, 2, shared[1])
    with pytest.raises(Unprocessable, match="2 items of 32 bytes"):
        counted.put(run, "share", 0, 3, shared[3] + b"\0")
    # nobody reads a round before it is complete
    with pytest.raises(Conflict, match="Round share is not complete yet"):
        mail.read(counted.service, 1, run["run"], "share", 0, 0)
    counted.put(run, "share", 0, 3, shared[3])
    assert len(mail.read(counted.service, 1, run["run"], "share", 0, 0)["messages"]) == 2
    # a reveal that does not open its commitment is refused in its sender's name, and the right one still counts
    with pytest.raises(Unprocessable, match="Guardian 3: what it revealed for contest 1, option 1"):
        counted.put(run, "reveal", 0, 3, revealed[1])
    counted.put(run, "reveal", 0, 3, revealed[3])


def test_a_run_is_not_repeated_and_has_one_root(counted):
    run = counted.run([1, 3])
    with pytest.raises(Conflict, match="No run can start now"):
        officer.start_run(counted.service, [1, 3])
    assert run["root"] == counted.row().aggregated_root.hex()


def test_an_absent_guardian_is_set_aside_by_the_officer(counted):
    run = counted.run([1, 2, 3])
    officer.set_aside(counted.service, 2, "does not answer the phone")
    second = guardian_desk.current_run(counted.service)
    assert (second["guardians"], second["run"] != run["run"]) == ([1, 3], True)
    with pytest.raises(Conflict, match="takes no answers any more"):
        counted.put(run, "share", 0, 1, bytes(64))
    counted.answer(second)
    counted.work()
    assert counted.state() == "published"


def test_nobody_is_set_aside_too_early_or_whom_the_rest_need(opened):
    with pytest.raises(Conflict, match=r"No guardian is set aside now.* it is open"):
        officer.set_aside(opened.service, 2, "long before the count")
    close(opened)
    officer.set_aside(opened.service, 2, "does not answer the phone")
    officer.set_aside(opened.service, 2, "said twice")
    with pytest.raises(Conflict, match="Guardian 3 is needed: 2 are left and it takes 2"):
        officer.set_aside(opened.service, 3, "nor does this one")
    desk = guardian_desk.current_run(opened.service)
    assert desk["set_aside"] == {2: "by the officer: does not answer the phone"}
    assert "set aside: guardian 2, by the officer: does not" in progress.progress(opened.service)["waiting_for"]
    opened.answer(opened.run([1, 3]))
    opened.work()
    assert opened.state() == "published"


def test_a_second_aggregated_root_is_refused(counted):
    """The record is written anew from rows that someone changed, hashes and all: its root was fixed before."""
    counted.answer(counted.run([1, 3]))
    counted.work(until="verifying")
    with counted.service.database.write() as connection:
        tally = record_files.c.path == "aggregated/encrypted_tally.binpb"
        data = connection.execute(select(record_files.c.data).where(tally)).scalar_one()
        connection.execute(update(record_files).where(tally).values(data=data[:-1] + b"\0"))
    counted.work()
    assert counted.state() == "verification_failed"
    with pytest.raises(NotFound):
        results.results(counted.service)
    officer.write_record_again(counted.service)
    counted.work()
    assert counted.state() == "published"


def test_only_those_who_checked_in_take_part_and_only_a_quorum(counted):
    with pytest.raises(Conflict, match="has not checked in"):
        officer.start_run(counted.service, [1, 2])
    with pytest.raises(Conflict, match="no quorum"):
        counted.run([1])


def test_a_small_group_is_opened_with_the_officers_recorded_consent_only(
    tmp_path, plain_guardians, plain_manifest
):
    stage = Stage(tmp_path, plain_guardians, plain_manifest, minimum_group=10)
    stage.prepare()
    stage.vote(1)
    officer.close_voting(stage.service)
    stage.work()
    with pytest.raises(Conflict, match=r"Fewer than 10 ballots were cast in contest 'c1' \(1\)"):
        stage.run([1, 2])
    officer.consent_to_small_groups(stage.service, "a test among friends")
    stage.answer(stage.run([1, 2]))
    stage.work()
    assert stage.state() == "published"
    assert any("a test among friends" in event for event in progress.progress(stage.service)["events"])


def test_the_ceremonys_mail_keeps_its_order_and_shapes(stage):
    sent = stage.guardians.messages
    with pytest.raises(Conflict, match="Round commit is not complete yet"):
        stage.put_ceremony("key", 1, 0, sent["key"][1, 0])
    with pytest.raises(Unprocessable, match="32 bytes"):
        stage.put_ceremony("commit", 1, 0, b"short")
    for sender in (1, 2, 3):
        stage.put_ceremony("commit", sender, 0, sent["commit"][sender, 0])
    with pytest.raises(Unprocessable, match="not the one it had committed to"):
        stage.put_ceremony("key", 2, 0, sent["key"][1, 0])
    for sender in (1, 2, 3):
        stage.put_ceremony("key", sender, 0, sent["key"][sender, 0])
    with pytest.raises(Unprocessable, match="to another one"):
        stage.put_ceremony("share", 1, 1, sent["share"][1, 2])
    for (sender, recipient), payload in sent["share"].items():
        stage.put_ceremony("share", sender, recipient, payload)
    shown = mail.read(stage.service, 2, "ceremony", "share", 0, 0)
    assert {(one["sender"], one["to"]) for one in shown["messages"]} == {(1, 2), (3, 2)}
    with pytest.raises(Unprocessable, match="64 lower-case hex"):
        stage.put_ceremony("confirm", 1, 0, b'{"h_g": "AB", "h_e": "CD"}')


def test_a_complaint_ends_the_ceremony(stage):
    stage.hold_ceremony(but={("share", 3), ("confirm", 1), ("confirm", 2), ("confirm", 3)})
    stage.put_ceremony("complain", 1, 0, b'{"culprit": 3, "sentence": "its share is wrong"}')
    assert stage.state() == "ceremony_failed"
    assert "guardian 1 complains about guardian 3" in progress.progress(stage.service)["waiting_for"]
    with pytest.raises(Conflict, match="The ceremony is over"):
        stage.put_ceremony("share", 3, 1, stage.guardians.messages["share"][3, 1])


def test_confirmations_that_differ_end_the_ceremony(stage):
    stage.hold_ceremony(but={("confirm", 3)})
    stage.put_ceremony("confirm", 3, 0, b'{"h_g": "%s", "h_e": "%s"}' % (b"0" * 64, b"1" * 64))
    assert stage.state() == "ceremony_failed"


def test_confirmed_hashes_that_do_not_follow_from_the_keys_stop_the_setup(stage):
    stage.hold_ceremony(but={("confirm", 1), ("confirm", 2), ("confirm", 3)})
    for sender in (1, 2, 3):
        stage.put_ceremony("confirm", sender, 0, b'{"h_g": "%s", "h_e": "%s"}' % (b"0" * 64, b"1" * 64))
    stage.work()
    assert stage.state() == "setting_up"
    (failed,) = progress.progress(stage.service)["failed"]
    assert "does not follow from the keys" in failed["reason"]

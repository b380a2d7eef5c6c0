"""From submitted to accepted or rejected: cutting, chains, tokens, poison, the officer's verdict."""

import base64
import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from amarvote.electionguard.confirmation import chained_field, initial_hash, unchained_field
from amarvote.electionguard.parameters import P
from amarvote.elections import device_desk, officer, progress, submission, vote_tokens, work
from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.pipeline import accepting, settling
from amarvote.pipeline.settings import Settings
from amarvote.pipeline.sweep import sweep
from amarvote.store.tables import ballot_items, ballots, chunks, events, roll
from staging.fixtures import BOTH, POSTGRESQL
from staging.hearing import heard
from staging.people import Vote, cast, token_of
from staging.served import serving


def spoil(vote):
    """The same ballot with one response of a range proof changed."""
    contest = vote.ballot.contests[0]
    selection = contest.selections[0]
    responses = (selection.proof.responses[0] ^ 1, *selection.proof.responses[1:])
    proof = replace(selection.proof, responses=responses)
    selections = (replace(selection, proof=proof), *contest.selections[1:])
    ballot = replace(vote.ballot, contests=(replace(contest, selections=selections),))
    return Vote(vote.token, ballot, vote.commitments, vote.secret)


def cut_sizes(stage, settings):
    """Sizes of the accept chunks that these settings cut."""
    with stage.service.database.write() as connection:
        accepting.cut(connection, settings, stage.service.election_id)
        rows = connection.execute(
            select(func.count().label("ballots"))
            .where(ballots.c.chunk_id.is_not(None))
            .group_by(ballots.c.chunk_id)
            .order_by(ballots.c.chunk_id)
        )
        return [row.ballots for row in rows]


def test_chunks_are_cut_by_number_by_bytes_and_by_time(opened):
    for number in range(5):
        opened.vote(1 + number % 2)
    waiting = Settings(cut_seconds=600.0)
    assert cut_sizes(opened, waiting) == []
    assert cut_sizes(opened, replace(waiting, items=2)) == [2, 2]
    opened.vote(1)
    assert cut_sizes(opened, replace(waiting, chunk_bytes=1)) == [2, 2, 1, 1]
    opened.vote(1)
    assert cut_sizes(opened, replace(waiting, cut_seconds=0.0)) == [2, 2, 1, 1, 1]


def test_chunks_of_all_sizes_are_settled_by_the_same_statements(opened):
    """Each is kept ready in memory, several times over."""
    waiting = replace(opened.service.settings, items=4, cut_seconds=600.0)
    said = {}
    for size in (4, 1, 3):
        opened.service = replace(opened.service, settings=waiting)
        for number in range(size):
            opened.vote(1 + number % 2)
        opened.service = replace(opened.service, settings=replace(waiting, cut_seconds=0.0))
        with heard(opened.service.database) as asked:
            opened.work()
        said[size] = {statement for statement, _ in asked}
    with opened.service.database.read() as connection:
        cut = connection.execute(select(chunks.c.last).where(chunks.c.level == 0).order_by(chunks.c.id)).scalars()
        assert list(cut)[-3:] == [4, 1, 3]
    assert said[1] == said[3]
    assert {one for one in said[4] if "ballot_commitments" in one} == {
        one for one in said[3] if "ballot_commitments" in one
    }


def test_a_full_chunk_is_cut_when_its_last_ballot_arrives(opened):
    opened.service = replace(opened.service, settings=replace(opened.service.settings, items=3))
    for number in range(7):
        opened.vote(1 + number % 2)
    with opened.service.database.read() as connection:
        cut = connection.execute(select(func.count()).where(ballots.c.chunk_id.is_not(None))).scalar_one()
    assert cut == 6


def test_a_ballot_that_fails_is_rejected_with_the_check_and_its_voter_may_vote_again(opened):
    good, bad = opened.make(1), spoil(opened.make(2))
    opened.submit(good)
    opened.submit(bad)
    opened.work()
    assert opened.ballot_state(good) == {"state": "accepted", "findings": []}
    told = opened.ballot_state(bad)
    assert told["state"] == "rejected"
    assert [(finding["code"], finding["where"]) for finding in told["findings"]] == [
        ("6.D", f"ballot {bad.ballot.id_b.hex()}, contest 1, option 1")
    ]
    again = cast(opened.context, opened.engine, bad.token, {1: {2: 1}}, opened.chaining_field())
    opened.submit(again)
    opened.work()
    assert opened.ballot_state(again)["state"] == "accepted"
    # the rejected one keeps its verdict, and the same bytes get the same answer
    assert opened.submit(bad)["state"] == "rejected"


@pytest.mark.parametrize("opened_chained", [POSTGRESQL], indirect=True)
def test_a_rejected_ballot_ends_its_devices_chain_until_it_starts_anew(opened_chained):
    stage = opened_chained
    first = stage.vote(1)
    bad = spoil(stage.make(1))
    stage.submit(bad)
    follower = stage.vote(2)
    elsewhere = stage.vote(2, device=2)
    stage.work()
    states = [stage.ballot_state(vote)["state"] for vote in (first, bad, follower, elsewhere)]
    assert states == ["accepted", "rejected", "rejected", "accepted"]
    (finding,) = stage.ballot_state(follower)["findings"]
    assert finding["code"] == "service.chain"
    assert bad.ballot.id_b.hex() in finding["message"]
    with pytest.raises(Conflict, match="new device string"):
        stage.vote(1)
    device_desk.restart(stage.service, 1, "device-1", "staged and chained, device-1, second chain")
    stage.voters = 10
    fresh = stage.vote(1)
    stage.work()
    assert stage.ballot_state(fresh)["state"] == "accepted"
    stage.count([1, 2])
    assert stage.state() == "published"
    assert stage.row().cast_ballots == 3


@pytest.mark.parametrize("opened_chained", BOTH, indirect=True)
def test_chained_ballots_are_settled_in_order_whatever_the_order_of_their_chunks(opened_chained):
    stage = opened_chained
    stage.service = replace(stage.service, settings=replace(stage.service.settings, items=1))
    votes = [stage.vote(1 + number % 2) for number in range(3)]
    with stage.service.database.write() as connection:
        ids = connection.execute(
            select(chunks.c.id).where(chunks.c.state != "done").order_by(chunks.c.id)
        ).scalars()
        for turn, chunk_id in enumerate(list(ids)[::-1]):
            connection.execute(
                update(chunks).where(chunks.c.id == chunk_id).values(state="handed", handed_at=float(turn))
            )
    seen = []
    while stage.work(most=1):
        seen.append([stage.ballot_state(vote)["state"] for vote in votes])
    assert seen == [
        ["submitted", "submitted", "waiting"],
        ["submitted", "waiting", "waiting"],
        ["accepted", "accepted", "accepted"],
    ]


def test_a_ballot_must_follow_the_last_code_that_the_service_has(opened_chained):
    stage = opened_chained
    first = stage.make(1)
    stage.submit(first)
    beside = cast(
        stage.context,
        stage.engine,
        token_of(9),
        {1: {1: 1}},
        chained_field(initial_hash(stage.context.h_e, b"\0" * 32)),
    )
    with pytest.raises(Conflict, match="does not follow"):
        stage.submit(beside)
    # the first one again, after a lost answer, is the same ballot and not a second one
    assert stage.submit(first)["state"] == "submitted"


def test_a_voter_may_challenge_ten_times_and_then_casts(opened):
    for _ in range(10):
        opened.voters = 0
        challenged = opened.vote(1, challenge=True)
        opened.work()
        assert opened.ballot_state(challenged)["state"] == "accepted"
    opened.voters = 0
    with pytest.raises(Conflict, match=r"10 ballots with this vote token .* has to be cast"):
        opened.vote(1, challenge=True)
    opened.voters = 0
    opened.vote(1)
    opened.work()
    with opened.service.database.read() as connection:
        entry = connection.execute(select(roll.c.state, roll.c.challenged).where(roll.c.challenged > 0)).one()
    assert (entry.state, entry.challenged) == ("spent", 10)


def test_rejections_free_a_token_as_often_and_then_the_officer_gives_another(opened):
    opened.service = replace(opened.service, settings=replace(opened.service.settings, challenges=2))
    for _ in range(2):
        opened.voters = 0
        bad = spoil(opened.make(1))
        opened.submit(bad)
        opened.work()
        assert opened.ballot_state(bad)["state"] == "rejected"
    opened.voters = 0
    with pytest.raises(Conflict, match=r"2 ballots with this vote token .* has to be cast"):
        opened.vote(1, challenge=True)
    opened.voters = 0
    opened.submit(spoil(opened.make(1)))
    opened.work()
    opened.voters = 0
    with pytest.raises(Conflict, match=r"3 ballots with this vote token .* Ask who gave it to you for a new one"):
        opened.vote(1)
    fresh = vote_tokens.reissue(opened.service, None, hashlib.sha256(token_of(1)).hexdigest())
    vote = replace(opened.make(1), token=bytes.fromhex(fresh))
    opened.submit(vote)
    opened.work()
    assert opened.ballot_state(vote)["state"] == "accepted"


class Poison:
    """Makes the computing of every accept chunk that holds a certain ballot fail."""

    def __init__(self, stage, vote):
        self.place = f"ballot {vote.ballot.id_b.hex()}"
        stage.computer.before = self

    def __call__(self, message):
        if message.kind == "accept" and self.place in [entry["place"] for entry in message.fields["ballots"]]:
            raise RuntimeError("a parser has a defect")


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_poison_is_halved_down_to_one_ballot_that_waits_for_the_officer(opened):
    votes = [opened.vote(1 + number % 2) for number in range(6)]
    Poison(opened, votes[4])
    opened.work()
    states = [opened.ballot_state(vote)["state"] for vote in votes]
    assert states == ["accepted"] * 4 + ["waiting", "accepted"]
    officer.close_voting(opened.service)
    opened.work()
    assert opened.state() == "closing"
    told = progress.progress(opened.service)
    assert told["ballots"]["held"] == 1
    assert [(one["phase"], "RuntimeError" in one["reason"]) for one in told["failed"]] == [("accept", True)]
    assert "wait for the officer's retry or verdict" in told["waiting_for"]
    assert f"ballot {votes[4].ballot.id_b.hex()}: " in told["waiting_for"]
    officer.reject_held(opened.service, votes[4].ballot.id_b, "its bytes crash the checker")
    assert opened.state() == "closing"  # the list is frozen by a worker
    opened.work()
    assert opened.state() == "waiting_for_guardians"
    assert opened.row().cast_ballots == 5
    (finding,) = opened.ballot_state(votes[4])["findings"]
    assert (finding["code"], finding["message"]) == ("service.verdict", "its bytes crash the checker")


def test_a_held_ballot_whose_chain_ends_waits_for_nobody(opened_chained):
    """The verdict on the first settles the second as well; its parked chunk must not hold up the closing."""
    stage = opened_chained
    elsewhere = stage.vote(1, device=2)
    stage.work()
    stage.service = replace(stage.service, settings=replace(stage.service.settings, items=1))
    first = stage.vote(1)
    Poison(stage, first)
    stage.work()
    second = stage.vote(2)
    Poison(stage, second)
    stage.work()
    assert progress.progress(stage.service)["ballots"]["held"] == 2
    officer.close_voting(stage.service)
    officer.reject_held(stage.service, first.ballot.id_b, "its bytes crash the checker")
    (finding,) = stage.ballot_state(second)["findings"]
    assert finding["code"] == "service.chain"
    stage.work()
    assert progress.progress(stage.service)["failed"] == []
    assert (stage.state(), stage.row().cast_ballots) == ("waiting_for_guardians", 1)
    assert stage.ballot_state(elsewhere)["state"] == "accepted"


def test_a_held_ballot_can_be_tried_again_once_the_cause_is_gone(opened):
    vote = opened.vote(1)
    Poison(opened, vote)
    opened.work()
    assert opened.ballot_state(vote)["state"] == "waiting"
    opened.computer.before = print
    (failed,) = progress.progress(opened.service)["failed"]
    with pytest.raises(NotFound):
        work.retry(opened.service, failed["id"] + 1)
    work.retry(opened.service, failed["id"])
    work.retry(opened.service, failed["id"])
    opened.work()
    assert opened.ballot_state(vote)["state"] == "accepted"


def test_held_ballots_are_checked_again_with_their_chunks(opened):
    votes = [opened.vote(1), opened.vote(2), opened.vote(1)]
    Poison(opened, votes[0])
    opened.work()
    assert opened.ballot_state(votes[0])["state"] == "waiting"
    opened.computer.before = print
    with serving(opened) as served:
        answer = served.ask("POST", "/chunks/retry", "officer")
        assert (answer.status_code, answer.json()) == (202, {"chunks": 1})
        assert answer.headers["location"] == f"{served.base}/progress"
        assert served.ask("POST", "/chunks/retry", "device-1").status_code == 403
        assert served.ask("POST", "/chunks/retry", "officer").json() == {"chunks": 0}
        assert served.ask("GET", "/progress").json()["failed_chunks"] == 0
    opened.work()
    assert {opened.ballot_state(vote)["state"] for vote in votes} == {"accepted"}


def poisoned_chain(stage):
    """A held ballot of device 1 with two behind it, one before it, and one of device 2."""
    stage.vote(1)
    stage.vote(1, device=2)
    stage.work()
    poison = stage.vote(1)
    Poison(stage, poison)
    later = [stage.vote(2), stage.vote(1)]
    stage.work()
    return poison, later


def test_a_verdict_in_a_chain_says_how_many_ballots_fall_with_it(opened_chained, monkeypatch):
    monkeypatch.setattr(settling, "PAGE", 1)  # there may be very many
    poison, later = poisoned_chain(opened_chained)
    with serving(opened_chained) as served:
        told = served.ask("GET", "/progress").json()
        assert [one["behind"] for one in told["failed"]] == [2]
        assert "2 later ballots of its device" in told["waiting_for"]
        order_of = {"id_b": poison.ballot.id_b.hex(), "sentence": "its bytes crash the checker"}
        answer = served.ask("POST", "/officer/verdict", "officer", json=order_of)
        assert (answer.status_code, answer.json()) == (200, {"behind": 2})
        assert served.ask("POST", "/officer/verdict", "officer", json=order_of).status_code == 404
    assert [opened_chained.ballot_state(vote)["state"] for vote in later] == ["rejected", "rejected"]
    with opened_chained.service.database.read() as connection:
        said = connection.execute(select(events.c.what).order_by(events.c.id.desc()).limit(1)).scalar_one()
    assert "2 later ballots of its device" in said


def test_a_verdict_without_a_chain_is_about_one_ballot(opened):
    poison = opened.vote(1)
    opened.vote(2)
    Poison(opened, poison)
    opened.work()
    (failed,) = progress.progress(opened.service)["failed"]
    assert failed["behind"] == 0
    assert "later ballots" not in progress.progress(opened.service)["waiting_for"]
    assert officer.reject_held(opened.service, poison.ballot.id_b, "its bytes crash the checker") == 0


def test_a_paused_election_gives_out_nothing_until_it_is_resumed(opened):
    vote = opened.vote(1)
    officer.pause(opened.service)
    assert opened.work() == 0
    assert "paused" in progress.progress(opened.service)["waiting_for"]
    officer.resume(opened.service)
    assert opened.work() == 1
    assert opened.ballot_state(vote)["state"] == "accepted"


def test_bytes_that_changed_in_the_database_before_acceptance_show(opened):
    vote = opened.vote(1)
    with opened.service.database.write() as connection:
        item = connection.execute(select(ballot_items.c.item)).scalar_one()
        connection.execute(update(ballot_items).values(item=item[:-1] + bytes((item[-1] ^ 1,))))
    opened.work()
    (finding,) = opened.ballot_state(vote)["findings"]
    assert finding["code"] == "service.stored"


def element_of_order_two(vote):
    """alpha negated: an element of order 2 crept in."""
    contest = vote.ballot.contests[0]
    selection = replace(contest.selections[0], alpha=P - contest.selections[0].alpha)
    ballot = replace(vote.ballot, contests=(replace(contest, selections=(selection, *contest.selections[1:])),))
    return Vote(vote.token, ballot, vote.commitments, vote.secret)


def test_a_negated_element_is_rejected(opened):
    bad = element_of_order_two(opened.make(1))
    opened.submit(bad)
    opened.work()
    assert {finding["code"] for finding in opened.ballot_state(bad)["findings"]} >= {"6.A"}


def test_a_device_that_closed_takes_no_more(opened):
    device_desk.close(opened.service, 1, "device-1")
    device_desk.close(opened.service, 1, "device-1")
    with pytest.raises(Conflict, match="has closed"):
        opened.vote(1)
    opened.voters = 3
    opened.vote(1, device=2)


def test_a_device_string_of_another_device_is_refused(opened):
    me = device_desk.describe(opened.service, 2)
    foreign = unchained_field(base64.b64decode(me["h_di"]))
    vote = cast(opened.context, opened.engine, token_of(1), {1: {1: 1}}, foreign)
    with pytest.raises(Unprocessable, match="chaining field is not that of device-1"):
        opened.submit(vote)


def test_an_unknown_ballot_is_not_found(opened):
    with pytest.raises(NotFound):
        submission.ballot_state(opened.service, b"\0" * 32)


def test_closing_only_says_so_and_a_worker_freezes_the_list(opened):
    opened.vote(1)
    opened.work()
    officer.close_voting(opened.service)
    assert opened.state() == "closing"
    sweep(opened.service.database, opened.service.settings)
    assert opened.state() == "counting"

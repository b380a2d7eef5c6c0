"""Where nobody works, the sentence that says what an election waits for says that first."""

from amarvote.elections import officer, progress
from staging.rows import worker_beats


def waits_for(stage):
    return progress.progress(stage.service)["waiting_for"]


def test_voting_is_open_and_no_worker_checks_the_ballots(opened):
    assert waits_for(opened) == "Voting is open."
    opened.vote(1)
    opened.vote(2)
    assert waits_for(opened) == (
        "Voting is open, but no worker is running; start one. Ballots that wait to be checked: 2."
    )
    worker_beats(opened.service.database, ["alive"])
    assert waits_for(opened) == "Voting is open."


def test_voting_is_open_and_every_ballot_is_checked(opened):
    opened.vote(1)
    opened.work()
    assert waits_for(opened) == "Voting is open."


def test_voting_is_closed_and_no_worker_is_running(opened):
    opened.vote(1)
    officer.close_voting(opened.service)
    assert waits_for(opened) == "No worker is running; start one."
    worker_beats(opened.service.database, ["alive"])
    assert waits_for(opened) == "1 ballots are still being checked; then counting begins."

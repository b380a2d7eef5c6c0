"""The board of a real election: what comes onto it, what voters are told, and that the record must agree."""

import base64
import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from amarvote.board.auditing import audit, codes_of
from amarvote.board.checkpoints import open_checkpoint
from amarvote.board.tree import verify_inclusion
from amarvote.elections import board_desk, officer, results
from amarvote.elections.errors import NotFound
from amarvote.pipeline import sequencing
from amarvote.record.merkle import leaf
from amarvote.record.reader import open_record
from amarvote.signer import agent, home
from amarvote.signer.home import Home
from amarvote.store.tables import board_entries, board_nodes, boards
from staging.people import Vote
from staging.signing import Direct
from staging.stage import Stage

BOTH = pytest.mark.parametrize("opened", ["sqlite", "postgresql"], indirect=True)


def codes(stage: Stage) -> list[bytes]:
    data = board_desk.codes(stage.service, 0, 10_000)
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def code_of(vote: Vote) -> bytes:
    return bytes(vote.ballot.confirmation_code)


def told(stage: Stage, vote: Vote) -> dict:
    return board_desk.of_code(stage.service, code_of(vote))


def append(stage: Stage) -> None:
    with stage.service.database.write() as connection:
        sequencing.complete(connection, stage.service.election_id)


@BOTH
def test_a_code_from_submission_to_its_proof(opened, tmp_path):
    stage = opened
    verifier = home.create(tmp_path / "signer", "board.example.org")
    board_desk.name_signer(stage.service, str(verifier))
    signing = Home(tmp_path / "signer")
    cast, challenged = stage.vote(1), stage.vote(2, challenge=True)
    assert (told(stage, cast)["state"], told(stage, cast)["proof"]) == ("submitted", None)
    stage.work()
    assert (told(stage, cast)["state"], told(stage, cast)["status"]) == ("accepted", "cast")
    assert told(stage, challenged)["status"] == "challenged"
    append(stage)
    assert codes(stage) == sorted(map(code_of, (cast, challenged)))
    assert told(stage, cast)["proof"] is None  # nobody signed it yet
    agent.step(Direct(stage.service), signing)
    for vote in (cast, challenged):
        proof = told(stage, vote)["proof"]
        checkpoint = open_checkpoint(proof["checkpoint"], verifier)
        path = [base64.b64decode(one) for one in proof["path"]]
        verify_inclusion(leaf(code_of(vote)), proof["index"], checkpoint.size, path, checkpoint.root)


def test_a_rejected_ballot_is_not_on_the_board_and_takes_no_code_from_the_accepted_one(opened):
    stage = opened
    honest, other = stage.make(1), stage.make(1)
    claiming = replace(other.ballot, confirmation_code=honest.ballot.confirmation_code)
    stolen = Vote(other.token, claiming, other.commitments, other.secret)
    stage.submit(stolen)
    stage.work()
    assert told(stage, honest)["state"] == "rejected"  # so far it is the only one that claims the code
    stage.submit(honest)
    stage.work()
    append(stage)
    assert told(stage, honest)["state"] == "accepted"
    assert told(stage, honest)["id_b"] == honest.ballot.id_b.hex()
    assert codes(stage) == [code_of(honest)]


@BOTH
def test_the_board_is_complete_at_the_close_and_the_record_has_its_codes(opened, tmp_path):
    stage = opened
    votes = [stage.vote(1 + number % 2, device=1 + number % 2) for number in range(6)]
    votes.append(stage.vote(2, challenge=True))
    verifier = home.create(tmp_path / "signer", "board.example.org")
    board_desk.name_signer(stage.service, str(verifier))
    stage.count([1, 3])
    assert stage.state() == "published"
    assert sorted(codes(stage)) == sorted(map(code_of, votes))
    agent.run(Direct(stage.service), Home(tmp_path / "signer"))
    lines = "".join(board_desk.file(stage.service)).splitlines(keepends=True)
    with open_record(stage.download()) as record:
        checkpoint, differences = audit(lines, codes_of(record), verifier)
    assert (checkpoint.size, differences) == (7, [])


def replace_code(connection):
    own = board_entries.c.position == 1
    connection.execute(update(board_entries).where(own).values(code=bytes(32)))


def remove_code(connection):
    connection.execute(delete(board_entries).where(board_entries.c.position == 2))


def add_code(connection):
    election = connection.execute(select(boards.c.election_id)).scalar_one()
    connection.execute(
        board_entries.insert().values(election_id=election, position=3, code=hashlib.sha256(b"stuffed").digest())
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (replace_code, "stands in the record and not on the board"),
        (remove_code, "stands in the record and not on the board"),
        (add_code, "the board has 4 confirmation codes, the record 3"),
    ],
)
def test_a_board_that_differs_keeps_the_results_closed(opened, change, sentence):
    stage = opened
    for _ in range(3):
        stage.vote(1)
    officer.close_voting(stage.service)
    stage.work()
    stage.answer(stage.run([1, 2]))
    with stage.service.database.write() as connection:
        kept = [tuple(row) for row in connection.execute(select(board_entries)).all()]
        change(connection)
    stage.work()
    assert stage.state() == "verification_failed"
    assert sentence in stage.row().note
    with pytest.raises(NotFound):
        results.results(stage.service)
    # restored, as from a backup, the election is verified once more
    with stage.service.database.write() as connection:
        connection.execute(delete(board_entries))
        names = ("election_id", "position", "code")
        connection.execute(board_entries.insert(), [dict(zip(names, row, strict=True)) for row in kept])
    officer.write_record_again(stage.service)
    stage.work()
    assert stage.state() == "published"


def test_no_code_waits_where_nothing_is_cast(opened):
    officer.close_voting(opened.service)
    opened.work()
    assert codes(opened) == []
    head = board_desk.head(opened.service)
    assert (head["size"], head["final"]) == (0, True)
    with opened.service.database.read() as connection:
        assert connection.execute(select(board_nodes)).all() == []

"""What must be true after every fault, whatever it was."""

from sqlalchemy import select

from amarvote.elections import progress, results
from amarvote.pipeline import chunks as life
from amarvote.queues.amqp import CHUNKS, DEAD
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot
from amarvote.record.reader import open_record
from amarvote.record.sections import SectionType
from amarvote.record.verifier import verify_record
from amarvote.store.tables import ballots
from faults.service.election import Ballot, expected_totals
from faults.service.stack import SELDOM, Stack

SETTLED = (life.DONE, life.HALVED)


def check_outcome(stack: Stack, counted: list[Ballot] | None = None) -> None:
    """Every ballot counted exactly once, the tally of an undisturbed run, a record that verifies, no chunk and no
    message left behind. `counted`: the ballots that were taken, by default all. Workers must be alive still.
    """
    taken = list(stack.ballots) if counted is None else counted
    stack.until("published")
    assert results.results(stack.stage.service)["totals"] == expected_totals(taken)
    assert sorted(_accepted(stack)) == sorted((ballot.id_b, ballot.status) for ballot in taken)
    record = stack.stage.download()
    assert verify_record(record).passed
    with open_record(record) as opened:
        published = [
            read_ballot(decode_item(raw.data)).id_b
            for section in opened.sections()
            if section.type is SectionType.DEVICE
            for raw in opened.items(section)
            if raw.item.WhichOneof("item") == "encrypted_ballot"
        ]
    assert sorted(published) == sorted(ballot.id_b for ballot in taken)
    left = [row for row in stack.chunk_rows() if row.state not in SETTLED]
    assert not left, left
    assert progress.progress(stack.stage.service)["failed"] == []
    stack.wait(
        lambda: stack.rabbitmq.depths(stack.vhost) == {CHUNKS: 0, DEAD: 0},
        "no message is left in the queues",
        pause=SELDOM,
    )


def _accepted(stack: Stack) -> list[tuple[bytes, int]]:
    with stack.stage.service.database.read() as connection:
        rows = connection.execute(select(ballots.c.id_b, ballots.c.status).where(ballots.c.state == "accepted"))
        return [(row.id_b, row.status) for row in rows]

"""A ballot over which every child dies: it ends up alone, parked; the others go on; it is retried by command."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from amarvote.elections import work
from amarvote.queues.amqp import DEAD
from amarvote.store.tables import ballots, chunks
from faults.service.outcome import check_outcome
from faults.service.stack import Stack

pytestmark = pytest.mark.timeout(3000)


@pytest.mark.parametrize("how", ["segfault", pytest.param("memory", marks=pytest.mark.chaos)])
def test_poison(stack: Stack, how: str, record_property) -> None:  # type: ignore[no-untyped-def]
    """A child that dies on one ballot: parked after its attempts, others go on, retried by command."""
    stack.times = replace(stack.times, settings={**stack.times.settings, "death_attempts": 3})
    poison = stack.ballots[4]
    victims = stack.workers(poison=f"{how} {poison.id_b.hex()}")
    stack.submit()
    stack.close_voting()

    def others_are_checked() -> bool:
        with stack.stage.service.database.read() as connection:
            found = {row.id_b: row.state for row in connection.execute(select(ballots.c.id_b, ballots.c.state))}
        return found[poison.id_b] == "held" and set(found.values()) == {"held", "accepted"}

    stack.wait(others_are_checked, "the poisonous ballot is parked alone and the others are accepted")
    assert stack.state() == "closing", "nothing unchecked counts, and nothing is left out silently"
    stack.wait(lambda: stack.rabbitmq.depths(stack.vhost)[DEAD] == 1, "the parked chunk has a dead letter")
    with stack.stage.service.database.read() as connection:
        parked = connection.execute(select(chunks).where(chunks.c.state == "failed")).one()
    assert parked.reason.startswith(f"ballot {poison.id_b.hex()}: its worker died 3 times over it")
    for victim in victims:
        assert victim.is_alive(), victim.said()
        victim.kill()
    stack.worker("healthy")
    work.retry(stack.stage.service, parked.id)
    check_outcome(stack)
    record_property("done", f"{stack.deaths()} deaths")

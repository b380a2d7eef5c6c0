import pytest
from sqlalchemy import select

from amarvote.pipeline import states
from amarvote.pipeline.states import FOLLOWING, WrongStateError
from amarvote.store.tables import elections, events
from staging.rows import add_election, fresh_database


def test_states_only_move_forward_but_for_the_two_ways_back_that_are_meant():
    order = list(FOLLOWING)
    back = {
        (state, following)
        for state, allowed in FOLLOWING.items()
        for following in allowed
        if order.index(following) < order.index(state)
    }
    assert back == {
        (states.DECRYPTING, states.WAITING_FOR_GUARDIANS),
        (states.VERIFICATION_FAILED, states.RECORDING),
    }
    assert not FOLLOWING[states.PUBLISHED]


def test_a_move_that_is_not_allowed_changes_nothing(tmp_path):
    database = fresh_database(tmp_path)
    add_election(database, "one", "aggregate", [(0, 1)])
    with pytest.raises(WrongStateError), database.write() as connection:
        states.move(connection, "one", states.PUBLISHED)
    with database.write() as connection:
        states.move(connection, "one", states.WAITING_FOR_GUARDIANS, "counted")
    with database.read() as connection:
        assert connection.execute(select(elections.c.state)).scalars().all() == ["waiting_for_guardians"]
        assert connection.execute(select(events.c.what)).scalars().all() == [
            "counting → waiting_for_guardians: counted"
        ]
    database.close()

"""A process of the API lets people in once its database is known, whatever came between."""

import threading

import uvicorn

from amarvote.api import serve
from amarvote.elections.service import NoDatabaseError


class Troubled:
    """Raises one after the other of these; after that it is there."""

    def __init__(self, *problems):
        self.problems = list(problems)

    def await_schema(self):
        if self.problems:
            raise self.problems.pop(0)


def server():
    return serve._Server(uvicorn.Config(lambda: None), threading.Event())


def test_it_looks_again_after_what_nobody_thought_of(monkeypatch, caplog):
    monkeypatch.setattr(serve, "FIRST_LOOK_SECONDS", 0.01)
    database, looking = Troubled(OSError(24, "Too many open files"), RuntimeError("something")), server()
    looking.look(database)
    assert database.problems == []
    assert not looking.should_exit
    looking.require_database()
    assert "Too many open files" in caplog.text


def test_it_ends_where_the_database_is_not_ours():
    database, looking = Troubled(NoDatabaseError("not ours"), RuntimeError("never asked again")), server()
    looking.look(database)
    assert (len(database.problems), looking.should_exit) == (1, True)


def test_it_looks_no_more_once_it_is_told_to_end():
    database, looking = Troubled(RuntimeError("never asked")), server()
    looking.should_exit = True
    looking.look(database)
    assert len(database.problems) == 1

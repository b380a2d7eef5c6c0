"""Connections that this process cannot make: it has no file descriptor free, and the database is not to blame."""

import errno
import os
import select
import socket
from contextlib import closing

import pytest
from sqlalchemy import text

from amarvote.store import door, listening
from amarvote.store.database import AwayError, Database, DatabaseError, is_passing
from amarvote.store.listening import _Connection

FULL = OSError(errno.EMFILE, "Too many open files")


@pytest.fixture
def database(monkeypatch):
    monkeypatch.setattr(door, "FIRST_PAUSE", 0.02)

    def connect(*_args, **_named):
        raise FULL

    monkeypatch.setattr(_Connection, "connect", connect)
    monkeypatch.setattr(listening.psycopg, "connect", connect)
    with closing(Database("postgresql+psycopg://a:b@127.0.0.1:1/c")) as made:
        yield made


def ask(database):
    with database.read() as connection:
        connection.execute(text("SELECT 1"))


def test_without_a_connection_the_door_is_shut_and_opened_again(database, monkeypatch):
    for _ in range(2):
        with pytest.raises(AwayError, match="Too many open files"):
            ask(database)
    assert "Too many open files" in database.trouble
    monkeypatch.setattr(listening.psycopg, "connect", lambda *_args, **_named: closing_at_once())
    database.wait(10)
    assert database.trouble == ""


def closing_at_once():
    return socket.socket()


def test_where_another_connection_stands_it_passes_and_nobody_else_is_refused(database, monkeypatch):
    class Standing:
        def stands(self):
            return True

    standing = Standing()
    monkeypatch.setattr(listening, "WeakSet", lambda: {standing})
    with closing(Database(database.url)) as opened:
        with pytest.raises(DatabaseError, match="Too many open files") as told:
            ask(opened)
        assert is_passing(told.value)
        assert not isinstance(told.value, AwayError)
        assert opened.trouble == ""


@pytest.mark.parametrize(("number", "heard"), [(errno.EMFILE, True), (errno.EBADF, False)])
def test_a_server_is_not_called_silent_where_it_could_not_be_asked(number, heard, monkeypatch):
    class Connection:
        fileno = staticmethod(select.epoll)

    def dup(_descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "dup", dup)
    assert _Connection._newcomer_is_answered(Connection()) is heard

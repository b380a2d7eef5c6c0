"""Connections to PostgreSQL that find out whether it is away, and shut the door then.

It is away where a connection cannot be made and no other one stands, or where a statement stays without an answer
and a newcomer gets none either. Whoever has a connection and is refused another one has met the server's limit, or
that of this process, as where no file descriptor is free; what is refused then is asked again.
"""

import errno
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Generator, Set
from typing import Any, TypeVar
from weakref import WeakSet

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from amarvote.store.door import SILENT_SECONDS, Door
from amarvote.store.engines import CONNECT_SECONDS, CONNECTION_SETTINGS

LOOK_EVERY = 0.1
"""Seconds between two looks at how long it has been silent."""

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""Begins a connection; every server answers it with a letter, before it asks who is there."""

OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
"""What was missing is missing here: it says nothing of the server."""

Result = TypeVar("Result")


class _Connection(psycopg.Connection[Any]):
    """Does not wait for ever for a server that died without a word, or stands still."""

    made: "_Made | None" = None
    made_at = 0.0

    def wait(self, gen: Any, interval: float = LOOK_EVERY, timeout: float | None = None) -> Any:
        """Every statement waits here for its answer."""
        return super().wait(gen if self.made is None else self._listen(gen, self.made), interval, timeout)

    def _listen(self, waiting: Generator[Any, Any, Result], made: "_Made") -> Generator[Any, Any, Result]:
        heard = time.monotonic()
        try:
            wanted = next(waiting)
            while True:
                ready = yield wanted
                if ready:
                    heard = time.monotonic()
                elif time.monotonic() - heard >= SILENT_SECONDS:
                    self._require_server(made.door)
                wanted = waiting.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result
        except BaseException:
            if self.closed:
                made.lost(self)
            raise

    def _require_server(self, door: Door) -> None:
        try:
            door.listen(self._newcomer_is_answered)
        except BaseException:
            self.close()  # what it would answer later is nobody's any more
            raise

    def _newcomer_is_answered(self) -> bool:
        """Does who is at the other end say anything to somebody new? Yes, while nobody new can be made here."""
        try:
            with socket.socket(fileno=os.dup(self.fileno())) as ours:
                family, peer = ours.family, ours.getpeername()
            with socket.socket(family) as newcomer:
                newcomer.settimeout(CONNECT_SECONDS)
                newcomer.connect(peer)
                newcomer.sendall(SSL_REQUEST)
                return bool(newcomer.recv(1))
        except OSError as problem:
            return problem.errno in OURS

    def stands(self) -> bool:
        """Has the other end not hung up?"""
        try:
            poll = select.poll()
            poll.register(self.fileno(), select.POLLRDHUP)
            return not poll.poll(0)
        except (psycopg.Error, OSError, ValueError):
            return False


class _Made:
    """Every connection that this process made to one database."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self._made: WeakSet[_Connection] = WeakSet()
        self._lock = threading.Lock()  # over `_made`
        self._lost_at = 0.0

    def connect(self, _dialect: Any, _record: Any, positional: Any, keywords: Any) -> _Connection:
        """Make one; AwayError where the database is away."""
        self.door.check()
        began = time.monotonic()
        try:
            connection = _Connection.connect(*positional, **keywords)
        except (psycopg.OperationalError, OSError) as problem:  # OSError: no descriptor to wait with
            with self._lock:
                standing = any(one.stands() for one in self._made)
            if not standing or isinstance(problem, psycopg.errors.ConnectionTimeout):
                raise self.door.shut(problem) from problem
            if isinstance(problem, OSError):
                raise psycopg.OperationalError(str(problem)) from problem
            raise
        connection.made, connection.made_at = self, began
        with self._lock:
            self._made.add(connection)
        return connection

    def taken(self, connection: _Connection, _record: Any, _proxy: Any) -> None:
        """Refuse one that is broken: that costs a microsecond; asking the server, a transaction in ten."""
        if connection.made_at <= self._lost_at or not connection.stands():
            raise DisconnectionError("the server has hung up")

    def lost(self, connection: _Connection) -> None:
        """What broke one may have broken all that stood then, and each would have to find out for itself.

        Of those only the first to find out counts: who connects anew meanwhile is not refused for the others.
        """
        if connection.made_at > self._lost_at:
            self._lost_at = time.monotonic()


def door_of(engines: Set[Engine], name: str) -> Door:
    """The door to the engines' one database, called `name` in sentences, which its connections shut."""
    one = next(iter(engines))
    arguments, named = one.dialect.create_connect_args(one.url)

    def is_there() -> bool:
        try:
            psycopg.connect(*arguments, **{**named, **CONNECTION_SETTINGS}).close()
        except psycopg.OperationalError:
            return False
        return True

    door = Door(name, is_there)
    made = _Made(door)
    for engine in engines:
        event.listen(engine, "do_connect", made.connect)
        event.listen(engine, "checkout", made.taken)
    return door

"""Which of a database's errors pass by themselves: the same asked again will do."""

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError

DatabaseError = SQLAlchemyError
"""Whatever the database did not do; `is_passing` says whether it will when it is asked again."""


class AwayError(SQLAlchemyError):
    """The database is away, and was not asked: whoever asks again does so in `retry_after` seconds."""

    def __init__(self, sentence: str, retry_after: float) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL")
"""By how the name of the error begins: another process writes; the disk is full."""

_POSTGRESQL = (
    "08",  # the connection is lost or was not made
    "25006",  # a standby that only reads: after a change of servers
    "25P03",  # it stood idle in a transaction for too long, so the server ended the session
    "40001",  # serialization failure
    "40P01",  # deadlock: the other one goes on
    "53",  # disk full, out of memory, too many connections
    "55P03",  # a lock was not to be had in time
    "57",  # a statement took too long; the server shuts down, crashed, or starts up
    "58030",  # the server's disk
)
"""By how the SQLSTATE begins."""


def is_no_value(problem: BaseException) -> bool:
    """Is it about a value that a column cannot hold: the character U+0000 in text, a number that is too large?"""
    return isinstance(problem, DataError)


def is_taken(problem: BaseException) -> bool:
    """Is a key taken that was free a moment ago? Whoever looks again finds what took it.

    With SQLite, where whoever writes is alone, only a drawn key can be.
    """
    cause = getattr(problem, "orig", None)
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return name in ("23505", "SQLITE_CONSTRAINT_ROWID")


def is_passing(problem: BaseException) -> bool:
    """Will the same be done when it is asked again?

    So it is where the database was busy, its disk full, or the connection lost; not where a statement is wrong or
    a key is taken. Whether a transaction was committed whose connection broke in its commit is not known: what is
    asked again has to look at what is there first.
    """
    if isinstance(problem, NoConnectionFreeError | AwayError):
        return True
    if not isinstance(problem, DBAPIError):
        return False
    if problem.connection_invalidated:
        return True
    name = getattr(problem.orig, "sqlite_errorname", None)
    if name is not None:
        return str(name).startswith(_SQLITE)
    state = getattr(problem.orig, "sqlstate", None)
    if state is None:
        # psycopg's own: there is no connection, or it broke
        return type(problem.orig).__name__ == "OperationalError"
    return str(state).startswith(_POSTGRESQL)

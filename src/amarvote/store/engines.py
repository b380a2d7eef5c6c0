"""How each of the two databases is opened, and what its two kinds of transaction are.

SQLite: `BEGIN IMMEDIATE` takes the one write lock at once, `BEGIN` reads a snapshot. PostgreSQL: READ COMMITTED,
in which each statement sees what is committed when it begins, so that whoever waited for a row's lock then reads
what the other one wrote (rule 10); and REPEATABLE READ READ ONLY for a snapshot.
"""

from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event

BUSY_MILLISECONDS = 60_000
"""How long a statement waits for SQLite's write lock. Our transactions last milliseconds; disks can be busy."""

CHECKPOINT_PAGES = 4000
"""SQLite's write-ahead log goes into the database every 16 MB: a submitted ballot takes a dozen pages of 4 kB."""

KEPT_CONNECTIONS = {"sqlite": 4, "postgresql": 16}
CONNECTIONS = {"sqlite": 48, "postgresql": 40}
"""Of one process and engine: kept open between transactions, and at most so many at once. The API serves 40
requests side by side; a worker needs one or two, and one for single statements. A new connection to PostgreSQL
takes milliseconds, so more of them are kept."""

SERVER_SETTINGS = {
    "synchronous_commit": "on",  # a 202 was given for what is committed
    "lock_timeout": "10s",
    "statement_timeout": "10min",  # freezing a very long list is one statement
    # a process that was stopped within a transaction must not hold an election's locks for longer than a lease
    "idle_in_transaction_session_timeout": "20s",
    # tables grow from nothing within minutes: a plan that was made for the empty one must not be kept
    "plan_cache_mode": "force_custom_plan",
    "timezone": "UTC",
}

CONNECT_SECONDS = 5

CONNECTION_SETTINGS = {
    "application_name": "amarvote",
    "connect_timeout": CONNECT_SECONDS,
    # a network that was cut is noticed within a lease: while waiting for an answer, and while sending
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


def writing_engine(url: URL, isolation: Literal["READ COMMITTED", "AUTOCOMMIT"] = "READ COMMITTED") -> Engine:
    """An engine whose transactions may write. `url` is sqlite or, with this isolation, postgresql+psycopg."""
    kind = url.get_backend_name()
    common: dict[str, Any] = {
        "pool_size": KEPT_CONNECTIONS[kind],
        "max_overflow": CONNECTIONS[kind] - KEPT_CONNECTIONS[kind],
        "pool_timeout": BUSY_MILLISECONDS / 1000,
        # errors stand in logs and in chunks' reasons, which are public: the values of a statement must not
        "hide_parameters": True,
    }
    if kind == "sqlite":
        engine = create_engine(url, **common)
        _prepare_sqlite(engine)
        return engine
    settings = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
    given = url.query.get("options", "")
    options = f"{settings} {given if isinstance(given, str) else ' '.join(given)}".strip()
    engine = create_engine(
        url.difference_update_query(["options"]),
        **common,
        isolation_level=isolation,
        connect_args={**CONNECTION_SETTINGS, "options": options},
    )
    event.listen(engine, "handle_error", _tell_no_values)
    return engine


def _tell_no_values(context: ExceptionContext) -> None:
    """Of what PostgreSQL says of an error keep the first sentence: details are keys and whole rows."""
    cause, told = context.original_exception, context.sqlalchemy_exception
    sentence = getattr(getattr(cause, "diag", None), "message_primary", None)
    if sentence is not None:
        cause.args = (sentence,)
        if told is not None:
            told.args = (f"({type(cause).__name__}) {sentence}",)


def reading_engine(engine: Engine) -> Engine:
    """The same connections, for transactions that only read, over one snapshot."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(amarvote_begin="BEGIN")
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def single_engine(engine: Engine, url: URL) -> Engine:
    """For single statements: with PostgreSQL neither BEGIN nor COMMIT goes to and fro.

    It has connections of its own: turning one of the others over and back takes as long as what it spares.
    """
    return engine if engine.dialect.name == "sqlite" else writing_engine(url, "AUTOCOMMIT")


def without_time_limit(connection: Connection) -> None:
    """Let the statements of this transaction take as long as they need: there are as many rows as ballots.

    Where who asked is dead the server notices, and ends one: it would hold its locks until it is done.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL client_connection_check_interval = '2s'")


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:  # noqa: ARG001
        # The driver must not open transactions by itself: `BEGIN IMMEDIATE` is what makes two last chunks see each
        # other (rule 10); without it both would read before either writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten: see docs/privacy.md
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("amarvote_begin", "BEGIN IMMEDIATE")
        connection.exec_driver_sql(begin)

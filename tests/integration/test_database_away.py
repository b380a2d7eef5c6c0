"""A database that is away: one look at a time with pauses that grow, and everybody is told at once."""

import os
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from sqlalchemy import func, select, text

import plain_http
from amarvote.api.problems import MEDIA_TYPE
from amarvote.store import door, engines, listening
from amarvote.store.database import AwayError, Database, DatabaseError
from servers.cut_proxy import CutProxy
from servers.postgresql import PostgreSQL
from servers.processes import dies_with_us, free_port
from staging.fixtures import POSTGRESQL
from staging.served import serving
from staging.waiting import looks_since, until

AT_ONCE = 16


@pytest.fixture
def proxy(postgresql_server):
    made = CutProxy(postgresql_server.port)
    yield made
    made.close()


@pytest.fixture
def address(postgresql_server, postgresql_tables, proxy):
    """Of an empty database of ours, through the proxy."""
    return postgresql_server.url(postgresql_tables.rpartition("/")[2], proxy.port)


@pytest.fixture
def database(address):
    database = Database(address)
    yield database
    database.close()


def look(database):
    with database.read() as connection:
        connection.execute(text("SELECT 1"))


def retry_after(database):
    """In how many seconds one who is refused may ask again."""
    with pytest.raises(AwayError) as told:
        look(database)
    return told.value.retry_after


def seconds_of(held):
    """What it took to see that something holds."""
    began = time.monotonic()
    assert held()
    return time.monotonic() - began


def ask_on(database, seconds):
    """Ask again and again, a dozen times at least: the seconds that an answer took after the first, as a rule."""
    until_then, took = time.monotonic() + seconds, []
    while (began := time.monotonic()) < until_then or len(took) < 12:
        with pytest.raises(DatabaseError):
            database.transact(lambda connection: connection.execute(text("SELECT 1")))
        took.append(time.monotonic() - began)
        time.sleep(0.01)
    return statistics.median(took[1:])


def test_many_who_ask_cost_few_attempts_and_it_comes_back_by_itself(database, proxy):
    look(database)
    proxy.cut()
    before, began = proxy.tried, time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        took = list(threads.map(lambda _: ask_on(database, 1.0), range(AT_ONCE)))
    assert max(took) < 0.5
    until(lambda: proxy.tried - before >= 2)
    # each of those who were under way may find out for itself
    assert proxy.tried - before <= AT_ONCE + looks_since(began)
    assert "does not answer" in database.trouble
    until(lambda: 0 < retry_after(database) <= door.LONGEST_PAUSE)  # a look that is under way has begun before
    proxy.heal()
    until(lambda: not database.trouble)
    look(database)


def test_who_loses_a_connection_trusts_no_other_that_stood_then(database):
    pid = select(func.pg_backend_pid())
    ask = lambda connection: connection.execute(pid).scalar_one()  # noqa: E731
    alone = database.alone(ask)
    with pytest.raises(DatabaseError), database.write() as connection:
        connection.execute(select(func.pg_terminate_backend(pid.scalar_subquery())))
    assert alone != database.alone(ask) == database.alone(ask)


def test_who_finds_a_loss_late_costs_nobody_who_connected_since(database, monkeypatch):
    """A pool gives up where it is refused the connection that it made in the place of a refused one."""
    ask = lambda connection: connection.execute(text("SELECT 1")).scalar_one()  # noqa: E731
    really = listening._Connection.connect
    assert database.alone(ask) == 1
    with ExitStack() as held:
        late = held.enter_context(database._engine.connect())
        held.callback(late.invalidate)
        pid = late.execute(select(func.pg_backend_pid())).scalar_one()
        database.alone(lambda connection: connection.execute(select(func.pg_terminate_backend(pid))))
        with pytest.raises(DatabaseError), database.write() as connection:
            connection.execute(select(func.pg_terminate_backend(func.pg_backend_pid())))

        def connect(*positional, **keywords):
            made = really(*positional, **keywords)
            if not late.invalidated:
                with pytest.raises(DatabaseError):
                    ask(late)
            return made

        monkeypatch.setattr(listening._Connection, "connect", connect)
        assert database.alone(ask) == 1
        assert late.invalidated


def test_a_single_statement_finds_out_as_well_and_shuts_the_same_door(database, proxy):
    ask = lambda connection: connection.execute(text("SELECT 1")).scalar_one()  # noqa: E731
    look(database)
    assert database.alone(ask) == 1
    assert database.connections == {"idle": 2, "in_use": 0}
    proxy.cut()
    with pytest.raises(AwayError):
        database.alone(ask)
    assert "does not answer" in database.trouble
    assert 0 < retry_after(database) <= door.LONGEST_PAUSE
    proxy.heal()
    until(lambda: not database.trouble)
    assert database.alone(ask) == 1


def test_what_a_working_server_refuses_or_cuts_does_not_shut_the_door(
    database, postgresql_server, address, caplog
):
    look(database)
    assert postgresql_server.cut_connections(address.rpartition("/")[2]) >= 1
    database.transact(lambda connection: connection.execute(text("SELECT 1")))
    raising = "DO $$ BEGIN RAISE EXCEPTION 'a test' USING ERRCODE = '40001'; END $$"
    with pytest.raises(DatabaseError, match="a test"):
        database.transact(lambda connection: connection.execute(text(raising)))
    assert database.trouble == ""
    assert "does not answer" not in caplog.text


def test_a_server_that_has_no_room_for_one_more_connection_still_serves_those_that_stand():
    server = PostgreSQL("max_connections = 4\nsuperuser_reserved_connections = 0\n")
    database = Database(server.url("postgres"))
    try:
        with ExitStack() as standing:
            for _ in range(4):
                standing.enter_context(database.read()).execute(text("SELECT 1"))
            with pytest.raises(DatabaseError, match="too many clients") as refused:
                look(database)
        assert not isinstance(refused.value, AwayError)
        assert database.trouble == ""
        look(database)
    finally:
        database.close()
        server.close()


def test_a_server_that_lets_us_not_in_is_asked_seldom(proxy, address):
    stranger = Database(address.replace("amarvote:", "amarvote:not"))
    with pytest.raises(AwayError, match="password authentication failed"):
        look(stranger)
    before, began = proxy.tried, time.monotonic()
    assert ask_on(stranger, 1.0) < 0.5
    stranger.close()
    assert proxy.tried - before <= looks_since(began)


def test_a_long_statement_of_a_working_server_is_waited_for(database, monkeypatch):
    monkeypatch.setattr(listening, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(door, "SILENT_SECONDS", 0.2)
    with database.read() as connection:
        assert connection.execute(text("SELECT 7 FROM pg_sleep(0.8)")).scalar_one() == 7


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_server_that_stands_still_holds_nobodys_thread_for_long(opened, postgresql_server, monkeypatch):
    """Times are shortened: 1 s of silence and 2 s for connecting, in service 5 and 5."""
    for module in (listening, door):
        monkeypatch.setattr(module, "SILENT_SECONDS", 1.0)
    monkeypatch.setattr(listening, "CONNECT_SECONDS", 2)
    monkeypatch.setitem(engines.CONNECTION_SETTINGS, "connect_timeout", 2)
    unlimited = {"timeout": 30, "limits": httpx.Limits(max_connections=None)}
    with serving(opened) as served, plain_http.Client(base_url=served.client.base_url, **unlimited) as client:
        ask = lambda _: client.get(served.base).status_code  # noqa: E731
        with ThreadPoolExecutor(60) as many:
            assert set(many.map(ask, range(20))) == {200}
            with postgresql_server.standing_still():
                began = time.monotonic()
                answers = [many.submit(ask, number) for number in range(60)]
                time.sleep(0.5)
                assert client.get("/health/live", timeout=10).status_code == 200
                assert {answer.result() for answer in answers} == {503}
                assert time.monotonic() - began < 25  # and not as long as it stands still
                assert min(seconds_of(lambda: set(many.map(ask, range(20))) == {503}) for _ in range(5)) < 1.0
            until(lambda: ask(0) == 200)


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_the_service_says_at_once_when_to_ask_again_and_what_is_missing(opened, postgresql_server):
    vote = opened.make(1)
    with serving(opened) as served:
        assert served.ask("GET", "").status_code == 200
        headers = served.headers("device-1")
        put = lambda: served.client.put(f"{served.base}/ballots", content=vote.body, headers=headers)  # noqa: E731
        postgresql_server.stop()
        try:
            assert put().status_code == 503
            for ask in (put, lambda: served.ask("GET", ""), lambda: served.client.get("/health/ready")):
                assert min(seconds_of(lambda ask=ask: ask().status_code == 503) for _ in range(5)) < 0.5
                answer = ask()
                assert (answer.status_code, answer.headers["content-type"]) == (503, MEDIA_TYPE)
                assert 1 <= int(answer.headers["retry-after"]) <= 10
                assert "The database does not answer." in answer.json()["detail"]
                assert "127.0.0.1" not in answer.text
            assert answer.json()["missing"] == ["The database does not answer."]
            assert served.client.get("/health/live").json() == {"status": "alive"}
        finally:
            postgresql_server.start()
        until(lambda: served.client.get("/health/ready").status_code == 200)
        assert put().status_code == 202
    opened.work()
    assert opened.ballot_state(vote)["state"] == "accepted"


# ---- processes that are started while it is away


@contextmanager
def process(*arguments, **environment):
    started = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=dies_with_us,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def health(port, which):
    """The status code and the body of live or ready, once somebody listens."""

    def listens():
        try:
            found.append(plain_http.get(f"http://127.0.0.1:{port}/health/{which}", timeout=10))
        except httpx.TransportError:
            return False
        return True

    found = []
    until(listens)
    return found[0].status_code, found[0].json()


def api(address, port):
    return process("amarvote.api.serve", "--database", address, "--port", str(port))


def test_an_api_started_while_it_is_away_is_alive_waits_and_serves(address, proxy):
    proxy.cut()
    port = free_port()
    with api(address, port) as started:
        assert health(port, "live") == (200, {"status": "alive"})
        code, told = health(port, "ready")
        assert (code, told["missing"]) == (503, ["The database does not answer."])
        answer = plain_http.get(f"http://127.0.0.1:{port}/elections")
        assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (503, True)
        before = proxy.tried
        proxy.heal()
        until(lambda: health(port, "ready")[0] == 200)
        assert proxy.tried - before < 10
        assert plain_http.get(f"http://127.0.0.1:{port}/elections").json()["items"] == []
        started.send_signal(signal.SIGTERM)
        assert started.wait(60) == 0


def test_an_api_ends_once_the_database_is_there_and_not_ours(postgresql_server, proxy, command):
    name = postgresql_server.create_database()
    proxy.cut()
    port = free_port()

    def look_and_heal():
        try:
            return health(port, "live")[0]
        finally:
            proxy.heal()

    with ThreadPoolExecutor(1) as threads:
        alive = threads.submit(look_and_heal)
        ended = command("api", "--database", postgresql_server.url(name, proxy.port), "--port", port)
        assert alive.result() == 200
    assert (ended.returncode, "amarvote db upgrade" in ended.stderr, "Traceback" in ended.stderr) == (
        2,
        True,
        False,
    )
    postgresql_server.drop_database(name)


def test_commands_that_need_it_now_say_so_in_a_sentence(address, proxy, command):
    proxy.cut()
    for arguments in (("db", "upgrade"), ("token", "operator")):
        ended = command(*arguments, "--database", address)
        assert (ended.returncode, "does not answer" in ended.stderr) == (2, True)
        assert "Traceback" not in ended.stderr


def test_a_worker_started_while_it_is_away_is_alive_waits_and_works(address, proxy):
    proxy.cut()
    port, before, began = free_port(), proxy.tried, time.monotonic()
    with process("amarvote.worker", "--health-port", str(port), AMARVOTE_DATABASE_URL=address) as started:
        assert health(port, "live")[0] == 200
        until(lambda: any("does not answer" in one for one in health(port, "ready")[1]["missing"]))
        time.sleep(2.0)
        assert proxy.tried - before <= 2 + looks_since(began)
        proxy.heal()
        until(lambda: health(port, "ready") == (200, {"ready": True, "missing": []}))
        before, began = proxy.tried, time.monotonic()
        proxy.cut()
        until(lambda: any("does not answer" in one for one in health(port, "ready")[1]["missing"]))
        time.sleep(1.0)
        assert health(port, "live")[0] == 200
        assert proxy.tried - before <= 4 + looks_since(began)
        proxy.heal()
        until(lambda: health(port, "ready")[0] == 200)
        started.send_signal(signal.SIGTERM)
        assert started.wait(60) == 0

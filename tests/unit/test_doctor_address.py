"""The API over the database that it should be over, or another one; whose clock answers; no need of TLS."""

import json
import threading
import time
from contextlib import closing
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import insert, update

from amarvote.doctor import address, database
from amarvote.doctor.findings import State
from amarvote.doctor.system import System
from amarvote.elections.services import Services
from amarvote.pipeline import trial
from amarvote.store.database import DatabaseError
from amarvote.store.tables import elections
from staging.rows import fresh_database

NOBODYS = {"title": "", "n": 1, "k": 1, "chaining_mode": 0, "minimum_group": 0, "manifest": b""}


@pytest.fixture
def here(tmp_path):
    with closing(fresh_database(tmp_path)) as made:
        yield made


@pytest.fixture
def elsewhere(tmp_path):
    (tmp_path / "old").mkdir()
    with closing(fresh_database(tmp_path / "old")) as made:
        yield made


class Api:
    """Lists the elections of a database, or whatever it is told to answer."""

    def __init__(self):
        api = self
        self.answer = dict
        self.behind = 0.0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(api.answer()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp=None):
                return formatdate(time.time() - api.behind, usegmt=True)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def over(self, opened):
        self.answer = lambda: Services(opened).listing("", 100)

    def close(self):
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def api():
    with closing(Api()) as made:
        yield made


def add(opened, *ids, state="open"):
    with opened.write() as connection:
        for one in ids:
            connection.execute(insert(elections).values(id=one, state=state, **NOBODYS))


def found(here, api, look=address.api):
    (finding,) = look(System(here, api=api.url))
    return finding


def test_an_api_over_the_same_database(here, api):
    api.over(here)
    assert (found(here, api).state, "to compare" in found(here, api).seen) == (State.OK, True)
    add(here, "a1", "b2")
    here.transact(trial.begin)
    seen = found(here, api)
    assert (seen.state, "(2 compared)" in seen.seen) == (State.OK, True)


def test_an_api_over_another_database(here, elsewhere, api):
    api.over(elsewhere)
    add(here, "a1", "b2")
    add(elsewhere, "a1", "c3", "d4", "e5", "f6")
    seen = found(here, api)
    assert seen.state is State.FAILED
    assert "another database than sqlite:///" in seen.seen
    assert "it lists and this one does not hold: c3, d4, e5 and 1 more" in seen.seen
    assert "this one holds and it does not list: b2." in seen.seen
    assert "After a restore" in seen.todo


def test_an_api_left_on_the_database_as_it_was_before_it_went_on_elsewhere(here, elsewhere, api):
    api.over(elsewhere)
    add(here, "a1", "b2")
    add(elsewhere, "a1", "b2")
    assert found(here, api).state is State.OK
    with here.write() as connection:
        connection.execute(update(elections).where(elections.c.id == "b2").values(state="closing"))
    seen = found(here, api)
    assert (seen.state, "in another state there: b2." in seen.seen) == (State.FAILED, True)


def test_what_happens_while_it_is_asked_is_no_difference(here, api):
    add(here, "a1", "b2", state="ready")

    def answer():
        with here.write() as connection:
            connection.execute(update(elections).where(elections.c.id == "a1").values(state="open"))
        add(here, "c3")
        return listing

    listing = Services(here).listing("", 100)
    api.answer = answer
    assert found(here, api).state is State.OK

    def later():
        add(here, "d4")
        return Services(here).listing("", 100)

    api.answer = later
    assert found(here, api).state is State.OK


def test_more_elections_than_a_page_holds(here, api):
    add(here, *(f"a{number:03}" for number in range(150)))
    api.over(here)
    assert "(100 compared)" in found(here, api).seen

    def meanwhile():
        add(here, "a0005")  # moves the last of the page to the next one
        return Services(here).listing("", 100)

    api.answer = meanwhile
    assert found(here, api).state is State.OK
    shown = Services(here).listing("", 100)
    shown["items"] = [one for one in shown["items"] if one["id"] != "a007"]
    api.answer = lambda: shown
    assert "this one holds and it does not list: a007." in found(here, api).seen


@pytest.mark.parametrize("body", [[], {}, {"items": 7, "next": None}, {"items": [{"id": "x"}], "next": None}])
def test_another_service_that_answers(here, api, body):
    api.answer = lambda: body
    seen = found(here, api)
    assert (seen.state, "not as AmarVote does" in seen.seen) == (State.FAILED, True)


def test_the_clock_is_that_of_who_answers_and_told_in_whole_seconds(here, api):
    for behind in (0.0, 0.7):
        api.behind = behind
        for _ in range(3):
            time.sleep(0.21)
            _, seen = database.clocks(System(here, api=api.url))
            assert seen.state is State.OK
            assert seen.seen.startswith(f"The clock at {api.url} (of the proxy")
    api.behind = 5.0
    _, seen = database.clocks(System(here, api=api.url))
    assert (seen.state, "behind this machine's" in seen.seen) == (State.ATTENTION, True)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.6, 0.999])
@pytest.mark.parametrize("stale", [0, 1])
def test_a_clock_that_goes_right_is_never_said_to_be_behind(here, fraction, stale, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000 + fraction)
    found = database._dated("Its clock", lambda _: formatdate(1_790_000_000 - stale, usegmt=True), System(here))
    assert found.seen == "Its clock agrees with this machine's within 1 s; it tells whole seconds."


def test_tls_does_not_apply_on_this_machine(here):
    for where in ("http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "http+unix://api.sock"):
        (seen,) = address.tls(System(here, api=where))
        assert (seen.state, "--api https://" in seen.todo) == (State.NOT_HERE, True)


def test_why_a_database_does_nothing_is_said_without_what_libraries_add(here):
    with here.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elections RENAME TO others")
    with pytest.raises(DatabaseError) as told:
        address._elections(System(here))
    said = database.refusal(System(here), told.value)
    assert said == f"{here.name} cannot be used: no such table: elections"

"""Live events: read from the database, told as they happen, resumed by number, ended with the process."""

import json
import threading
import time

import pytest

from amarvote.api import streams
from amarvote.elections import events, officer
from amarvote.pipeline import states
from staging.fixtures import BOTH, POSTGRESQL
from staging.served import serving
from staging.waiting import until


@pytest.fixture
def served(opened):
    with serving(opened) as served:
        yield served


def listen(served, most, seconds=30.0, found=None, **headers):
    """The next `most` events, each as its id and data; also in `found`, as they come."""
    found, fields = [] if found is None else found, {}
    with served.client.stream("GET", f"{served.base}/events", headers=headers, timeout=seconds) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif fields:
                found.append((fields.get("id"), json.loads(fields["data"])))
                fields = {}
                if len(found) == most:
                    break
    return found


def test_a_listener_hears_what_was_and_what_happens_and_reads_on_from_where_it_was(served):
    said = served.ask("GET", "/progress").json()["events"]
    before = listen(served, len(said))
    assert [data["what"] for _, data in before] == said
    assert [number for number, _ in before] == [str(data["id"]) for _, data in before]
    later = threading.Timer(0.3, officer.pause, [served.stage.service])
    later.start()
    started = time.monotonic()
    ((number, data),) = listen(served, 1, **{"Last-Event-ID": before[-1][0]})
    assert (data["what"], int(number) > int(before[-1][0])) == ("paused", True)
    assert time.monotonic() - started < 20
    ((again, _),) = listen(served, 1, **{"Last-Event-ID": before[-1][0]})
    assert again == number
    later.join()


def test_a_stream_ends_with_the_process(served):
    said = len(served.ask("GET", "/progress").json()["events"])
    heard = []
    listener = threading.Thread(target=listen, args=(served, said + 1), kwargs={"found": heard})
    listener.start()
    until(lambda: len(heard) == said)
    assert listener.is_alive()
    served.over.set()
    listener.join(30)
    assert (listener.is_alive(), len(heard)) == (False, said)


def test_listeners_are_bounded(served, monkeypatch):
    monkeypatch.setattr(streams, "MOST_STREAMS", 0)
    answer = served.ask("GET", "/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "listening here already" in answer.json()["detail"]


@pytest.mark.parametrize("opened", BOTH, indirect=True)
def test_events_become_visible_in_the_order_of_their_numbers(opened):
    service = opened.service
    before = events.newest(service.database)

    def write(what):
        with service.database.write() as connection:
            states.record_event(connection, service.election_id, what)

    with service.database.write() as connection:
        states.record_event(connection, service.election_id, "first")
        second = threading.Thread(target=write, args=["second"])
        second.start()
        second.join(0.5)
        assert second.is_alive()
        assert events.following(service, before) == []
    second.join(60)
    assert [event["what"] for event in events.following(service, before)] == ["first", "second"]


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_an_event_is_heard_that_is_committed_after_a_later_one_of_another_election(served, another):
    stage = served.stage
    other = another("other", url=stage.url)
    before = events.newest(stage.service.database)
    heard = []
    listener = threading.Thread(
        target=lambda: heard.extend(listen(served, 1, 60.0, **{"Last-Event-ID": str(before)}))
    )
    listener.start()
    time.sleep(1)
    with stage.service.database.write() as connection:
        states.record_event(connection, stage.service.election_id, "what took long")
        with stage.service.database.write() as meanwhile:
            states.record_event(meanwhile, other.service.election_id, "what did not")
        time.sleep(3 * streams.LOOK_EVERY)
    listener.join(30)
    assert [data["what"] for _, data in heard] == ["what took long"]
    other.service.close()


@pytest.mark.parametrize("number", ["x", "-1", "9" * 16])
def test_a_number_of_no_event_is_refused(served, number):
    assert served.ask("GET", f"/events?after={number}").status_code == 422
    refused = served.client.get(f"{served.base}/events", headers={"Last-Event-ID": number})
    assert refused.status_code == 422

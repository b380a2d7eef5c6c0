"""What everybody may ask costs the service little, however many ask."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import plain_http
from amarvote.api import asking, recent, streams
from amarvote.elections import officer, progress
from staging.served import serving


@pytest.fixture
def served(opened):
    with serving(opened) as served:
        yield served


def test_progress_is_counted_once_for_all_who_ask_and_again_a_second_later(served, monkeypatch):
    real, counted, go = progress.progress, [], threading.Event()

    def slowly(service):
        counted.append(service.election_id)
        go.wait(60)
        return real(service)

    monkeypatch.setattr(progress, "progress", slowly)
    monkeypatch.setattr(recent, "KEPT_SECONDS", 5.0)
    with ThreadPoolExecutor(60) as many:
        answers = [many.submit(served.client.get, f"{served.base}/progress", timeout=60) for _ in range(60)]
        time.sleep(1)
        assert served.ask("GET", "").status_code == 200  # nobody's thread is held but one
        go.set()
        assert {answer.result().status_code for answer in answers} == {200}
    officer.pause(served.stage.service)  # elsewhere: this process does not see it at once
    assert served.ask("GET", "/progress").json()["paused"] is False
    assert len(counted) == 1
    until = time.monotonic() + 60
    while not served.ask("GET", "/progress").json()["paused"]:
        assert time.monotonic() < until
        time.sleep(0.1)  # who asks too often is refused
    assert len(counted) == 2


def test_what_is_ordered_here_is_seen_at_once(served):
    for command, paused in (("pause", True), ("resume", False), ("pause", True)):
        assert served.ask("POST", f"/officer/{command}", "officer").status_code == 204
        assert served.ask("GET", "/progress").json()["paused"] is paused
    assert served.ask("POST", "/officer/resume", "device-1").status_code == 403


def test_what_went_wrong_is_not_kept(served, monkeypatch):
    def defect(_):
        raise RuntimeError("a defect")

    with monkeypatch.context() as broken:
        broken.setattr(progress, "progress", defect)
        url = f"{served.client.base_url}{served.base}/progress"
        assert plain_http.get(url).status_code == 500
    assert plain_http.get(url).status_code == 200


@pytest.mark.parametrize(
    "path", ["/progress", "/phases", "/phases/1/chunks", "/chunks/1", "/results", "/results/challenged"]
)
def test_an_address_that_asks_too_much_is_told_to_wait(served, monkeypatch, path):
    monkeypatch.setattr(asking, "READS", replace(asking.READS, burst=3, rate=0.001))
    statuses = [served.ask("GET", path).status_code for _ in range(4)]
    assert 429 not in statuses[:3]
    assert statuses[3] == 429
    assert served.ask("GET", "").status_code == 200


def test_an_address_takes_some_of_the_places_of_listeners(served, monkeypatch):
    monkeypatch.setattr(streams, "MOST_FROM_AN_ADDRESS", 1)
    url = f"{served.base}/events"
    with served.client.stream("GET", url) as first:
        assert first.status_code == 200
        answer = served.client.get(url)
        assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    until = time.monotonic() + 10
    while served.client.stream("GET", url).__enter__().status_code != 200:
        assert time.monotonic() < until

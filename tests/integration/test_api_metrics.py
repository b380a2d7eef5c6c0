"""What a process of the API counts of its requests: by route and status, never by what was asked for."""

import re
import secrets
import socket
import time

import pytest

import plain_http
from staging.served import serving


@pytest.fixture
def served(opened):
    with serving(opened) as served:
        yield served


def metrics(served):
    """Every sample of amarvote's by its name and labels."""
    answer = plain_http.get(
        served.client.base_url.join("/metrics")
    )  # a defect ends the connection it came through
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "text/plain; version=0.0.4; charset=utf-8",
    )
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def requests(served, route, status, method="GET"):
    name = f'amarvote_api_requests_total{{method="{method}",route="{route}",status="{status}"}}'
    return metrics(served).get(name, 0)


def test_requests_are_counted_by_template_and_nothing_of_theirs_is_shown(served):
    strange = secrets.token_hex(16)
    served.ask("GET", "/progress")
    served.ask("GET", f"/ballots/{strange * 2}")
    served.client.get(f"/elections/{strange}/progress")
    served.client.get(f"/{strange}")
    served.client.request("PURGE", served.base)
    served.ask("POST", "/officer/pause", "stranger")
    assert requests(served, "/elections/{election}/progress", 200) == 1
    assert requests(served, "/elections/{election}/progress", 404) == 1
    assert requests(served, "/elections/{election}/ballots/{id_b}", 404) == 1
    assert requests(served, "unknown", 404) == 1
    assert requests(served, "/elections/{election}", 405, "other") == 1
    assert requests(served, "/elections/{election}/officer/pause", 401, "POST") == 1
    found = metrics(served)
    assert found['amarvote_api_request_seconds_count{route="/elections/{election}/progress"}'] == 2
    assert strange.lower() not in str(found).lower()
    assert served.stage.creation.election_id not in str(found)


def test_a_stream_counts_once_it_begins_to_answer(served):
    began = time.monotonic()
    with served.client.stream("GET", f"{served.base}/events", timeout=60) as response:
        next(response.iter_lines())
        begun = time.monotonic() - began
        time.sleep(begun + 0.5)
        assert requests(served, "/elections/{election}/events", 200) == 1
    assert metrics(served)['amarvote_api_request_seconds_sum{route="/elections/{election}/events"}'] < begun + 0.1


def test_a_defect_counts_as_one(served, monkeypatch):
    def defect(*_):
        raise RuntimeError("a defect")

    monkeypatch.setattr("amarvote.elections.progress.progress", defect)
    assert served.ask("GET", "/progress").status_code == 500
    assert requests(served, "/elections/{election}/progress", 500) == 1


def test_a_client_that_goes_away_is_no_error_of_ours(served):
    host, port = served.client.base_url.host, served.client.base_url.port
    token = served.tokens["device-1"]
    with socket.create_connection((host, port)) as half:
        half.sendall(
            f"PUT {served.base}/ballots HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nthe beginning".encode()
        )
        time.sleep(0.3)
    until = time.monotonic() + 10
    while requests(served, "/elections/{election}/ballots", 499, "PUT") != 1:
        assert time.monotonic() < until


def test_the_service_as_a_whole_and_the_process(served):
    served.stage.vote(1)
    served.ask("GET", "/progress")
    found = metrics(served)
    assert found["amarvote_database_up"] == 1
    assert found['amarvote_service_ballots{state="submitted"}'] == 1
    assert found['amarvote_service_elections{state="open"}'] == 1
    assert found['amarvote_database_connections{state="idle"}'] >= 1
    assert found["process_resident_memory_bytes"] > 10 << 20
    assert [
        name
        for name in found
        if re.fullmatch(r'amarvote_build_info\{python="3.+",role="api",version=".+"\}', name)
    ]

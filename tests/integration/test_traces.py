"""One trace from the request over the queue to the worker's commit, as a real receiver of OTLP gets it."""

import subprocess
import sys
import threading
import time
from collections import namedtuple
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import select

import plain_http
from amarvote.observability import traces
from amarvote.pipeline.settings import DEFAULTS
from amarvote.store.tables import ballots, chunks
from canaries import leaked
from faults.service.stack import Process
from servers.processes import free_port
from staging.served import serving

AMARVOTE = Path(sys.executable).with_name("amarvote")
PATIENCE = 60.0

Span = namedtuple("Span", "name kind trace id parent attributes failed service")


class Receiver(ThreadingHTTPServer):
    """Takes spans, as a collector does."""

    def __init__(self):
        self.bodies = []
        super().__init__(("127.0.0.1", 0), _Receiving)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self):
        return [
            Span(
                span.name,
                span.kind,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                values(span.attributes),
                span.status.code == span.status.STATUS_CODE_ERROR,
                values(of_process.resource.attributes)["service.name"],
            )
            for path, body in list(self.bodies)
            for of_process in ExportTraceServiceRequest.FromString(body).resource_spans
            for of_scope in of_process.scope_spans
            for span in of_scope.spans
        ]

    def one(self, **wanted):
        """The one span of these fields, once it is there."""
        until = time.monotonic() + PATIENCE
        while True:
            found = [
                one for one in self.spans() if all(getattr(one, key) == value for key, value in wanted.items())
            ]
            if found:
                (span,) = found
                return span
            assert time.monotonic() < until, f"{wanted} is not among {self.spans()}"
            time.sleep(0.05)


class _Receiving(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/x-protobuf"
        self.server.bodies.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def values(attributes):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def start(opened, receiver, tmp_path):
    """Starts a process of the service, with traces sent to the receiver."""
    started = []

    def begin(*arguments, **environment):
        settings = {
            "AMARVOTE_DATABASE_URL": opened.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            **environment,
        }
        name = f"{arguments[0]}-{len(started)}"
        started.append(Process(name, [str(AMARVOTE), *map(str, arguments)], tmp_path / f"{name}.log", settings))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


def serve(start, stage, **environment):
    """The election's address."""
    port = free_port()
    process = start("api", "--port", port, **environment)
    until = time.monotonic() + PATIENCE
    while not ready(port):
        assert time.monotonic() < until, process.said()
        time.sleep(0.05)
    return f"http://127.0.0.1:{port}/elections/{stage.creation.election_id}"


def ready(port):
    try:
        return plain_http.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def put(stage, base, vote, **headers):
    device = stage.creation.devices["device-1"].value
    answer = plain_http.put(
        f"{base}/ballots",
        content=vote.body,
        headers={"Authorization": f"Bearer {device}", "Content-Type": "application/octet-stream", **headers},
    )
    assert answer.status_code == 202


def traceparents(stage):
    with stage.service.database.read() as connection:
        accept = select(chunks).where(chunks.c.id.in_(select(ballots.c.chunk_id)))
        return [(row.state, row.traceparent) for row in connection.execute(accept)]


def two_ballots(stage, base):
    """The second is handed in a second later, so that its request cuts the chunk of both."""
    votes = stage.make(1), stage.make(2)
    put(stage, base, votes[0])
    time.sleep(DEFAULTS.cut_seconds + 0.2)
    strange = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    put(stage, base, votes[1], traceparent=strange)
    return votes


def check_one_trace(stage, start, receiver, **environment):
    base = serve(start, stage, **environment)
    votes = two_ballots(stage, base)
    ((state, traceparent),) = traceparents(stage)
    assert state == "ready"
    request = receiver.one(id=traceparent.split("-")[2])
    assert (request.name, request.kind, request.parent, request.service) == (
        "PUT /elections/{election}/ballots", 2, "", "amarvote-api",
    )  # fmt: skip
    assert request.attributes == {
        "http.request.method": "PUT",
        "http.route": "/elections/{election}/ballots",
        "http.response.status_code": 202,
    }
    assert request.trace == traceparent.split("-")[1]
    assert request.trace != "0af7651916cd43dd8448eb211c80319c"  # what a client names is not taken up
    start("worker", "--name", "w", "--health-port", "0", **environment)
    chunk = receiver.one(trace=request.trace, kind=5)
    assert (chunk.name, chunk.parent, chunk.failed, chunk.service) == (
        "accept chunk", request.id, False, "amarvote-worker",
    )  # fmt: skip
    assert chunk.attributes["amarvote.outcome"] == "done"
    assert set(chunk.attributes) == {
        f"amarvote.{name}" for name in ("election", "phase", "chunk", "attempt", "outcome")
    }
    for name in ("load", "compute", "commit"):
        assert receiver.one(trace=request.trace, name=name).parent == chunk.id
    assert len([span for span in receiver.spans() if span.trace == request.trace]) == 5
    assert len({span.trace for span in receiver.spans() if span.name.startswith("PUT")}) == 2
    assert traceparents(stage) == [("done", None)]
    secrets = {
        "the device's token": stage.creation.devices["device-1"].value,
        **{f"vote {number}": vote.token for number, vote in enumerate(votes)},
        **{f"id {number}": vote.ballot.id_b for number, vote in enumerate(votes)},
        "where it came from": "127.0.0.1:",
        "the database": stage.url.rpartition("@")[2],
    }
    assert leaked(secrets, b"".join(body for _, body in receiver.bodies)) == []
    assert {path for path, _ in receiver.bodies} == {"/v1/traces"}


def test_one_trace_through_the_database(opened, start, receiver):
    """Whatever the environment asks FastAPI for: its own telemetry tells who asked, and what for."""
    check_one_trace(opened, start, receiver, FASTAPI_OTEL_AUTO_CONFIGURE="true")


@pytest.mark.parametrize("opened", ["postgresql"], indirect=True)
def test_one_trace_through_rabbitmq(opened, start, receiver, rabbitmq_url):
    check_one_trace(opened, start, receiver, AMARVOTE_BROKER_URL=rabbitmq_url)


def test_what_is_not_sampled_leaves_no_trace(opened, start, receiver):
    base = serve(start, opened, OTEL_TRACES_SAMPLER="always_off")
    two_ballots(opened, base)
    assert traceparents(opened) == [("ready", None)]
    assert receiver.bodies == []


def test_off_nothing_is_kept_and_nothing_is_imported(opened, receiver, monkeypatch):
    """Nor by the worker: see the test that its parent is small."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    tracer = traces.begin("api")
    assert tracer is None
    opened.service = replace(opened.service, settings=DEFAULTS)
    with serving(opened, tracer) as served:
        two_ballots(opened, f"{served.client.base_url}{served.base}")
    assert traceparents(opened) == [("ready", None)]
    assert receiver.bodies == []
    # FastAPI has the interface, which does nothing, and imports it
    ours = ("opentelemetry.sdk", "opentelemetry.exporter", "amarvote.api.tracing")
    code = "import amarvote.api.serve, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [one for one in told.stdout.split() if one.startswith((*ours, "amarvote.record.verifier"))] == []


@pytest.mark.parametrize("program", [("api", "--port", "0"), ("worker", "--health-port", "0")])
def test_without_opentelemetry_it_says_what_to_do(opened, command, monkeypatch, program):
    missing = ("opentelemetry.sdk", "opentelemetry.exporter")
    for name in [one for one in sys.modules if one.startswith(missing)]:
        monkeypatch.delitem(sys.modules, name)
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    settings = {"AMARVOTE_DATABASE_URL": opened.url, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    refused = command(*program, **settings)
    assert refused.returncode == 64
    assert refused.stderr.endswith("is not installed: pip install 'amarvote[otel]', or unset it.\n")

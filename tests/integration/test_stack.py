"""The deployed service, reached as people reach it: through nginx, over TLS. test_runbook counts the election."""

import os
import signal
import socket
import ssl
import stat
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

import plain_http
from stack.memory import tree
from stack.voting import Election

HEADERS = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
PATIENCE = 120.0
REQUESTS = 1000
"""That nginx answers over one connection."""


@pytest.fixture
def client(stack):
    with httpx.Client(
        base_url=stack.url, verify=ssl.create_default_context(cafile=stack.ca), timeout=30
    ) as client:
        yield client


def until(met, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := met()):
        assert time.monotonic() < deadline, f"It does not happen that {what}."
        time.sleep(0.1)
    return found


def test_every_answer_has_the_security_headers_and_says_nothing_of_the_proxy(client):
    for method, path, status in (
        ("GET", "/elections", 200),
        ("GET", "/elections/none", 404),
        ("POST", "/elections", 401),
        ("GET", "/nothing", 404),
        ("PUT", "/elections/none/confirm", 413),
    ):
        answer = client.request(method, path, content=b"x" * 70_000 if status == 413 else None)
        assert answer.status_code == status, path
        assert {name: answer.headers.get_list(name) for name in HEADERS} == {
            name: [value] for name, value in HEADERS.items()
        }
        assert answer.headers.get("server") == "nginx"
        assert "1." not in answer.headers["server"]


def test_only_the_service_is_reached_from_outside(stack, client):
    for path in (
        "/metrics",
        "//metrics",
        "/%6detrics",
        "/elections/../metrics",
        "/elections/%2e%2e/metrics",
        "/elections/..%2fmetrics",
        "/metrics/",
        "/health/ready",
        "/health",
        "/",
    ):
        with httpx.Client(verify=client._transport._pool._ssl_context) as raw:
            answer = raw.get(httpx.URL(stack.url, raw_path=path.encode()))
        assert answer.status_code == 404, path
        assert "amarvote_" not in answer.text, path
    assert client.get("/health/live").json() == {"status": "alive"}
    assert plain_http.get(f"{stack.url_of('api-1')}/metrics").status_code == 200


def test_http_2_over_tls_1_3_and_nothing_older_than_1_2(stack):
    asked = ["curl", "--silent", "--cacert", stack.ca, "--http2", "--output", "/dev/null"]
    said = ["--write-out", "%{http_version} %{ssl_verify_result} %{http_code}", f"{stack.url}/elections"]
    for version, answer in (("--tlsv1.3", "2 0 200"), ("--tls-max 1.2", "2 0 200"), ("--tls-max 1.1", "0 1 000")):
        found = subprocess.run([*asked, *version.split(), *said], capture_output=True, text=True, check=False)
        assert found.stdout == answer, version


def test_without_tls_people_are_sent_on(stack):
    answer = plain_http.get(f"{stack.plain_url}/elections")
    assert (answer.status_code, answer.headers["location"]) == (308, "https://127.0.0.1/elections")


def test_a_body_that_is_too_large_is_refused_where_it_comes_in(client, election):
    headers = {"Authorization": f"Bearer {election.device_token}"}
    sizes = {"/elections": 24 << 20, f"/elections/{election.id}/ballots": 16 << 20, "/elections/x/join": 64 << 10}
    for path, most in sizes.items():
        method = "PUT" if path.endswith("ballots") else "POST"
        too_large = client.request(method, path, content=bytes(most + 1), headers=headers)
        assert (too_large.status_code, too_large.headers["content-type"]) == (413, "application/problem+json"), (
            path
        )
        assert too_large.json()["status"] == 413
    within = client.put(f"/elections/{election.id}/ballots", content=bytes(1 << 20), headers=headers)
    assert within.json()["detail"].startswith("The body has more than")  # the API's own bound for this election


def test_live_events_arrive_at_once(stack, client, tmp_path):
    """What happens is told within the moment, though the answer goes on: nothing waits for a buffer to be full."""
    with ExitStack() as opened:
        other = opened.enter_context(closing(Election(stack, tmp_path / "another")))
        answer = opened.enter_context(client.stream("GET", f"/elections/{other.id}/events", timeout=PATIENCE))
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        for what in ("paused", "resumed"):
            other.service.post(f"/officer/{what.removesuffix('d')}")
            assert any(f'"what":"{what}"' in line.replace(": ", ":") for line in lines)


def test_an_address_may_listen_to_so_many_streams_and_no_more(client, election):
    with ExitStack() as streams:
        statuses = Counter(
            streams.enter_context(client.stream("GET", f"/elections/{election.id}/events")).status_code
            for _ in range(52)
        )
        assert statuses == {200: 50, 429: 2}


def test_who_asks_too_often_is_told_when_to_come_again(stack, election):
    """A polling place is many devices behind one address: what is refused is far beyond that."""
    context = ssl.create_default_context(cafile=stack.ca)

    def ask(number):
        plain = socket.create_connection(("127.0.0.1", stack.ports.tls))
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as there:
            asked = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * number
            there.sendall(asked + b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answers = b""
            while piece := there.recv(1 << 16):
                answers += piece
            return answers

    began = time.monotonic()
    with ThreadPoolExecutor(8) as clients:
        answers = b"".join(clients.map(ask, [REQUESTS - 1] * 8))
    allowed = 601 + 300 * (time.monotonic() - began)
    refused = answers.count(b"HTTP/1.1 429 ")
    assert 600 <= answers.count(b"HTTP/1.1 200 ") <= allowed
    assert refused >= 8 * REQUESTS - allowed > 0
    assert answers.count(b"Retry-After: 1\r\n") == refused == answers.count(b'"title":"Too Many Requests"')


def test_a_replica_that_dies_costs_no_ballot(stack, client, election):
    """A ballot put twice is one ballot: nginx asks the other replica, or tells the client to ask again."""
    headers = {"Authorization": f"Bearer {election.device_token}"}
    path = f"/elections/{election.id}/ballots"
    api = stack.parts["api-1"]
    revivals = api.revivals
    os.kill(api.pid, signal.SIGKILL)
    answers = [client.put(path, content=b"x", headers=headers) for _ in range(20)]
    assert {answer.status_code for answer in answers if answer.headers.get("retry-after") is None} <= {409, 422}
    assert {answer.status_code for answer in answers} & {409, 422}
    assert [answer.status_code for answer in answers].count(503) <= 2
    until(lambda: api.revivals > revivals and api.is_alive(), "it is started again")
    api.await_up()


def test_no_secret_is_seen_from_outside_a_process(stack):
    names = ("postgres-password", "database-password", "broker-url", "database-url")
    secrets = [(stack.secrets / name).read_bytes().strip() for name in names]
    secrets += [secret.split(b":")[2].split(b"@")[0] for secret in secrets if b"://" in secret]

    def service():
        return [pid for kind in ("api", "worker") for part in stack.of_kind(kind) for pid in tree(part.pid)]

    until(lambda: len(service()) >= 6, "a worker is a parent and a child")  # it may just have been started again
    for pid in service():
        shown = b"".join(Path(f"/proc/{pid}/{what}").read_bytes() for what in ("cmdline", "environ"))
        assert not [secret for secret in secrets if secret in shown]
    for log in stack.logs.iterdir():
        assert not [secret for secret in secrets if secret in log.read_bytes()], log.name
    for file in stack.secrets.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_nobody_who_votes_stands_in_the_proxys_logs(stack, client, election):
    """Not where all is well, nor where a ballot is larger than a buffer, nor where no replica answers."""
    headers = {"Authorization": f"Bearer {election.device_token}"}
    large = client.put(f"/elections/{election.id}/ballots", content=bytes(200 << 10), headers=headers)
    assert large.status_code in (409, 413, 422)
    apis = stack.of_kind("api")
    revivals = [api.revivals for api in apis]
    for api in apis:
        os.kill(api.pid, signal.SIGKILL)
    code = "A1B2C3D4"
    away = until(
        lambda: (answer := client.get(f"/elections/{election.id}/codes/{code}")).status_code == 503 and answer,
        "no API answers",
    )
    assert away.headers["retry-after"] == "2"
    for api, before in zip(apis, revivals, strict=True):
        until(lambda api=api, before=before: api.revivals > before and api.is_alive(), "it is started again")
        api.await_up()
    # nginx asks a replica that did not answer again after ten seconds
    until(lambda: {client.get("/elections").status_code for _ in range(20)} == {200}, "both answer")
    log = stack.nginx.access_log.read_text()
    assert f"PUT /elections/{election.id}/ballots 202" in log
    assert f"GET /elections/{election.id}/codes/ 503" in log
    for text in (log, (stack.logs / "nginx").read_text(errors="replace")):
        assert "127.0.0.1" not in text
        assert election.device_token not in text
        assert code not in text
    assert not list(stack.nginx.body_files.iterdir())


@pytest.mark.parametrize(
    "program", [["api", "--port", "0"], ["worker", "--health-port", "0"]], ids=["api", "worker"]
)
def test_it_does_not_start_without_its_secrets_or_with_ones_for_everybody(stack, command, program, tmp_path):
    kept = tmp_path / "database-url"
    environment = stack.environment | {"AMARVOTE_DATABASE_URL_FILE": str(kept)}
    settings = {name: value for name, value in environment.items() if name.startswith("AMARVOTE_")}

    def start():
        ended = command(*program, **settings)
        return ended.returncode, ended.stderr

    code, said = start()
    assert (code, "No such file" in said) == (64, True)
    kept.write_bytes((stack.secrets / "database-url").read_bytes())
    kept.chmod(0o644)
    code, said = start()
    assert (code, "everybody on this machine" in said) == (64, True)


def test_prometheus_reaches_everybody_and_knows_when_the_certificate_ends(stack):
    def ask(query):
        answer = plain_http.get(f"{stack.prometheus_url}/api/v1/query", params={"query": query}).json()
        return {one["metric"].get("job", ""): float(one["value"][1]) for one in answer["data"]["result"]}

    expected = {"api": 2, "worker": 2, "rabbitmq": 1, "node": 1, "blackbox-tls": 1, "prometheus": 1}
    until(lambda: ask("sum by (job) (up)") == expected, "all are reached")
    until(lambda: ask("probe_success") == {"blackbox-tls": 1}, "nginx answers")
    days = ask("(probe_ssl_earliest_cert_expiry - time()) / 86400")["blackbox-tls"]
    assert 58 < days < 60


def test_the_database_is_not_its_superusers(stack):
    """The service owns its tables and nothing else."""
    rows = stack.parts["postgres"].server.run(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = 'amarvote'"
    )
    assert rows == [(False, False, False, False)]

"""`amarvote api`, `up` and `token`: started, asked, killed and ended as people do."""

import json
import os
import re
import shlex
import shutil
import signal
import socket as sockets
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

import plain_http
from amarvote.guardian.invitation import read_invitation
from amarvote.signer.home import Home
from amarvote.store.database import Database
from servers.processes import free_port
from staging.people import make_manifest

AMARVOTE = Path(sys.executable).with_name("amarvote")


@contextmanager
def running(*arguments, **environment):
    """As in a foreground job, also where the tests run in the background, which ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [AMARVOTE, *map(str, arguments)], stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    signal.signal(signal.SIGINT, before)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def address_of(process):
    """What it says it listens on."""
    for line in process.stderr:
        found = re.search(r"listens on (\S+)", line)
        if found:
            return found[1]
    raise AssertionError("it ended before it listened")


@pytest.fixture
def database(tmp_path):
    url = f"sqlite:///{tmp_path / 'e.db'}"
    opened = Database(url)
    opened.create_schema()
    opened.close()
    return url


def order(name="made over the network"):
    return {"manifest": json.loads(make_manifest(name)), "guardians": 2, "quorum": 2}


def test_an_operator_makes_an_election_over_tcp(database, command):
    token = command("token", "operator", "--database", database)
    assert (token.returncode, re.fullmatch(r"[0-9a-f]{64}\n", token.stdout) is not None) == (0, True)
    bearer = {"Authorization": f"Bearer {token.stdout.strip()}"}
    with running("api", "--port", 0, "--proxy", "192.0.2.1", AMARVOTE_DATABASE_URL=database) as process:
        address = address_of(process)
        assert address.startswith("http://127.0.0.1:")
        with plain_http.Client(base_url=address, headers=bearer) as client:
            made = client.post("/elections", json=order())
            assert made.status_code == 201
            waiting = client.get(f"/elections/{made.json()['id']}/progress").json()["waiting_for"]
        assert waiting == "Guardians [1, 2] have not sent theirs in round commit of the ceremony."
        assert not believes(address)
        with ThreadPoolExecutor(8) as askers:
            list(askers.map(lambda _: plain_http.get(f"{address}/elections").status_code, range(64)))
        assert arenas_of_threads(process.pid) == 0, "memory that threads free stays with them: it drifts"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def arenas_of_threads(pid):
    """How many of malloc's arenas there are beside the main one: each reserves 64 MiB, at a multiple of that."""
    found = 0
    rows = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    for (place, rights, *_), (following, unused, *_) in pairwise(rows):
        start, end = (int(one, 16) for one in place.split("-"))
        first, last = (int(one, 16) for one in following.split("-"))
        whole = (rights, unused) == ("rw-p", "---p") and end == first and last - start == 64 << 20
        found += whole and start % (64 << 20) == 0
    return found


def test_a_socket_is_for_its_owner_only(database, tmp_path):
    path = tmp_path / "socket"
    with running("api", "--socket", path, "--database", database) as process:
        assert address_of(process) == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path), retries=5), base_url="http://x") as client:
            assert client.get("/health/ready").status_code == 200


def believes(address):
    """Whether it takes our word for where we ask from: who guessed too often there is turned away."""
    assert any(guess(address, "198.51.100.1") == 429 for _ in range(300))
    answers = {guess(address, "198.51.100.2") for _ in range(20)}  # a guess a second may be allowed again by now
    assert answers <= {401, 429}
    return answers == {401}


def test_a_proxys_word_is_believed(database, command):
    """Nobody else's: see those without this proxy. An invitation has the address at which the officer asked."""
    token = command("token", "operator", "--database", database).stdout.strip()
    operator = {"Authorization": f"Bearer {token}"}
    served = running("api", "--port", 0, "--database", database, "--proxy", "127.0.0.0/8")
    with served as process, plain_http.Client(base_url=(address := address_of(process))) as client:
        assert believes(address)
        made = client.post("/elections", json=order(), headers=operator).json()
        officer = {"Authorization": f"Bearer {made['officer']['token']}"}
        through = {"Host": "vote.example.org:8443", "X-Forwarded-Proto": "https"}
        path = f"/elections/{made['id']}"
        told = client.post(f"{path}/invitations", json={"guardian": 1}, headers={**officer, **through}).json()
    assert told["line"] == f"https://vote.example.org:8443{path}#{told['invitation']}"
    assert read_invitation(told["line"]).secret == told["invitation"]


@pytest.mark.parametrize("proxy", ["nginx", "10.1.2.3/24", "*"])
def test_a_proxy_is_an_address_or_a_network(database, proxy, command):
    refused = command("api", "--port", 0, "--database", database, "--proxy", proxy)
    assert (refused.returncode, "--proxy takes" in refused.stderr) == (64, True)


def test_an_address_that_others_may_read_is_refused_by_every_command(database, tmp_path, command):
    file = tmp_path / "database-url"
    file.write_text(f"{database}\n")
    file.chmod(0o640)
    named = {"AMARVOTE_DATABASE_URL_FILE": str(file)}
    assert command("token", "operator", **named).returncode == 0
    file.chmod(0o644)
    for arguments in (
        ["api", "--port", 0],
        ["worker", "--health-port", 0],
        ["token", "operator"],
        ["db", "upgrade"],
    ):
        refused = command(*arguments, **named)
        assert (refused.returncode, "everybody on this machine" in refused.stderr) == (64, True), arguments
        assert "Traceback" not in refused.stderr


def test_a_worker_is_given_its_address_by_option_file_or_setting_and_shows_it_nobody(database, tmp_path, command):
    file, nowhere = tmp_path / "database-url", f"sqlite:///{tmp_path / 'nothing.db'}"
    file.touch(0o600)
    file.write_text(database)
    for given, environment, words in (
        (["--database", database], {"AMARVOTE_DATABASE_URL_FILE": str(tmp_path / "none")}, ()),
        ([], {"AMARVOTE_DATABASE_URL_FILE": str(file)}, (database,)),
    ):
        with running("worker", "--health-port", 0, *given, **environment) as process:
            assert any("health and metrics" in line for line in process.stderr)
            seen = b"".join(Path(f"/proc/{process.pid}/{what}").read_bytes() for what in ("cmdline", "environ"))
            assert not [word for word in words if word.encode() in seen]
    refused = command("worker", AMARVOTE_DATABASE_URL=nowhere, AMARVOTE_DATABASE_URL_FILE=str(file))
    assert (refused.returncode, "Both AMARVOTE_DATABASE_URL" in refused.stderr) == (64, True)


def guess(address, where_from):
    headers = {"Authorization": "Bearer guessed", "X-Forwarded-For": where_from}
    return plain_http.post(f"{address}/elections", json=order(), headers=headers).status_code


def test_what_cannot_be_served_is_said_in_a_sentence(database, tmp_path, command):
    missing = command("api", "--database", f"sqlite:///{tmp_path / 'other.db'}", "--port", 0)
    assert (missing.returncode, "amarvote db upgrade" in missing.stderr) == (2, True)
    assert command("token", "operator", "--database", f"sqlite:///{tmp_path / 'other.db'}").returncode == 2
    assert command("token").returncode == 64
    nowhere = command("api", "--port", 0)
    assert (nowhere.returncode, "AMARVOTE_DATABASE_URL" in nowhere.stderr) == (64, True)
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = command("api", "--database", database, "--port", port)
    assert (refused.returncode, f"port {port}" in refused.stderr) == (2, True)
    assert "Traceback" not in missing.stderr + refused.stderr + nowhere.stderr


def test_the_whole_service_in_one_folder_goes_on_whatever_is_killed_and_when_restored(tmp_path, command):
    """Of three boards one is signed on, one's signer is away, which is said and mended, one has none yet."""
    folder, port = tmp_path / "service", free_port()
    token_file, signers, stored = folder / "operator-token", folder / "signers", folder / "service.db"
    with running("up", folder, "--workers", 1, "--port", port) as process:
        address = address_of(process)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        token = token_file.read_text().strip()
        with plain_http.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as client:
            made = [client.post("/elections", json=order(name)).json()["id"] for name in ("1", "2", "3")]
            kept, lost, unnamed = made
            wait_for(lambda: client.get(f"/elections/{kept}/progress").json()["workers"])
        for one in made:
            wait_for((signers / one / "token").exists)
            assert {stat.S_IMODE(path.stat().st_mode) for path in (signers / one).iterdir()} == {0o600}
        assert pid_of(folder, "signer")
        assert signer_of(stored, kept) == str(Home(signers / kept).signer.verifier)
        second = command("up", folder, "--port", free_port())
        assert (second.returncode, "Another service works" in second.stderr) == (64, True)
        api = int(pid_of(folder, "api"))
        os.kill(api, signal.SIGKILL)
        with plain_http.Client(base_url=address, transport=httpx.HTTPTransport(retries=0)) as client:
            wait_for(lambda: pid_of(folder, "api") not in ("", str(api)) and answers(client, kept))
        assert not believes(address)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        said = process.stderr.read()
        assert ("goes on" in said, "not signed" in said) == (True, False)
    with sockets.create_server(("127.0.0.1", port)):
        pass  # nobody listens any more

    with sqlite3.connect(stored) as connection:
        connection.execute("update boards set signer = null where election_id = ?", (unnamed,))
    connection.close()
    backup = json.loads(command("backup", tmp_path, "--database", f"sqlite:///{stored}", "--json").stdout)
    for path in folder.glob("service.db*"):
        path.unlink()
    assert command("restore", backup["backup"], "--database", f"sqlite:///{stored}").returncode == 0
    for one in (lost, unnamed):
        shutil.rmtree(signers / one)
    with running("up", folder, "--workers", 1, "--port", port) as process:
        with plain_http.Client(base_url=address_of(process)) as client:
            assert {one["id"] for one in client.get("/elections").json()["items"]} == set(made)
        assert token_file.read_text().strip() == token
        warning = next(line for line in process.stderr if "not signed" in line)
        assert warning.startswith(f"The board of election {lost} is not signed here")
        assert command(*shlex.split(warning.partition("sign: ")[2])[1:]).returncode == 0
        for one in made:
            wait_for((signers / one / "token").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "not signed" not in process.stderr.read()
    with sqlite3.connect(stored) as connection:
        assert connection.execute("select count(*) from tokens where role = 'operator'").fetchone() == (1,)
    connection.close()


def test_a_port_that_is_taken_is_said_at_once_and_nothing_is_announced(tmp_path, command):
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = command("up", tmp_path / "service", "--port", port)
    assert (refused.returncode, "listens on" in refused.stderr) == (64, False)
    assert f"port {port} of this machine: Address already in use. Choose another with --port." in refused.stderr
    assert not (tmp_path / "service" / "processes.json").exists()


def signer_of(stored, election):
    with sqlite3.connect(stored) as connection:
        named = connection.execute("select signer from boards where election_id = ?", (election,)).fetchone()[0]
    connection.close()
    return named


def pid_of(folder, name):
    return str(json.loads((folder / "processes.json").read_text()).get(name, ""))


def answers(client, election):
    try:
        return client.get(f"/elections/{election}").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(met):
    until = time.monotonic() + 60
    while not met():
        assert time.monotonic() < until
        time.sleep(0.05)

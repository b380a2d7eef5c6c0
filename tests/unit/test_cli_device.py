"""`amarvote device run`: what is missing or wrong is said before anybody votes; the outcome is told."""

import json

import pytest

from amarvote.cli import device
from amarvote.cli.stopping import Stopped
from amarvote.device.errors import DeviceError
from amarvote.device.voters import VotersError

ELECTION = "http://127.0.0.1:9/elections/" + "0c" * 16
"""Nobody listens at the port for discarding."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(device, "PATIENCE", 0.1)
    home = tmp_path / "place"
    home.mkdir(mode=0o700)
    (home / "token").write_text("5f" * 32)
    (home / "pin").write_text("5f" * 32)
    (tmp_path / "voters.jsonl").write_text("")
    return home


@pytest.fixture
def run(home, monkeypatch, command):
    """Exit code, standard output, standard error; `serve` stands in for the service where it is given."""

    def run(*arguments, serve=None, voters=home.parent / "voters.jsonl", api=ELECTION):
        if serve is not None:
            monkeypatch.setattr(device, "_look", lambda *_: None)
            monkeypatch.setattr(device, "serve", serve)
        return command("device", "run", home, "--api", api, "--voters", voters, *arguments)

    return run


def raising(problem):
    def serve(*_):
        raise problem

    return serve


@pytest.mark.parametrize(
    ("name", "words"), [("token", "POST /elections, or POST /elections/ID/devices"), ("pin", "the words of H_E")]
)
def test_what_belongs_into_the_home_is_said_where_it_is_missing(home, run, name, words):
    (home / name).unlink()
    code, out, err = run()
    assert (code, out) == (2, "")
    assert f"{home / name} is missing" in err
    assert words in err


def test_a_home_that_is_not_there_is_not_made(home, run):
    for name in ("token", "pin"):
        (home / name).unlink()
    home.rmdir()
    assert run()[0] == 2
    assert not home.exists()


def test_others_may_not_look_into_the_home(home, run):
    home.chmod(0o755)
    code, _, err = run()
    assert (code, f"chmod 700 {home}" in err) == (64, True)


def test_voters_that_are_not_there(home, run):
    code, _, err = run(voters=home / "nobody.jsonl")
    assert (code, "nobody.jsonl cannot be read: No such file" in err) == (2, True)


@pytest.mark.parametrize(
    ("api", "words"),
    [(ELECTION, "does not answer"), (ELECTION.replace("127.0.0.1", "192.0.2.1"), "not encrypted")],
)
def test_a_service_that_does_not_answer_is_not_waited_for_without_a_word(run, api, words):
    code, _, err = run(api=api)
    assert (code, words in err) == (2, True)


@pytest.mark.parametrize(
    ("problem", "words", "ends_with"),
    [
        (DeviceError("The service shows the election a\x1b[2J."), "The service shows the election a?[2J.", 2),
        (VotersError("voters.jsonl, line 2 is not a voter."), "line 2 is not a voter. What a line looks like", 2),
        (Stopped(15), "The same command goes on", 143),
    ],
)
def test_an_end_is_an_exit_code_and_a_sentence(run, problem, words, ends_with):
    code, out, err = run("--json", serve=raising(problem))
    assert (code, words in err) == (ends_with, True)
    assert json.loads(out)["error"] in err


def test_how_many_ballots_and_what_comes_next(home, run):
    code, out, _ = run(serve=lambda *_: 3)
    assert (code, out.startswith("3 ballots"), f"POST {ELECTION}/officer/close" in out) == (0, True, True)
    code, out, _ = run("--json", serve=lambda *_: 3)
    assert (code, json.loads(out)) == (0, {"ballots": 3, "address": ELECTION, "home": str(home)})

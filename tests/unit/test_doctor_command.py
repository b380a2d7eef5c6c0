"""The command without its database: one sentence, nothing else is looked at, exit code 2."""

import json
from functools import partial

import pytest

from servers.processes import free_port


@pytest.fixture
def run(monkeypatch, command):
    for name in ("DATABASE", "BROKER"):
        monkeypatch.delenv(f"AMARVOTE_{name}_URL", raising=False)
        monkeypatch.delenv(f"AMARVOTE_{name}_URL_FILE", raising=False)

    return partial(command, "doctor", "--database")


def unreached(folder):
    (folder / "notes.db").write_text("no database at all, but something else\n" * 100)
    port = free_port()
    return {
        f"postgresql+psycopg://a:hushhush@127.0.0.1:{port}/b": (
            f"postgresql+psycopg://a:***@127.0.0.1:{port}/b does not answer: ",
            "Connection refused. Start it, or put its address right (--database, AMARVOTE_DATABASE_URL,",
        ),
        f"sqlite:///{folder}/none.db": (f"There is no database {folder}/none.db. Put its address right",),
        f"sqlite:///{folder}/notes.db": (
            "notes.db cannot be used: file is not a database. Put its address right",
        ),
    }


def test_it_is_said_once_which_database_why_and_what_to_do(run, tmp_path):
    for url, words in unreached(tmp_path).items():
        code, out, told = run(url)
        assert (code, out, told.count("\n")) == (2, "", 1)
        assert told.startswith("amarvote: ")
        assert all(word in told for word in words), told
        assert told.endswith("; nothing else was looked at.\n")
        assert "hushhush" not in told
        assert "(Background" not in told
        code, out, again = run(url, "--json")
        assert (code, json.loads(out), again) == (2, {"error": told.removeprefix("amarvote: ").strip()}, told)
    assert not (tmp_path / "none.db").exists()

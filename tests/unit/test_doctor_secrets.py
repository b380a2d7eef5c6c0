"""Who may read secrets: what is seen, what is not."""

from types import SimpleNamespace

import pytest

from amarvote.doctor import secrets
from amarvote.doctor.findings import State
from amarvote.doctor.system import System

GIVEN = ("broker-url", "database-url")
OTHERS = ("database-password", "grafana-password", "postgres-password", "rabbitmq-password.conf", "tls-key")


def put(folder, *names, mode=0o640):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("hush")
        (folder / name).chmod(mode)


@pytest.fixture
def found(tmp_path):
    put(tmp_path / "given", *GIVEN)

    def look(url="postgresql+psycopg://a@b/c"):
        named = tuple(tmp_path / "given" / name for name in GIVEN)
        system = System(SimpleNamespace(url=url), secrets=named)
        return list(secrets.files(system))

    return look


def test_what_is_seen_and_what_is_not_is_named(found, tmp_path):
    (line,) = found()
    assert line.state is State.OK
    assert line.seen == (
        f"Looked at in {tmp_path / 'given'}: broker-url, database-url. Not seen from here: {', '.join(OTHERS)}."
    )


def test_all_of_them_where_they_lie_together(found, tmp_path):
    put(tmp_path / "given", *OTHERS)
    put(tmp_path / "given", "tls-certificate", mode=0o644)
    (line,) = found()
    names = ", ".join(sorted((*GIVEN, *OTHERS)))
    assert (line.state, line.seen) == (State.OK, f"Looked at in {tmp_path / 'given'}: {names}.")
    for mode in (0o644, 0o641, 0o642):
        (tmp_path / "given" / "tls-key").chmod(mode)
        failed, _ = found()
        assert (failed.state, str(tmp_path / "given" / "tls-key") in failed.seen) == (State.FAILED, True)


def test_many_files_are_not_all_named(found, tmp_path):
    put(tmp_path / "given", *(f"file-{number:02}" for number in range(40)))
    (line,) = found()
    assert "and 22 more" in line.seen


def test_a_laptop_has_no_other_secrets(found, tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "service.db").touch(0o600)
    lines = found(f"sqlite:///{tmp_path}/service.db")
    assert [line.state for line in lines] == [State.OK, State.OK]
    assert "Not seen" not in lines[0].seen

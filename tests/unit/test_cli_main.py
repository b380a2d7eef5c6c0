import json
import shlex
import signal
import sys

import pytest
from rich.console import Console
from rich.progress import Progress

from amarvote.cli import program
from amarvote.cli.progress import Bar
from amarvote.cli.stopping import SIGNALS, Stopped, stoppable

GROUPS = ([], ["record"], ["import"], ["db"], ["device"])


@pytest.mark.parametrize("group", GROUPS)
def test_without_a_command_the_help_is_shown_as_it_is(command, group):
    code, out, err = command(*group)
    assert (code, out) == (64, "")
    assert err.startswith("Usage: amarvote")
    assert "try --help" not in err
    assert command(*group, "-h") == (0, err, "")


@pytest.mark.parametrize("group", GROUPS)
def test_summaries_are_shown_whole(command, group):
    _, out, _ = command(*group, "-h")
    listed = out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert listed
    assert all(len(line.split(maxsplit=1)[1]) < 60 and line.endswith(".") for line in listed)
    assert not [line for line in listed if line.endswith("...")]


def test_the_version(command):
    code, out, _ = command("--version")
    assert code == 0
    assert out.startswith("amarvote ")


def test_the_help_of_count_says_what_its_options_do_there(command):
    _, out, _ = command("count", "-h")
    words = " ".join(out.split())
    assert "--challenged N Made-up ballots" in words
    assert "--seed S Draws the marks of the challenged ballots" in words
    assert "[default: amarvote-count-1" in words
    assert "130 (Ctrl-C) or 143 (SIGTERM)" in words


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["demo", "--workers", "0", "--json"], 64),
        (["demo", "--workers", "many", "--json"], 64),
        (["count", "--json", "--manifest", "/nowhere", "--ballots", "/nowhere.csv"], 2),
        (["verify", "/nowhere", "--json"], 2),
    ],
)
def test_with_json_errors_are_an_object_too(command, arguments, code):
    ended, out, err = command(*arguments)
    assert ended == code
    sentence = json.loads(out)["error"]
    assert err == f"amarvote: {sentence}\n"
    plain = [argument for argument in arguments if argument != "--json"]
    assert command(*plain) == (code, "", err)


@pytest.mark.parametrize("called", [".venv/bin/amarvote", "/a folder/amarvote"])
def test_commands_are_printed_as_a_shell_takes_them(monkeypatch, called):
    monkeypatch.setattr(sys, "argv", [called])
    assert shlex.split(program.command("verify", "it's here")) == [called, "verify", "it's here"]
    monkeypatch.setattr(sys, "argv", ["-c"])
    assert program.command("demo") == "amarvote demo"


@pytest.fixture
def interruptible():
    """As in a foreground job, also where the tests run in the background, which ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_stops_and_the_next_do_not_disturb(number):
    cleaned = []

    def work() -> None:
        with stoppable():
            try:
                signal.raise_signal(number)
            finally:
                for again in SIGNALS:
                    signal.raise_signal(again)
                cleaned.append(True)

    with pytest.raises(Stopped) as stopped:
        work()
    assert stopped.value.code == 128 + number
    assert cleaned
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_a_command_in_the_background_ignores_interrupts_as_before():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stoppable():
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL


@pytest.mark.parametrize(("plain", "full", "empty"), [(False, "━", "·"), (True, "#", ".")])
def test_an_empty_bar_looks_empty_without_colours(plain, full, empty):
    bars = Progress(Bar(plain=plain), console=Console(no_color=True))
    task = bars.add_task("x", total=4)
    bar = Bar(plain=plain)
    assert bar.render(bars.tasks[0]).plain == empty * 32
    bars.update(task, completed=1)
    assert bar.render(bars.tasks[0]).plain == full * 8 + empty * 24
    bars.update(task, completed=4)
    assert bar.render(bars.tasks[0]).plain == full * 32

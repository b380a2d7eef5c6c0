"""docs/service.md, typed: the blocks marked `sh`, line for line, into a shell beside `amarvote up`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from servers.missing import not_here
from servers.processes import free_port

ROOT = Path(__file__).parents[2]
AMARVOTE = Path(sys.executable).with_name("amarvote")
PATIENCE = 120.0
PORT = "8080"
LAPTOP, ELECTION = "On a laptop", "From the manifest to the results"
UNTIL = re.compile(r"^(?P<line>.*\S)\s+# until: (?P<words>.+)$")
TOTALS = {"chair": {"ada": 5, "ben": 4, "other": 1}, "board": {"cem": 5, "dia": 5, "eva": 4}}
"""As examples/small/README.md has them."""


def typed():
    """Under each heading, the blocks marked `sh`."""
    found = {}
    for section in re.split(r"^## ", (ROOT / "docs" / "service.md").read_text(encoding="utf-8"), flags=re.M)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
        if blocks:
            found[section.partition("\n")[0]] = blocks
    return found


class Shell:
    """A shell that ends at the first line that fails; `curl` fails where it is refused."""

    def __init__(self, folder):
        self.folder = folder
        (folder / ".curlrc").write_text("fail-with-body\nshow-error\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AMARVOTE_")}
        path = f"{AMARVOTE.parent}:{os.environ['PATH']}"
        self._process = subprocess.Popen(
            ["bash", "--norc", "-euo", "pipefail"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**kept, "HOME": str(folder), "CURL_HOME": str(folder), "PATH": path},
            start_new_session=True,
        )

    def types(self, text):
        """What it says to this."""
        self._process.stdin.write(f"{text}\necho; echo typed\n")
        self._process.stdin.flush()
        said = []
        for line in self._process.stdout:
            if line == "typed\n":
                return "".join(said).removesuffix("\n")
            said.append(line)
        raise AssertionError(f"{text}\nends with {self._process.wait()}: {''.join(said)}")

    def types_block(self, block):
        """A line that names what is awaited is typed again until that is said."""
        lines = []
        for line in block.splitlines():
            awaited = UNTIL.match(line)
            if awaited is None:
                lines.append(line)
                continue
            self.types("\n".join(lines))
            lines = []
            self.waits(**awaited.groupdict())
        return self.types("\n".join(lines))

    def waits(self, line, words):
        deadline = time.monotonic() + PATIENCE
        while words not in (said := self.types(f"{{ {line}\n}} || true")):
            assert time.monotonic() < deadline, f"{line}\ndoes not say {words!r} but {said}"
            time.sleep(0.2)

    def close(self):
        """End it and whatever it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


@pytest.fixture(scope="module")
def officer(tmp_path_factory):
    """The shell, once everything is typed; `said` is what the last line of each section said."""
    for program in ("jq", "curl", "openssl", "basenc"):
        if shutil.which(program) is None:
            not_here(program)
    folder = tmp_path_factory.mktemp("officer")
    (folder / "examples").symlink_to(ROOT / "examples")
    shell, port = Shell(folder), str(free_port())
    try:
        shell.types(f"amarvote up elections --workers 1 --port {port} > up.log 2>&1 &")
        shell.waits("cat up.log", "listens on")
        blocks = typed()
        shell.said = {
            heading: [shell.types_block(block.replace(PORT, port)) for block in blocks[heading]][-1]
            for heading in (ELECTION, LAPTOP)
        }
        yield shell
    finally:
        shell.close()


def test_every_marked_block_is_typed():
    blocks = typed()
    assert set(blocks) == {LAPTOP, ELECTION}
    assert sum(block.count(PORT) for section in blocks.values() for block in section) == 2  # one in a comment


def test_the_results_are_those_of_the_example(officer):
    assert json.loads(officer.types("curl --silent $URL/elections/$ID/results | jq .totals")) == TOTALS
    assert "passed" in officer.said[ELECTION]


def test_every_agent_ends_once_the_results_are_published(officer):
    for guardian in (1, 2, 3):
        officer.waits(f"cat agent-{guardian}.log", "Done: the results are published.")


def test_the_polling_place_shows_codes_and_may_be_started_again(officer):
    assert re.fullmatch(r"[0-9a-f]{64}\n", (officer.folder / "place" / "screen").read_text())
    again = officer.types("amarvote device run place --api $URL/elections/$ID --voters voters.jsonl 2> device.log")
    assert again.startswith("12 ballots were handed in")


def test_a_polling_place_of_another_election_encrypts_nothing(officer):
    said = officer.types(
        "mkdir other; cp place/token other; grep H_G guardian-1/words | cut -c 5- > other/pin\n"
        "amarvote device run other --api $URL/elections/$ID --voters voters.jsonl 2>&1 || echo ends with $?"
    )
    assert "No ballot is encrypted" in said
    assert said.endswith("ends with 2\n")
    assert not (officer.folder / "other" / "screen").exists()


def test_the_backup_is_restored_with_the_signers_homes(officer):
    assert "is published: 12 ballots" in officer.said[LAPTOP]
    (key,) = (officer.folder / "restored" / "signers").glob("*/key")
    assert f"Election {key.parent.name} " in officer.said[LAPTOP]

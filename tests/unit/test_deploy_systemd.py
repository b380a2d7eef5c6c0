"""The systemd units, held against systemd itself."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from amarvote.worker import exits
from amarvote.worker.addresses import BROKER, DATABASE, file_of
from servers import missing

UNITS = Path(__file__).parents[2] / "deploy/systemd"
AMARVOTE = Path(sys.executable).with_name("amarvote")
INSTALLED = "/opt/amarvote/bin/amarvote"
COMMON = (UNITS / "amarvote-.service.d/common.conf").read_text()
MOST_EXPOSED = 20
"""Of 100: what `systemd-analyze security` calls OK."""


@pytest.fixture
def installed(tmp_path):
    """The units as they are installed, but for the program's place, which must exist to be verified."""
    if shutil.which("systemd-analyze") is None:
        missing.not_here("systemd-analyze")
    copied = shutil.copytree(UNITS, tmp_path / "units")
    for unit in copied.glob("*.service"):
        unit.write_text(unit.read_text().replace(INSTALLED, str(AMARVOTE)))
    return copied


def analyze(*arguments):
    ended = subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_systemd_takes_every_line_of_them(installed):
    assert analyze("verify", *sorted(installed.glob("*.service")), *sorted(installed.glob("*.timer"))) == (0, "")


def test_an_unknown_line_would_show(installed):
    common = installed / "amarvote-.service.d/common.conf"
    common.write_text(common.read_text().replace("ProtectHome=", "ProtectHouse="))
    assert "ProtectHouse" in analyze("verify", installed / "amarvote-api.service")[1]


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda path: path.stem)
def test_they_may_do_little(installed, unit):
    code, said = analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", installed / unit.name)
    assert code == 0, said


def of(text, key):
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("unit", "settings"),
    [
        ("amarvote-migrate.service", {DATABASE}),
        ("amarvote-backup.service", {DATABASE}),
        ("amarvote-api.service", {DATABASE}),
        ("amarvote-worker@.service", {DATABASE, BROKER}),
    ],
)
def test_addresses_come_as_credentials(unit, settings):
    text = (UNITS / unit).read_text() + COMMON
    given = dict(setting.split("=") for setting in of(text, "Environment"))
    assert set(given) == {file_of(setting) for setting in settings}
    credentials = {name for name, _ in (one.split(":") for one in of(text, "LoadCredential"))}
    assert {Path(value).name for value in given.values()} == credentials
    assert all(value.startswith("%d/") for value in given.values())
    assert of(text, "MemoryMax")


def test_a_worker_that_had_grown_is_started_again_and_has_not_failed():
    text = (UNITS / "amarvote-worker@.service").read_text()
    assert of(text, "RestartForceExitStatus") == of(text, "SuccessExitStatus") == [str(exits.GROWN)]


def test_debians_own_units_get_the_limits_of_the_containers():
    names = {
        "postgresql@": "postgres",
        "rabbitmq-server": "rabbitmq",
        "nginx": "nginx",
        "prometheus": "prometheus",
        "prometheus-node-exporter": "node-exporter",
        "prometheus-blackbox-exporter": "blackbox-exporter",
    }
    services = yaml.safe_load((UNITS.parent / "compose.prod.yml").read_text())["services"]
    given = {
        path.parent.name.removesuffix(".service.d"): path.read_text() for path in UNITS.glob("debian/*/*.conf")
    }
    assert {unit: of(text, "MemoryMax") for unit, text in given.items()} == {
        unit: [services[name]["mem_limit"].upper()] for unit, name in names.items()
    }
    assert all(of(text, "MemorySwapMax") == ["0"] for text in given.values())

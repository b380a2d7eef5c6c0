"""The compose files: their schema, what each service may use, who can be reached, and the settings they give."""

import ast
import re
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft202012Validator

from amarvote.cli.main import program
from amarvote.worker.addresses import BROKER, DATABASE, file_of

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PRODUCTION, DEVELOPMENT = "compose.prod.yml", "compose.yml"
FILES = (PRODUCTION, DEVELOPMENT)
MIB = 1 << 20
SYSTEM = 700 * 10**6
MACHINE = 4000 * 10**6
WORKERS = 2
ENDING = {"migrate": "on-failure", "tools": "no"}
"""Services that end by themselves, and whether they are started again."""

NEEDED = {
    "tools": {file_of(DATABASE), file_of(BROKER)},
    "migrate": {file_of(DATABASE)},
    "api": {file_of(DATABASE)},
    "worker": {file_of(DATABASE), file_of(BROKER)},
}


@pytest.fixture(params=FILES)
def composed(request):
    return load(request.param)


@pytest.fixture
def production():
    return load(PRODUCTION)


def load(name):
    return yaml.safe_load((DEPLOY / name).read_text())


def services(composed):
    return composed["services"].items()


def memory(service):
    number, unit = re.fullmatch(r"(\d+)([mg])", service["mem_limit"]).groups()
    return int(number) * {"m": MIB, "g": 1 << 30}[unit]


def test_they_are_compose_files(composed):
    problems = Draft202012Validator(get_builtin_schema("vendor.compose-spec")).iter_errors(composed)
    assert [f"{problem.json_path}: {problem.message}" for problem in problems] == []


def test_everything_fits_into_a_machine_of_4_gb(production):
    limits = {name: memory(service) for name, service in services(production)}
    limits["worker"] *= WORKERS
    assert sum(limits.values()) + SYSTEM <= MACHINE


def test_the_tables_of_limits_say_the_same(production):
    expected = [
        [name, f"{memory(service) // MIB}" + (f" × {WORKERS}" if name == "worker" else "")]
        for name, service in services(production)
    ]
    for document in (DEPLOY / "README.md", ROOT / "docs/numbers.md"):
        written = document.read_text().partition("<!-- written by `make stack ARGS=--check`")[2]
        table = written.partition("| --- | --- | --- |\n")[2].partition("\n\n")[0]
        rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table.splitlines()]
        assert rows[: len(expected)] == expected, document


def test_the_servers_own_settings_fit_their_limits(production):
    limits = {name: memory(service) for name, service in services(production)}
    postgresql = (DEPLOY / "postgresql/postgresql.conf").read_text()
    shared = int(re.search(r"^shared_buffers = (\d+)MB$", postgresql, re.MULTILINE)[1]) * MIB
    cached = int(re.search(r"^effective_cache_size = (\d+)MB$", postgresql, re.MULTILINE)[1]) * MIB
    assert shared < cached < limits["postgres"]
    rabbitmq = (DEPLOY / "rabbitmq/rabbitmq.conf").read_text()
    watermark = int(re.search(r"^vm_memory_high_watermark.absolute = (\d+)MB$", rabbitmq, re.MULTILINE)[1]) * MIB
    assert watermark < 0.75 * limits["rabbitmq"]


def test_every_service_is_bounded_watched_and_started_again(composed):
    for name, service in services(composed):
        assert memory(service) > 0, name
        assert service["restart"] == ENDING.get(name, "unless-stopped"), name
        assert service["healthcheck"].get("test") or name in ENDING, name
        assert service["logging"]["driver"] == "json-file", name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "container_name" not in service, name
        assert "privileged" not in service, name


def test_nothing_is_swapped_out(production):
    assert [name for name, one in services(production) if one["memswap_limit"] != one["mem_limit"]] == []


def test_addresses_that_are_fixed_are_given_to_nobody_else(production):
    for name, service in services(production):
        for network, given in service["networks"].items() if isinstance(service["networks"], dict) else ():
            (config,) = production["networks"][network]["ipam"]["config"]
            address = ip_address(given["ipv4_address"])
            assert address in ip_network(config["subnet"]), name
            assert address not in ip_network(config["ip_range"]), name


def test_the_disk_of_the_volumes_is_watched(production):
    command = " ".join(production["services"]["node-exporter"]["command"])
    excluded = re.compile(command.partition("mount-points-exclude=")[2].replace("$$", "$"))
    for watched in ("/", "/var/lib/docker", "/srv", "/running"):
        assert not excluded.search(watched), watched
    for passed_over in ("/var/lib/docker/overlay2/x/merged", "/proc", "/run/user/0", "/sys/fs"):
        assert excluded.search(passed_over), passed_over


def test_nothing_writes_into_its_image(production):
    assert [name for name, service in services(production) if service.get("read_only") is not True] == []


def test_only_the_proxy_is_reached_from_outside(production):
    assert [name for name, service in services(production) if service.get("ports")] == ["nginx"]
    assert [name for name, service in services(production) if service.get("network_mode")] == []
    open_networks = {name for name, network in production["networks"].items() if not network.get("internal")}
    assert open_networks == {"front"}
    assert {name for name, service in services(production) if "front" in service["networks"]} == {
        "nginx",
        "api",
        "tools",
        "blackbox-exporter",
    }


def test_in_development_this_machine_only(composed):
    development = load(DEVELOPMENT)
    published = [port for _, service in services(development) for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_proxys_network_is_the_one_that_the_api_believes(production):
    (config,) = production["networks"]["front"]["ipam"]["config"]
    command = production["services"]["api"]["command"]
    assert command[command.index("--proxy") + 1] == config["subnet"]


def settings_of_the_program():
    """Every AMARVOTE_… that stands in the source as a text of its own, and the files that hold an address."""
    found = {file_of(DATABASE), file_of(BROKER)}
    for source in (ROOT / "src/amarvote").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"\AAMARVOTE_[A-Z_]+\Z", node.value))
    return found


def test_the_program_is_given_the_settings_that_it_reads_and_needs(composed):
    known = settings_of_the_program()
    assert {DATABASE, BROKER} < known
    for name, service in services(composed):
        given = {setting for setting in service.get("environment", {}) if setting.startswith("AMARVOTE_")}
        assert given <= known, name
        assert given >= NEEDED.get(name, set()), name
        assert not given & {DATABASE, BROKER}, name


def test_secrets_are_files_and_each_service_has_its_own_only(composed):
    for name, service in services(composed):
        given = {one if isinstance(one, str) else one["source"] for one in service.get("secrets", ())}
        assert given <= set(composed["secrets"]), name
        read = {
            value.removeprefix("/run/secrets/")
            for value in service.get("environment", {}).values()
            if value.startswith("/run/secrets/")
        }
        assert read <= given, name
        words = "\n".join(f"{key}={value}" for key, value in service.get("environment", {}).items())
        assert not re.search(r"(?i)^\w*(password|secret|token|key)\w*(?<!_FILE)=", words, re.MULTILINE), name
    for secret in composed["secrets"].values():
        assert set(secret) == {"file"}


def test_every_secret_is_drawn_or_brought(production):
    drawn = set(re.findall(r"^keep (\S+) ", (DEPLOY / "make-secrets").read_text(), re.MULTILINE))
    used = {Path(secret["file"]).name for secret in production["secrets"].values()}
    assert used - drawn == {"tls-certificate", "tls-key"}
    assert drawn <= used


def test_what_is_mounted_is_there(composed):
    for name, service in services(composed):
        for volume in service.get("volumes", ()):
            source, _, rest = volume.partition(":")
            if source.startswith("."):
                assert (DEPLOY / source).exists(), (name, volume)
                assert rest.endswith(":ro"), (name, volume)
            elif not source.startswith("/"):
                assert source in composed["volumes"], (name, volume)


def test_the_commands_are_the_programs_own(composed):
    for name in NEEDED.keys() & composed["services"].keys():
        assert program()([*composed["services"][name]["command"], "--help"], standalone_mode=False) == 0, name


def test_they_wait_for_the_tables(composed):
    for name in ("api", "worker"):
        waits = composed["services"][name]["depends_on"]["migrate"]
        assert waits == {"condition": "service_completed_successfully"}, name
    assert composed["services"]["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}

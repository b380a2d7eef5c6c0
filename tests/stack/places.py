"""Where each part finds its files: those of deploy/, with this machine's addresses in place of the containers'."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from certificates import Authority
from servers import processes

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
HOST = "127.0.0.1"


class Ports:
    """One for each listener."""

    def __init__(self) -> None:
        self.postgresql, self.rabbitmq, self.rabbitmq_metrics = (processes.free_port() for _ in range(3))
        self.tls, self.plain = processes.free_port(), processes.free_port()
        self.prometheus, self.node, self.blackbox = (processes.free_port() for _ in range(3))


def make_secrets(folder: Path, ports: Ports) -> None:
    """Draw them as an operator does."""
    command = [DEPLOY / "make-secrets", folder, f"{HOST}:{ports.postgresql}", f"{HOST}:{ports.rabbitmq}"]
    subprocess.run(command, check=True, capture_output=True)


def secret(folder: Path, name: str) -> str:
    """One of them, without what stands before it in RabbitMQ's file."""
    return (folder / name).read_text().strip().removeprefix("default_pass = ")


def make_role(folder: Path, ports: Ports) -> None:
    """The service's role and database, as the first start of the container makes them."""
    psql = [
        program("psql"),
        "--no-psqlrc",
        "--quiet",
        "-v",
        "ON_ERROR_STOP=1",
        "-f",
        DEPLOY / "postgresql/role.sql",
    ]
    where = ["--host", HOST, "--port", str(ports.postgresql), "--username", "postgres"]
    environment = {"PGPASSWORD": secret(folder, "postgres-password"), "PATH": os.environ["PATH"]}
    environment["DATABASE_PASSWORD_FILE"] = str(folder / "database-password")
    subprocess.run([*psql, *where], check=True, env=environment)


def postgresql_settings() -> str:
    return (DEPLOY / "postgresql/postgresql.conf").read_text()


def rabbitmq_settings(ports: Ports) -> str:
    metrics = f"prometheus.tcp.ip = {HOST}\nprometheus.tcp.port = {ports.rabbitmq_metrics}\n"
    return (DEPLOY / "rabbitmq/rabbitmq.conf").read_text() + metrics


def rabbitmq_plugins() -> str:
    return (DEPLOY / "rabbitmq/enabled_plugins").read_text()


class Nginx:
    """The proxy's files in a folder of whom it runs as; `ca` vouches for its certificate."""

    def __init__(self, home: Path, ports: Ports) -> None:
        self._home = home
        self._ports = ports
        self.access_log = home / "access.log"
        self.body_files = home / "client_body"
        self.authority = Authority(home)
        self.ca = self.authority.file
        self.certificate, self.key = self.authority.issue(HOST, days=60)

    def write(self, apis: list[int]) -> None:
        """The configuration, for the replicas of the API at these ports."""
        here = self._home / "etc/here"
        here.mkdir(parents=True)
        for name in ("nginx.conf", "headers.conf", "problems.conf"):
            shutil.copy(DEPLOY / "nginx" / name, here.parent / name)
        machine = DEPLOY / "nginx/machine"
        http = _replace(
            (machine / "http.conf").read_text(),
            {
                "server 127.0.0.1:8080;": "\n    ".join(f"server {HOST}:{port};" for port in apis),
                "/etc/amarvote/tls-certificate": str(self.certificate),
                "/etc/amarvote/tls-key": str(self.key),
                "/var/log/nginx/access.log": str(self.access_log),
            },
        )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        http += "".join(f"{kind}_temp_path {self._home / kind};\n" for kind in kinds)
        (here / "http.conf").write_text(http)
        for name, public, own in (("listen", 443, self._ports.tls), ("listen-plain", 80, self._ports.plain)):
            ipv4 = (machine / f"{name}.conf").read_text().splitlines()[0]
            (here / f"{name}.conf").write_text(_replace(ipv4, {f"listen {public}": f"listen {HOST}:{own}"}))
        owner = self._home.stat().st_uid
        for path in self._home.rglob("*"):
            os.chown(path, owner, -1)

    @property
    def command(self) -> list[str | Path]:
        orders = f"daemon off; pid {self._home / 'pid'};"
        return [
            program("nginx"),
            "-e",
            "stderr",
            "-p",
            self._home,
            "-c",
            self._home / "etc/nginx.conf",
            "-g",
            orders,
        ]


def _replace(text: str, ours: Mapping[str, str]) -> str:
    for there, here in ours.items():
        if there not in text:
            raise processes.ServerError(f"{there!r} does not stand in a file of deploy/ any more.")
        text = text.replace(there, here)
    return text


def find(name: str) -> str | None:
    """Where a program is; Debian keeps some where only root looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def program(name: str) -> str:
    """The same; ServerError where it is not here."""
    found = find(name)
    if found is None:
        raise processes.ServerError(
            f"No {name} found: tests/servers/install.sh installs it from Debian's packages."
        )
    return found


class Prometheus:
    """Files of Prometheus and of the two exporters that it asks; each job's targets are in a file of their own."""

    def __init__(self, folder: Path, ports: Ports, every: str | None = None) -> None:
        """`every`: how often it asks, where that is not as deployed."""
        self._folder = folder
        self._ports = ports
        self._every = every
        folder.mkdir()
        for file in (DEPLOY / "prometheus").iterdir():
            if file.is_file():
                shutil.copy(file, folder / file.name)
        self._write()

    def _write(self) -> None:
        config = yaml.safe_load((self._folder / "prometheus.yml").read_text())
        if self._every is not None:
            config["global"].update(scrape_interval=self._every, evaluation_interval=self._every)
        for job in config["scrape_configs"]:
            for discovery in [key for key in job if key.endswith("_sd_configs") or key == "static_configs"]:
                del job[discovery]
            job["file_sd_configs"] = [{"files": [f"targets-{job['job_name']}.json"]}]
            for relabel in job.get("relabel_configs", ()):
                if relabel.get("target_label") == "__address__":
                    relabel["replacement"] = f"{HOST}:{self._ports.blackbox}"
        self.jobs = [job["job_name"] for job in config["scrape_configs"]]
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config, sort_keys=False))

    def write_targets(self, apis: list[int], workers: list[int]) -> None:
        """Whom each job asks. Prometheus notices a changed file by itself."""
        ports = self._ports
        own = {
            "api": [f"{HOST}:{port}" for port in apis],
            "worker": [f"{HOST}:{port}" for port in workers],
            "rabbitmq": [f"{HOST}:{ports.rabbitmq_metrics}"],
            "node": [f"{HOST}:{ports.node}"],
            "blackbox-tls": [f"https://{HOST}:{ports.tls}/health/live"],
            "prometheus": [f"{HOST}:{ports.prometheus}"],
        }
        for job in self.jobs:
            file = self._folder / f"targets-{job}.json"
            unfinished = file.with_suffix(".new")
            unfinished.write_text(json.dumps([{"targets": own[job]}]))
            unfinished.rename(file)

    def programs(self) -> Iterator[tuple[str, list[str | Path], str]]:
        """The exporters and Prometheus: name, command, and an address that answers once it is up."""
        ports, folder = self._ports, self._folder

        def listen(port: int) -> tuple[str, str]:
            return f"--web.listen-address={HOST}:{port}", f"http://{HOST}:{port}"

        option, url = listen(ports.node)
        yield "node-exporter", [program("prometheus-node-exporter"), option], f"{url}/"
        option, url = listen(ports.blackbox)
        command = [program("prometheus-blackbox-exporter"), option, f"--config.file={folder / 'blackbox.yml'}"]
        yield "blackbox-exporter", command, f"{url}/-/healthy"
        option, url = listen(ports.prometheus)
        files = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
        yield "prometheus", [program("prometheus"), option, *files], f"{url}/-/ready"

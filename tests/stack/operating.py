"""An operator at the stack: types what docs/operations.md and backup.md say; `compose` acts on its processes."""

import os
import re
import shlex
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import places
from stack.parts import Part, Program
from stack.running import AMARVOTE, Stack

COMPOSE = re.compile(r"compose (?P<words>.*?)(?= [|>]|$)")
WITH_VALUE = {"--scale", "--signal", "--since", "--tail"}


class Operator:
    """`places` are put in for the words that stand for something: URL, ID, @officer … Files are in `folder`."""

    def __init__(self, stack: Stack, folder: Path, **places: str) -> None:
        self._stack = stack
        self.folder = folder
        self.backups = folder / "backups"
        self.places = {"URL": stack.url, "HOST:443": stack.url.removeprefix("https://"), **places}

    def bearer(self, role: str, token: str) -> None:
        """Write the file @role."""
        (self.folder / role).write_text(f"Authorization: Bearer {token}\n")

    def types(self, *lines: str) -> str:
        """What the lines answer, together; an error where one of them fails."""
        return "".join(self._type(line) for line in lines)

    def begins(self, line: str) -> subprocess.Popen[bytes]:
        """A line that goes on until it is interrupted."""
        return subprocess.Popen(
            ["bash", "-c", f"exec {self._here(line)}"], cwd=self.folder, env=self._environment()
        )

    def _type(self, line: str) -> str:
        command = self._here(line)
        environment = self._environment()
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode not in self._well(command):
            raise AssertionError(f"{line}\n{command}\nends with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def _well(self, command: str) -> tuple[int, ...]:
        return (0, 1) if " doctor " in command else (0,)  # 1: a line of it is not well

    def _environment(self) -> dict[str, str]:
        """The stack's; everybody trusts its authority."""
        trusted = {"CURL_CA_BUNDLE": str(self._stack.ca), "SSL_CERT_FILE": str(self._stack.ca)}
        password = places.secret(self._stack.secrets, "postgres-password")
        return self._stack.environment | trusted | {"PGPASSWORD": password, "PSQLRC": os.devnull}

    def _here(self, line: str) -> str:
        """The line as it is typed here."""
        line = re.sub(r"\s+# .*", "", line)
        for word, meant in self.places.items():
            line = re.sub(rf"\b{word}\b", meant, line)
        nginx = self._stack.nginx
        for name, file in {"certificate": nginx.certificate, "key": nginx.key}.items():
            line = line.replace(f"deploy/secrets/tls-{name}", str(file))
        line = line.replace("deploy/secrets", str(self._stack.secrets))
        line = re.sub(r"(?<= )/backups\b", str(self.backups), line)
        ports = self._stack.ports
        hosts = f"{places.HOST}:{ports.postgresql} {places.HOST}:{ports.rabbitmq}"
        line = re.sub(r"^deploy/make-secrets (\S+)$", rf"{places.DEPLOY}/make-secrets \1 {hosts}", line)
        line = re.sub(r"^amarvote ", f"{AMARVOTE} ", line)
        line = re.sub(r"curl (?!--fail)", "curl --fail-with-body ", line)
        return COMPOSE.sub(lambda found: self._compose(shlex.split(found["words"]), found["words"]), line)

    # ---- compose

    def _compose(self, words: list[str], text: str) -> str:
        """What stands here for a command of compose; what acts on parts is done at once."""
        match words:
            case ["run", "--rm", "tools", *_]:
                return f"{AMARVOTE} {text.removeprefix('run --rm tools ')}" + self._authority(words)
            case ["exec", "postgres", "psql" | "createdb", *_] | ["exec", "-T", "postgres", "psql", *_]:
                where = f"--host {places.HOST} --port {self._stack.ports.postgresql}"
                return re.sub(r"exec (?:-T )?postgres (\w+)", rf"\1 {where}", text)
            case ["exec", "rabbitmq", "rabbitmqctl", *_]:
                settings, program = self._stack.parts["rabbitmq"].server.control()
                said = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
                return text.replace("exec rabbitmq rabbitmqctl", f"env {said} {program}")
            case ["exec", "prometheus", "wget", "-qO-", address]:
                return f"curl --silent {self._stack.prometheus_url}{address.removeprefix('http://127.0.0.1:9090')}"
        verb, options, parts = words[0], *self._of(words[1:])
        said = self.folder / "said"
        said.write_text(self._act(verb, options, parts))
        return f"cat {said}"

    def _authority(self, words: list[str]) -> str:
        return f" --ca {self._stack.ca}" if "--api" in words else ""

    def _of(self, words: list[str]) -> tuple[dict[str, str], list[Part]]:
        """Options with values, and the parts that are named; all where none is."""
        options, names, left = {}, [], iter(words)
        for word in left:
            if word in WITH_VALUE:
                options[word] = next(left)
            elif not word.startswith("-"):
                names.append(word)
        every = list(self._stack.parts.values())
        chosen = [part for part in every if part.name in names or re.sub(r"-\d+$", "", part.name) in names]
        return options, chosen if names else every

    def _act(self, verb: str, options: dict[str, str], parts: list[Part]) -> str:
        match verb:
            case "ps":
                return "".join(f"{part.name} {part.pid or 'exited'}\n" for part in parts)
            case "logs":
                logs = [self._stack.logs / part.name for part in parts]
                return "".join(log.read_text(errors="replace") for log in logs if log.exists())
            case "kill":
                for part in parts:
                    assert isinstance(part, Program)
                    part.send(signal.Signals[f"SIG{options['--signal']}"])
            case "up":
                self._scale(int(options["--scale"].removeprefix("worker=")))
            case "start" | "stop" | "restart":
                if verb != "start":
                    _stop(parts)
                if verb != "stop":
                    _start(parts)
            case _:
                raise AssertionError(f"compose {verb} is not known here.")
        return ""

    def _scale(self, number: int) -> None:
        _start(self._stack.of_kind("worker")[:number])
        while len(self._stack.of_kind("worker")) < number:
            self._stack.add_worker()
        while len(self._stack.of_kind("worker")) > number:
            self._stack.remove_worker()


def _stop(parts: list[Part]) -> None:
    """All at once, as compose does."""
    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(lambda part: part.stop(), parts))


def _start(parts: list[Part]) -> None:
    """Likewise; not in threads, with which their processes would end."""
    for part in parts:
        if not isinstance(part, Program):
            part.start()
        elif not part.is_alive():
            part.begin()
    for part in parts:
        if isinstance(part, Program):
            part.await_up()

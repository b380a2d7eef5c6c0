"""A network namespace with one cable to this machine, which can be pulled: for cuts that no socket notices."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from servers import missing

_numbers = count(1)


class Namespace:
    """Processes started with `prefix` see this machine as `host`, and nothing else."""

    def __init__(self, number: int) -> None:
        self._name = f"amarvote-{os.getpid()}-{number}"
        self._cable = f"av{os.getpid() % 100_000}x{number}"
        subnet = f"10.{200 + number % 50}.{os.getpid() % 250}"
        self.host = f"{subnet}.1"
        self._inside = f"{subnet}.2"

    @property
    def prefix(self) -> list[str]:
        return ["ip", "netns", "exec", self._name]

    def make(self) -> None:
        inner = f"{self._cable}i"
        self._ip("netns", "add", self._name)
        self._ip("link", "add", self._cable, "type", "veth", "peer", "name", inner, "netns", self._name)
        self._ip("address", "add", f"{self.host}/24", "dev", self._cable)
        self._ip("link", "set", self._cable, "up")
        for command in (f"address add {self._inside}/24 dev {inner}", f"link set {inner} up", "link set lo up"):
            self._ip("-n", self._name, *command.split())

    def pull(self) -> None:
        """The cable is out: packets vanish, no connection is closed."""
        self._ip("link", "set", self._cable, "down")

    def plug(self) -> None:
        self._ip("link", "set", self._cable, "up")

    def remove(self) -> None:
        for command in (["link", "delete", self._cable], ["netns", "delete", self._name]):
            subprocess.run(["ip", *command], capture_output=True)

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def namespace() -> Iterator[Namespace]:
    """One that is removed afterwards; the test is named as not run where this machine does not allow it."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        missing.not_here("network namespaces (root and iproute2)")
    made = Namespace(next(_numbers))
    try:
        try:
            made.make()
        except subprocess.CalledProcessError:
            missing.not_here("network namespaces (the kernel refuses them)")
        yield made
    finally:
        made.remove()

"""A disk of a few megabytes (tmpfs), to be filled and emptied by a test."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import missing, processes


class SmallDisk:
    """A mounted tmpfs at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Takes every free byte."""
        with self._filler.open("ab", buffering=0) as filler:
            for block in (1 << 20, 1 << 12):
                try:
                    while filler.write(bytes(block)) == block:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Gives the bytes back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int, owner: str | None = None) -> Iterator[SmallDisk]:
    """Mounts one that belongs to `owner` (default: who we are)."""
    if os.geteuid() != 0:
        missing.not_here("the right to mount a tmpfs (root)")
    path = processes.folder("disk")
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700,uid={owner or 0}", "tmpfs", str(path)]
    if subprocess.run(mounting, capture_output=True).returncode != 0:
        processes.remove(path)
        missing.not_here("the right to mount a tmpfs")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
        processes.remove(path)

"""`workers.json` and `processes.json`: who runs at this moment. The only numbers in them are pids."""

import json
from collections.abc import Mapping
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The pids of a process's living children; none where it has gone."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return sorted(found)


class PidFiles:
    """Writes both files whole, whenever something changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, str] = {}

    def write(self, workers: Mapping[str, int], others: Mapping[str, int]) -> None:
        """`workers` and `others` are pids by name; a worker's computing child is looked up."""
        entries = []
        for name, pid in sorted(workers.items()):
            children = children_of(pid)
            entries.append({"name": name, "parent": pid, "child": children[0] if children else None})
        self._replace("workers.json", json.dumps({"workers": entries}, indent=1))
        self._replace("processes.json", json.dumps(dict(sorted(others.items())), indent=1))

    def _replace(self, name: str, text: str) -> None:
        if self._written.get(name) == text:
            return
        temporary = self._folder / f".{name}.new"
        temporary.write_text(text + "\n")
        temporary.replace(self._folder / name)
        self._written[name] = text

"""The officer's part: roll, opening, closing, starting runs; everything may be asked for twice."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from amarvote.participants.service import Refused, Service

ROLL_AT_ONCE = 10_000
"""Voters handed in with one request."""

CONFLICT = 409


class Officer:
    """The officer of the election behind `service`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def election(self) -> dict[str, Any]:
        """What the election is, and its state."""
        return self._object("")

    def progress(self) -> dict[str, Any]:
        """How far it is."""
        return self._object("/progress")

    def run(self) -> dict[str, Any]:
        """The run under way, or who has checked in for one."""
        return self._object("/run")

    def results(self) -> dict[str, Any]:
        """The verified results."""
        return self._object("/results")

    def challenged(self) -> Iterator[dict[str, Any]]:
        """The challenged ballots, opened; read page by page."""
        after = 0
        while after is not None:
            page = self._service.get("/results/challenged", after=after).json()
            yield from page["items"]
            after = page["next"]

    def bring_roll(self, entries: Iterable[dict[str, object]]) -> None:
        """Hand in the roll, in pieces."""
        rest = iter(entries)
        while some := list(islice(rest, ROLL_AT_ONCE)):
            self._service.put("/roll", json.dumps({"entries": some}).encode())

    def open_voting(self) -> None:
        """Open voting."""
        self._order("open")

    def close_voting(self) -> None:
        """Close voting."""
        self._order("close")

    def consent(self, sentence: str) -> None:
        """Consent to opening contests with few ballots, and say why."""
        self._order("consent", {"sentence": sentence})

    def retry_failed(self) -> None:
        """Give every chunk that ran out of attempts all of them again."""
        self._ask("/chunks/retry")

    def set_aside(self, guardian: int, sentence: str) -> None:
        """Go on without a guardian."""
        self._order("set-aside", {"guardian": guardian, "sentence": sentence})

    def start_run(self, guardians: list[int]) -> None:
        """Start a run of these guardians, who have checked in."""
        self._order("start-run", {"guardians": guardians})

    def _order(self, command: str, content: object = None) -> None:
        self._ask(f"/officer/{command}", content)

    def _ask(self, path: str, content: object = None) -> None:
        """A command whose answer was lost, and which is sent again, finds the election moved on: that is done."""
        try:
            self._service.post(path, content)
        except Refused as refusal:
            if refusal.status != CONFLICT:
                raise

    def _object(self, path: str) -> dict[str, Any]:
        content = self._service.get(path).json()
        return content if isinstance(content, dict) else {}

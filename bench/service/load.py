"""Submits ballots from a file over keep-alive connections: paced, or as fast as they are taken.

    python -m bench.service.load FILE HOST:PORT/PATH TOKEN --rate 210 --seconds 60 [--json]

A process of its own. With a pace, a request's time runs from the moment at which it was due, so that an API that
falls behind cannot hide it. Prints one JSON object.
"""

import argparse
import asyncio
import base64
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from amarvote.elections.envelopes import LENGTH_BYTES, TOKEN_BYTES
from amarvote.pipeline.memory import settle
from amarvote.record.json_lines import item_to_line
from bench.service.voting import read_bodies

CONNECTIONS = {True: 32, False: 8}
"""With a pace as many as may be waiting at once; without one, as many as keep the API busy."""


class Load:
    """One run."""

    def __init__(self, requests: Iterator[bytes], address: tuple[str, int], rate: float, seconds: float) -> None:
        self._requests = requests
        self._address = address
        self._rate = rate
        self._seconds = seconds
        self._numbers = itertools.count()
        self._began = 0.0
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.late = 0.0
        """Seconds that a request was sent after it was due, at most, though a connection was free."""

    async def run(self) -> float:
        """Everything; seconds from the first request to the last answer."""
        connections = [await asyncio.open_connection(*self._address) for _ in range(CONNECTIONS[self._rate > 0])]
        settle()
        self._began = time.monotonic()
        await asyncio.gather(*(self._submit(*connection) for connection in connections))
        elapsed = time.monotonic() - self._began
        for _, writer in connections:
            writer.close()
        return elapsed

    async def _submit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            due = time.monotonic()
            if self._rate:
                due = self._began + next(self._numbers) / self._rate
                free = time.monotonic()
                await asyncio.sleep(max(0.0, due - free))
                if free < due:
                    self.late = max(self.late, time.monotonic() - due)
            if due - self._began >= self._seconds:
                return
            request = next(self._requests, None)
            if request is None:
                return
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            self.seconds.append(time.monotonic() - due)
            self.statuses[int(head[9:12])] += 1


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")


def _requests(file: Path, target: str, token: str, kind: str) -> Iterator[bytes]:
    host, _, path = target.partition("/")
    for submission in read_bodies(file):
        body = _json(submission) if kind == "application/json" else submission
        head = (
            f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def _json(submission: bytes) -> bytes:
    start = TOKEN_BYTES + LENGTH_BYTES
    end = start + int.from_bytes(submission[TOKEN_BYTES:start], "big")
    ballot = item_to_line(submission[start:end]).decode()
    commitments = base64.b64encode(submission[end:]).decode()
    return (
        f'{{"token":"{submission[:TOKEN_BYTES].hex()}","ballot":{ballot},"commitments":"{commitments}"}}'.encode()
    )


def _share(ordered: list[float], share: float) -> float:
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> int:
    """Run, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.service.load")
    parser.add_argument("file", type=Path)
    parser.add_argument("target")
    parser.add_argument("token")
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    kind = "application/json" if options.json else "application/octet-stream"
    host, _, port = options.target.partition("/")[0].rpartition(":")
    # made beforehand: what is measured must not wait for it
    wanted = int(options.rate * options.seconds) + 1 if options.rate else None
    requests = list(itertools.islice(_requests(options.file, options.target, options.token, kind), wanted))
    load = Load(iter(requests), (host, int(port)), options.rate, options.seconds)
    before = time.process_time()
    elapsed = asyncio.run(load.run())
    ordered = sorted(load.seconds)
    result = {
        "requests": len(ordered),
        "seconds": elapsed,
        "statuses": load.statuses,
        "ms": {name: _share(ordered, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))},
        "processor": (time.process_time() - before) / elapsed,
        "late_ms": 1000 * load.late,
        "bytes": len(requests[0]),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A staged election behind its API: the real server in a thread, on a socket; requests as every role.

Or the application alone, for requests that come at the same moment.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

import plain_http
from amarvote.api.application import application
from amarvote.api.serve import tcp_socket
from amarvote.elections import invitations, tokens
from amarvote.elections.services import Services
from amarvote.store.database import Database
from staging.stage import Stage


class Served:
    """A stage behind its API; `ask` asks below the election."""

    def __init__(self, stage: Stage, client: httpx.Client, over: threading.Event) -> None:
        self.stage = stage
        self.client = client
        self.over = over
        self.tokens = {
            "officer": stage.creation.officer.value,
            "operator": tokens.issue_operator(stage.service.database).value,
            "stranger": "nobody",
            **{name: issued.value for name, issued in stage.creation.devices.items()},
        }

    @property
    def base(self) -> str:
        return f"/elections/{self.stage.creation.election_id}"

    def ask(self, method: str, path: str, role: str | None = None, **options: Any) -> httpx.Response:
        """`role`: officer, operator, guardian-1, device-1, stranger, or nobody."""
        return self.client.request(method, f"{self.base}{path}", headers=self.headers(role), **options)

    def headers(self, role: str | None) -> dict[str, str]:
        if role is None:
            return {}
        if role.startswith("guardian-") and role not in self.tokens:
            self.tokens[role] = guardian_token(self.stage, int(role.removeprefix("guardian-")))
        return {"Authorization": f"Bearer {self.tokens[role]}"}


def guardian_token(stage: Stage, number: int) -> str:
    """The token of a guardian who came in by an invitation."""
    token = secrets.token_hex(32)
    invitation = invitations.invite(stage.service, number)["invitation"]
    invitations.join(stage.service, invitation, hashlib.sha256(token.encode()).digest())
    return token


@contextmanager
def serving(stage: Stage, tracer: Any = None) -> Iterator[Served]:
    """Serve the stage's database until the end of the block."""
    listening = tcp_socket("127.0.0.1", 0)
    services, over = Services(Database(stage.url), stage.service.settings), threading.Event()
    config = uvicorn.Config(application(services, over, tracer), log_level="warning", http="httptools")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        with plain_http.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as client:
            yield Served(stage, client, over)
    finally:
        over.set()
        server.should_exit = True
        thread.join()
        listening.close()
        services.close()


@asynccontextmanager
async def in_process(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Who asks this application in its own loop, without a server."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", verify=plain_http.NO_TLS) as client:
        yield client

"""A staged election's API over TLS, in a thread of the tests."""

import asyncio
import threading
import time
from pathlib import Path

import uvicorn

from amarvote.api.application import application
from amarvote.api.serve import tcp_socket
from amarvote.elections.services import Services
from amarvote.store.database import Database
from staging.stage import Stage

HANDSHAKE_SECONDS = 0.5
"""Who was killed in a handshake is noticed within so long, and let go of."""


class TlsService:
    """The stage's API over TLS on one port, which may end and begin again."""

    def __init__(self, stage: Stage, certificate: tuple[Path, Path]) -> None:
        self.stage = stage
        self._certificate = certificate
        self._listening = tcp_socket("127.0.0.1", 0)
        self.port = int(self._listening.getsockname()[1])
        self._start()

    def _start(self) -> None:
        self._services, self._over = (
            Services(Database(self.stage.url), self.stage.service.settings),
            threading.Event(),
        )
        config = uvicorn.Config(
            application(self._services, self._over),
            log_level="critical",
            ssl_certfile=self._certificate[0],
            ssl_keyfile=self._certificate[1],
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    async def _serve(self) -> None:
        await self._server.serve(sockets=[self._listening])
        await asyncio.sleep(HANDSHAKE_SECONDS)

    def restart(self) -> None:
        self.close()
        self._listening = tcp_socket("127.0.0.1", self.port)
        self._start()

    def close(self) -> None:
        self._over.set()
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()
        self._services.close()

"""A TCP proxy between a process and its server that can be cut: closed connections, or silence."""

import asyncio
import threading
from contextlib import suppress


class CutProxy:
    """Forwards `port` of `host` to the port `target` of 127.0.0.1. Called from any thread, works in its own.

    `cut` closes every connection and refuses new ones, `hush` lets them stand and carries nothing (what a network
    does whose cable is pulled), `heal` ends both. `tried` counts who wanted to connect.
    """

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self._target = target
        self.tried = 0
        self._flows = asyncio.Event()
        self._refusing = False
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cut proxy", daemon=True)
        self._thread.start()
        self._flows.set()
        self._server = self._call(asyncio.start_server(self._carry, host, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def _call(self, coroutine):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def cut(self) -> None:
        self._refusing = True
        self._call(self._close_all())

    def hush(self) -> None:
        self._call(self._set(flows=False))

    def heal(self) -> None:
        self._refusing = False
        self._call(self._set(flows=True))

    def close(self) -> None:
        self.cut()
        self._call(self._set(flows=True))
        self._server.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _set(self, *, flows: bool) -> None:
        if flows:
            self._flows.set()
        else:
            self._flows.clear()

    async def _close_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()
        self._open.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tried += 1
        if self._refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._open |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction; what is under way when it is hushed comes late, as in a network."""
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

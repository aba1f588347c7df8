"""
Many peers at a time, on real sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.waiting import PATIENCE


class Crowd:
    """
    Many peers in a thread of their own, which say something now and then and read what comes.
    """

    def __init__(self, test: SynchronousTestCase, port: int, size: int) -> None:
        """
        Connect them.
        """
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        test.addCleanup(self._end)
        self._tasks: list[asyncio.Task[None]] = []
        self._run(self._gather(size))

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE * 3)

    async def _gather(self, size: int) -> None:
        room = asyncio.Semaphore(50)
        opened = await asyncio.gather(*(self._open(room) for _ in range(size)))
        self._tasks = [asyncio.create_task(self._talk(number, *streams)) for number, streams in enumerate(opened)]

    async def _open(self, room: asyncio.Semaphore) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with room:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(
                b"GET /rooms?group=crowd HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 "), head
            return reader, writer

    async def _talk(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Each at its own time, so that there are some in every second.
        pause = 2 + number % 70 / 10
        reading = asyncio.create_task(self._read(reader))
        try:
            with contextlib.suppress(OSError):
                while not reading.done():
                    writer.write(b"\x81\x85\0\0\0\0hello")
                    await writer.drain()
                    await asyncio.wait((reading,), timeout=pause)
        finally:
            reading.cancel()
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self) -> None:
        self._run(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

"""Listening to a stream without a web server: a loop of its own, and a client's end that a test may leave unread."""

import asyncio
import threading
from queue import SimpleQueue
from typing import Any, Self

from kiosk.audience import Source, Stream


class Ear:
    """One stream, heard on a thread of its own; an iterator of what is written to it."""

    def __init__(self, source: Source, heartbeat: float = 15.0) -> None:
        self.behind = 0
        self._source = source
        self._heartbeat = heartbeat
        self._written: SimpleQueue[bytes | None] = SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._stream: Stream | None = None

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._hear())

    async def _hear(self) -> None:
        self._gone = asyncio.Event()
        transport: Any = self
        self._stream = Stream(transport, self._drained, self._aside, chunked=False, heartbeat=self._heartbeat)
        await self._source(self._stream)
        await self._gone.wait()

    async def _drained(self) -> None:
        """Everything is read at once."""

    async def _aside(self, function: Any, *arguments: Any) -> Any:
        return await self._loop.run_in_executor(None, function, *arguments)

    # What a stream asks of a transport

    def write(self, data: bytes) -> None:
        self._written.put(data)

    def get_write_buffer_size(self) -> int:
        return self.behind

    def close(self) -> None:
        self._written.put(None)
        self._gone.set()

    def abort(self) -> None:
        """Closed by ``close``, too."""

    # What a test asks

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        chunk = self._written.get(timeout=60)
        if chunk is None:
            self._written.put(None)
            raise StopIteration
        return chunk

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._stream and not self._stream.ended:
            self._loop.call_soon_threadsafe(self._stream.end)
        self._thread.join(60)

"""Parts of the program: they start in order and stop in reverse."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, runtime_checkable

log = logging.getLogger(__name__)


class Part(Protocol):
    """Something that runs: a device, a follower of events, the web server."""

    def start(self) -> None:
        """Begin; return once it works or works on its own."""

    def stop(self) -> None:
        """End, within a second or two, and release everything."""


@runtime_checkable
class EndsLater(Protocol):
    """A part that may need a while to end, such as a thread in the middle of a transaction."""

    def request_stop(self) -> None:
        """Ask it to end, without waiting for that; ``stop`` follows."""


class Parts:
    """All parts of one running program.

    Args:
        parts: in the order in which they start; each may rely on those before it.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._started: list[Part] = []

    def start(self) -> None:
        """Start every part, or none: what was started is stopped again when one fails."""
        try:
            for part in self._parts:
                part.start()
                self._started.append(part)
        except BaseException:
            with suppress(Exception):
                self.stop()
            raise

    def request_stop(self) -> None:
        """Ask every part to end that may need a while: they then end side by side, not one after another."""
        for part in reversed(self._started):
            if isinstance(part, EndsLater):
                part.request_stop()

    def stop(self) -> None:
        """Stop what was started, last first: all of it, whatever fails; then raise the first error."""
        self.request_stop()
        errors = []
        while self._started:
            part = self._started.pop()
            try:
                part.stop()
            except Exception as error:  # noqa: BLE001 - raised below, once nothing runs any more
                log.error("%s did not stop: %s", type(part).__name__, type(error).__name__)
                errors.append(error)
        if errors:
            raise errors[0]


class Loop:
    """A part that calls ``step`` on its own thread, when woken and at least every ``interval`` seconds.

    Args:
        name: of the thread.
        interval: seconds between steps when not woken.
        step: called again after an error, which is logged by type, once until a step succeeds or fails differently.
    """

    def __init__(self, name: str, interval: float, step: Callable[[], object]) -> None:
        self._interval = interval
        self._step = step
        self._awake = threading.Event()
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, which takes the first step at once."""
        self._thread.start()

    def wake(self) -> None:
        """Have a step taken now."""
        self._awake.set()

    def request_stop(self) -> None:
        """Have it end after the present step."""
        self.stopping.set()
        self._awake.set()

    def stop(self) -> None:
        """End after the present step, which is waited for at most 5 s."""
        self.request_stop()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        told = ""
        while not self.stopping.is_set():
            try:
                self._step()
                told = ""
            except Exception as error:  # noqa: BLE001 - the top of a thread: the next step may well succeed
                # Only its type and code: its text may hold personal data.
                kind = f"{type(error).__name__} {getattr(error, 'code', '')}"
                if kind != told:
                    log.error("%s: %s", self._thread.name, kind)
                told = kind
                self.stopping.wait(0.5)
            self._awake.wait(self._interval)
            self._awake.clear()


class Inbox(Loop):
    """A queue: other threads, such as a device's, put items, and ``handle`` gets them in order on its own thread."""

    def __init__(self, name: str, handle: Callable[..., None]) -> None:
        super().__init__(name, 1.0, self._drain)
        self._items: deque[tuple[Any, ...]] = deque()
        self._handle = handle

    def put(self, *item: Any) -> None:
        """Queue an item; returns at once."""
        self._items.append(item)
        self.wake()

    def _drain(self) -> None:
        while self._items:
            self._handle(*self._items.popleft())

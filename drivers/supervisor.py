"""One thread a device: open its port, let its driver work, and start again when it is lost.

A failing device never takes the service down. It goes ``offline`` (not reachable) or ``fault`` (it answers, but
something is wrong: no paper, cover open) with a reason, and comes back by itself.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeVar

from drivers.errors import DeviceError, RefusedError, kind_and_place

log = logging.getLogger(__name__)

State = Literal["online", "offline", "fault"]
BACKOFF = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each new try to open a device; the last one is repeated."""


@dataclass(frozen=True)
class DeviceState:
    """How a device is.

    Attributes:
        name: its name in the configuration.
        driver: which driver speaks to it.
        state: ``online``, ``offline`` or ``fault``.
        since: when that state and reason began, with a time zone.
        reason: why it is not online, a code of ``drivers.errors``; None when it is.
        detail: a technical addition.
    """

    name: str
    driver: str
    state: State
    since: datetime
    reason: str | None
    detail: str = ""


class Resource(Protocol):
    """Whatever a driver works on; a :class:`~drivers.port.Port`, or the sound card's player."""

    def close(self) -> None:
        """Let go of it."""


R = TypeVar("R", bound=Resource)
Contra = TypeVar("Contra", bound=Resource, contravariant=True)


class Link(Protocol):
    """What a driver tells its supervisor while it works."""

    stopping: threading.Event

    def online(self, detail: str = "") -> None:
        """It answers and is ready."""

    def fault(self, reason: str, detail: str = "") -> None:
        """It answers, but cannot do its work: a reason of the driver's own."""

    def offline(self, reason: str, detail: str = "") -> None:
        """It does not answer, while others on its line do; a driver that has its port to itself raises instead."""


class Driver(Protocol[Contra]):
    """A conversation with one device."""

    def serve(self, port: Contra, link: Link) -> None:
        """Work on ``port`` until ``link.stopping`` is set (then return) or the device is lost (then raise).

        Raises:
            DeviceError: the port is closed and opened again after a pause.
        """


class Supervisor(Generic[R]):
    """Keeps one driver at work.

    Args:
        name: the device's name.
        kind: its driver's name, as in the configuration.
        open_port: opens what the driver works on; raises ``OfflineError``.
        driver: the conversation.
        now: the time, with a zone.
        on_change: told every new state, on the device's thread; what it raises is logged.
        backoff: seconds before each new try to open the device; the last one is repeated.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        open_port: Callable[[], R],
        driver: Driver[R],
        now: Callable[[], datetime],
        on_change: Callable[[DeviceState], None] = lambda _state: None,
        backoff: Sequence[float] = BACKOFF,
    ) -> None:
        self.name = name
        self.kind = kind
        self.driver = driver
        self.stopping = threading.Event()
        self._open_port = open_port
        self._now = now
        self._on_change = on_change
        self._backoff = backoff
        self._thread = threading.Thread(target=self._run, name=f"device {name}", daemon=True)
        self._state = DeviceState(name, kind, "offline", now(), "starting")
        self._answered = False

    @property
    def state(self) -> DeviceState:
        """How the device is now."""
        return self._state

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Ask the driver to end, and wait for it at most ``timeout`` seconds."""
        self.stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def online(self, detail: str = "") -> None:
        """The device answers and is ready."""
        self._answered = True
        self._become("online", None, detail)

    def fault(self, reason: str, detail: str = "") -> None:
        """The device answers, but reports a fault."""
        self._answered = True
        self._become("fault", reason, detail)

    def offline(self, reason: str, detail: str = "") -> None:
        """The device does not answer; the line it shares is open."""
        self._become("offline", reason, detail)

    def _run(self) -> None:
        tries = 0
        while not self.stopping.is_set():
            self._answered = False
            try:
                self._serve_once()
            except RefusedError as error:
                self._become("fault", error.reason, error.detail)
            except DeviceError as error:
                self._become("offline", error.reason, error.detail)
            except Exception as error:  # noqa: BLE001 - the top of a thread: a driver's defect stays the device's
                self._log_defect(error)
                self._become("offline", "defect", type(error).__name__)
            tries = 0 if self._answered else tries + 1
            self.stopping.wait(self._backoff[min(tries, len(self._backoff) - 1)])

    def _serve_once(self) -> None:
        port = self._open_port()
        try:
            self.driver.serve(port, self)
        finally:
            port.close()

    def _become(self, state: State, reason: str | None, detail: str) -> None:
        old = self._state
        if (state, reason, detail) == (old.state, old.reason, old.detail):
            return
        changed = (state, reason) != (old.state, old.reason)
        self._state = DeviceState(self.name, self.kind, state, self._now() if changed else old.since, reason, detail)
        if changed:
            fields = {"device": self.name}
            log.info("device %s: %s%s", self.name, state, f" ({reason} {detail})" if reason else "", extra=fields)
            try:
                self._on_change(self._state)
            except Exception as error:  # noqa: BLE001 - a callback never ends a device's thread, nor its conversation
                self._log_defect(error)

    def _log_defect(self, error: Exception) -> None:
        # Only the kind and place of the error: its text may hold what was on a card.
        log.error("device %s: %s", self.name, kind_and_place(error), extra={"device": self.name})

"""Card slots behind the PC/SC service (pcscd), by pyscard (extra ``pcsc``), imported when a slot is opened.

The service lists slots as readers are plugged in and out. pyscard's own layer of functions is used, not its watching
threads: one thread a device, as everywhere here. A card that never answers holds the service's call for ever, so calls
that go to the card are made on a thread that is left behind when its time is over.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from drivers.errors import OfflineError, RefusedError

INSTALL = "pip install 'quhao[pcsc]'"
CALL_TIMEOUT = 5.0
"""Seconds for one exchange with a card."""
_NEWS = "\\\\?PnP?\\Notification"
"""What the service calls the arrival of a reader (PC/SC, SCardGetStatusChange)."""
T = TypeVar("T")
_LEFT: dict[str, threading.Thread] = {}
"""Threads whose call has never returned, by the part of the slots' names."""


@dataclass(frozen=True)
class Lying:
    """A card in a slot.

    Attributes:
        slot: the slot's name.
        atr: the card's answer to reset; b"" for one that does not answer, such as a card put in the wrong way round.
        visit: differs from one insertion to the next.
    """

    slot: str
    atr: bytes
    visit: int


class Slots(Protocol):
    """The slots of one device. Every method raises OfflineError once all are gone. The simulator has the same face."""

    @property
    def names(self) -> Iterable[str]:
        """What the slots are called."""

    def look(self, timeout: float) -> Lying | None:
        """The card that lies in a slot; waits at most ``timeout`` seconds for a change."""

    def connect(self, card: Lying) -> None:
        """Begin to talk to the card; raises RefusedError ``card_moved``, ``card_unreadable``, OfflineError ``busy``."""

    def transmit(self, command: bytes) -> bytes:
        """What the card answers, with its two status bytes; raises RefusedError as connect, OfflineError ``silent``."""

    def disconnect(self) -> None:
        """Let the card go."""

    def close(self) -> None:
        """Let go of the slots."""


class PcscSlots:
    """The slots of the service whose names contain ``part``; ``call_timeout`` in seconds is for each call to a card.

    Raises:
        OfflineError: ``library_missing``, ``no_pcscd``, ``not_found``.
    """

    def __init__(self, part: str, call_timeout: float = CALL_TIMEOUT) -> None:
        try:
            from smartcard import scard
        except ImportError as error:
            raise OfflineError("library_missing", INSTALL) from error
        self._scard: Any = scard
        self._part = part.casefold()
        self._card: Any = None
        self._protocol = 0
        self._atrs: dict[str, bytes] = {}
        if (left := _LEFT.get(part)) and left.is_alive():
            raise OfflineError("silent", "a card never answered")
        self._caller = _Caller(part, call_timeout)
        result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if result != scard.SCARD_S_SUCCESS:
            raise OfflineError("no_pcscd", self._words(result))
        try:
            self._known: dict[str, int] = dict.fromkeys(self._names(), scard.SCARD_STATE_UNAWARE)
            if not self._known:
                raise OfflineError("not_found", part)
        except OfflineError:
            self.close()
            raise
        self._news = scard.SCARD_STATE_UNAWARE

    @property
    def names(self) -> list[str]:
        """See :class:`Slots`."""
        return list(self._known)

    def look(self, timeout: float) -> Lying | None:
        """See :class:`Slots`."""
        scard = self._scard
        asked = [*self._known.items(), (_NEWS, self._news)]
        result, states = scard.SCardGetStatusChange(self._context, int(timeout * 1000), asked)
        if result == scard.SCARD_E_TIMEOUT:
            states = [(name, state, []) for name, state in asked]
        elif result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
            self._list_again()
            return None
        elif result != scard.SCARD_S_SUCCESS:
            raise OfflineError("no_pcscd", self._words(result))
        found = None
        gone = False
        for name, state, atr in states:
            if name == _NEWS:
                gone |= bool(state & scard.SCARD_STATE_CHANGED)
                self._news = state & ~scard.SCARD_STATE_CHANGED
                continue
            gone |= bool(state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE))
            self._known[name] = state & ~scard.SCARD_STATE_CHANGED
            if state & scard.SCARD_STATE_PRESENT:
                self._atrs[name] = bytes(atr) or self._atrs.get(name, b"")
                mute = state & scard.SCARD_STATE_MUTE
                found = found or Lying(name, b"" if mute else self._atrs[name], state >> 16)
            else:
                self._atrs.pop(name, None)
        if gone:
            self._list_again()
        return None if gone else found

    def _list_again(self) -> None:
        names = self._names()
        self._known = {name: self._known.get(name, self._scard.SCARD_STATE_UNAWARE) for name in names}
        if not names:
            raise OfflineError("unplugged")

    def connect(self, card: Lying) -> None:
        """See :class:`Slots`."""
        scard = self._scard
        either = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, handle, protocol = self._caller.call(
            lambda: scard.SCardConnect(self._context, card.slot, scard.SCARD_SHARE_SHARED, either)
        )
        self._check(result)
        self._card, self._protocol = handle, protocol

    def transmit(self, command: bytes) -> bytes:
        """See :class:`Slots`."""
        scard, handle = self._scard, self._card
        how = scard.SCARD_PCI_T1 if self._protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        result, answer = self._caller.call(lambda: scard.SCardTransmit(handle, how, list(command)))
        self._check(result)
        if len(answer) < 2:
            # How some readers' drivers say that the card went away in the middle.
            raise RefusedError("card_moved", "an answer without status")
        return bytes(byte & 0xFF for byte in answer)

    def disconnect(self) -> None:
        """See :class:`Slots`."""
        handle, self._card = self._card, None
        if handle is not None and not self._caller.stuck:
            self._caller.call(lambda: self._scard.SCardDisconnect(handle, self._scard.SCARD_LEAVE_CARD))

    def close(self) -> None:
        """See :class:`Slots`."""
        if not self._caller.stuck:
            self.disconnect()
            self._scard.SCardReleaseContext(self._context)

    def _names(self) -> list[str]:
        result, names = self._scard.SCardListReaders(self._context, [])
        if result == self._scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        if result != self._scard.SCARD_S_SUCCESS:
            raise OfflineError("no_pcscd", self._words(result))
        return [name for name in names if self._part in name.casefold()]

    def _check(self, result: int) -> None:
        scard = self._scard
        if result == scard.SCARD_S_SUCCESS:
            return
        if result == scard.SCARD_E_SHARING_VIOLATION:
            raise OfflineError("busy")
        lost = (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR)
        if result in (*lost, scard.SCARD_E_INVALID_HANDLE):
            raise OfflineError("no_pcscd", self._words(result))
        if result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
            raise OfflineError("unplugged")
        gone = (
            scard.SCARD_E_NO_SMARTCARD,
            scard.SCARD_W_REMOVED_CARD,
            scard.SCARD_W_RESET_CARD,
            scard.SCARD_W_UNPOWERED_CARD,
            scard.SCARD_E_NOT_TRANSACTED,
        )
        raise RefusedError("card_moved" if result in gone else "card_unreadable", self._words(result))

    def _words(self, result: int) -> str:
        return str(self._scard.SCardGetErrorMessage(result)).strip()


class _Caller:
    """Makes calls that may never return.

    Args:
        part: which slots are opened again no earlier than that call has returned.
        timeout: seconds for each.

    Attributes:
        stuck: whether one has not returned in its time; its thread is left to it, and no other call is made.
    """

    def __init__(self, part: str, timeout: float) -> None:
        self._part = part
        self._timeout = timeout
        self.stuck = False

    def call(self, function: Callable[[], T]) -> T:
        """What ``function`` returns; raises OfflineError ``silent`` when it does not in its time."""
        if self.stuck:
            raise OfflineError("silent", "a card never answered")
        done = threading.Event()
        results: list[T] = []

        def run() -> None:
            try:
                results.append(function())
            finally:
                done.set()

        thread = threading.Thread(target=run, name="card", daemon=True)
        thread.start()
        if not done.wait(self._timeout) and not done.is_set():
            self.stuck = True
            _LEFT[self._part] = thread
            raise OfflineError("silent", "a card never answered")
        return results[0]

"""Readers of the second-generation ID card that speak the SAM_V protocol (:mod:`drivers.card_reader.sam_v`).

A lying card that was selected once answers ``80`` (no card) to every find until it is lifted, so ``80`` does not mean
that it is gone: while a card lies, the driver asks for its additional address (30 03) instead, which any state but
"there" refuses; so also once at the start, for a card that an earlier run selected. After a failed read the card has to
be lifted and laid again.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from drivers.card_reader import sam_v
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead, CardRefused
from drivers.card_reader.id_card import parse_card
from drivers.card_reader.sam_v import Command, SamAnswer
from drivers.device import Device, DeviceEvent, SerialOrTcpSettings
from drivers.errors import DeviceError, OfflineError, ProtocolError
from drivers.port import Port
from drivers.supervisor import Link


class SamSettings(SerialOrTcpSettings):
    """``driver = "sam"``."""

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        return Device(CardReader(emit), reads_cards=True)


_CARD_ERRORS = frozenset({0x31, 0x32, 0x33, 0x34, 0x37, 0x3F, 0x40, 0x47})
_FAULTS = frozenset({0x21, 0x23, 0x24, 0x60, 0x66})
_READER_ERRORS = _FAULTS | {sam_v.SW_HOST_CHECKSUM, sam_v.SW_HOST_LENGTH}
_OWN_ANSWERS = {
    # Some readers look at the kind of card at once, and refuse a bank card here.
    Command.FIND: frozenset({sam_v.SW_FOUND, sam_v.SW_NO_CARD}) | _CARD_ERRORS | _READER_ERRORS,
    Command.SELECT: frozenset({sam_v.SW_DONE, sam_v.SW_SELECT_FAILED}) | _CARD_ERRORS | _READER_ERRORS,
    Command.READ: frozenset({sam_v.SW_DONE, sam_v.SW_READ_FAILED}) | _CARD_ERRORS | _READER_ERRORS,
    # A lifted card is refused with whatever the reader's maker thought of.
    Command.READ_ADDRESS: frozenset(range(256)) - {sam_v.SW_FOUND},
}


def _answers(command: Command, answer: SamAnswer, doubtful: bool) -> bool:
    """Whether ``answer`` can belong to ``command``, rather than being a late answer to an earlier question.

    ``doubtful``: a late answer is to be expected. Otherwise whatever a reader's maker thought of is a refusal, and only
    what a success of another command looks like is none.
    """
    if command is not Command.FIND and answer.sw3 == sam_v.SW_FOUND:
        return False
    if doubtful and answer.sw3 not in _OWN_ANSWERS[command]:
        return False
    if command is Command.READ and answer.sw3 == sam_v.SW_DONE:
        with contextlib.suppress(ProtocolError):
            return bool(sam_v.parse_card_data(answer.data))
        return False
    return True


def _nothing() -> None:
    """Nobody wants to know."""


class _StoppedError(Exception):
    """The service is ending."""


class _Exchange:
    """Question and answer on one port.

    Args:
        port: where the reader is.
        stopping: ends every wait.
    """

    SLICE = 0.05  # s; how long a line is quiet before a half frame is looked at again
    GAP = 1.0  # s; a frame interrupted for so long has lost bytes
    PATIENCE = 3  # questions without an answer until the reader counts as lost
    LATE = 3.0  # s; for so long an answer may come to a question that was given up
    DRAIN = 0.2  # s; a line that babbles on is listened to all the same
    WRITE_TIMEOUT = 1.0

    def __init__(self, port: Port, stopping: threading.Event) -> None:
        self._port = port
        self._stopping = stopping
        self._decoder = sam_v.FrameDecoder()
        self._unanswered = 0
        self._heard = False
        self._doubtful_until = 0.0
        self.asked_at = 0.0  # when the last question was out, monotonic

    def wait(self, until: float) -> None:
        """Let time pass until ``until`` (monotonic)."""
        if self._stopping.wait(max(0.0, until - time.monotonic())):
            raise _StoppedError

    def ask(
        self, command: Command, timeout: float, *, tries: int = 1, meanwhile: Callable[[], None] = _nothing
    ) -> SamAnswer | None:
        """Send ``command`` and return its answer, None when none came within ``timeout`` seconds.

        A damaged question or answer is asked again, ``tries`` times in all. ``meanwhile`` is called while the reader
        is at work.

        Raises:
            OfflineError: ``silent`` after several questions without an answer.
            ProtocolError: ``garbled`` after several with nothing but foreign bytes.
        """
        answer = None
        for _ in range(tries):
            self._drain()
            self._port.write(sam_v.encode_command(command), self.WRITE_TIMEOUT)
            self.asked_at = time.monotonic()
            meanwhile()
            meanwhile = _nothing
            try:
                answer = self._listen(command, timeout)
            except ProtocolError:
                self._doubtful_until = time.monotonic() + self.LATE
                continue
            if answer is None or answer.sw3 not in (sam_v.SW_HOST_CHECKSUM, sam_v.SW_HOST_LENGTH):
                break
        if answer is not None:
            self._unanswered, self._heard = 0, False
            return answer
        self._doubtful_until = time.monotonic() + self.LATE
        self._unanswered += 1
        if self._unanswered >= self.PATIENCE:
            if self._heard:
                raise ProtocolError("garbled", f"no answer in {self._unanswered} questions, but other bytes")
            raise OfflineError("silent", f"no answer to {self._unanswered} questions")
        return None

    def _drain(self) -> None:
        """Throw away what came unasked: it answers an earlier question."""
        self._decoder.reset()
        until = time.monotonic() + self.DRAIN
        while self._port.read(0) and time.monotonic() < until:
            pass

    def _listen(self, command: Command, timeout: float) -> SamAnswer | None:
        garbled = self._decoder.garbled
        started = last = time.monotonic()
        while (now := time.monotonic()) < started + timeout:
            if self._stopping.is_set():
                raise _StoppedError
            data = self._port.read(min(self.SLICE, started + timeout - now))
            self._heard = self._heard or bool(data)
            for body in self._decoder.receive(data) if data else self._decoder.salvage():
                with contextlib.suppress(ProtocolError):
                    answer = sam_v.parse_answer(body)
                    if _answers(command, answer, started < self._doubtful_until):
                        return answer
            if data:
                last = time.monotonic()
            elif self._decoder.pending:
                if now - last > self.GAP:
                    raise ProtocolError("garbled", "half an answer")
            elif self._decoder.garbled > garbled:
                raise ProtocolError("garbled", "damaged answer")
        return None


@dataclass(eq=False)
class CardReader:
    """Reads every card that is laid, once.

    Attributes:
        on_event: told everything, on the device's thread; it should return soon.
        find_interval: seconds from one find to the next; readers ask for at least 0.3, by
            their own clocks.
        presence_interval: seconds from one look whether the card still lies to the next.
        answer_timeout: seconds that a reader may take for find, select and presence.
        read_timeout: seconds that it may take to read a card and send what it holds.
    """

    on_event: Callable[[CardEvent], None]
    _: KW_ONLY
    find_interval: float = 0.31
    presence_interval: float = 0.5
    answer_timeout: float = 1.5
    read_timeout: float = 3.0

    def __post_init__(self) -> None:
        self._lying = False  # kept while the line is lost, so that a card is read once although a cable was loose
        self._failures = 0  # to be selected, since the reader last saw no card
        self._refusal: str | None = None  # told of the card that lies there
        self._begun = False  # whether it is known if a card lies there that was selected before this run

    def serve(self, port: Port, link: Link) -> None:
        """Look for cards and read them until the reader is lost or the program stops."""
        line = _Exchange(port, link.stopping)
        with contextlib.suppress(_StoppedError):
            if not self._begun:
                self._begin(line, link)
            while True:
                line.wait(self._look(line, link) if self._lying else self._find(line, link))

    def _begin(self, line: _Exchange, link: Link) -> None:
        """Read the card that lies selected since an earlier run, if one does: no find would ever tell of it."""
        answer = line.ask(Command.READ_ADDRESS, self.answer_timeout)
        self._begun = True
        if answer is None or answer.sw3 not in (sam_v.SW_DONE, sam_v.SW_NO_SUCH_ITEM):
            return
        try:
            self._read_selected(line)
        except DeviceError:
            self._refuse("reader_lost")
            raise
        link.online()

    def _find(self, line: _Exchange, link: Link) -> float:
        """Ask for a card and read it if there is one; when to ask the next question."""
        answer = line.ask(Command.FIND, self.answer_timeout)
        due = line.asked_at + self.find_interval
        if answer is None:
            return due
        _report(link, answer)
        if answer.sw3 == sam_v.SW_NO_CARD:
            self._failures, self._refusal = 0, None
        elif answer.sw3 == sam_v.SW_FOUND:
            try:
                self._read(line)
            except DeviceError:
                self._refuse("reader_lost")
                raise
        elif answer.sw3 in _CARD_ERRORS:
            self._refuse(_reason(answer))
        return due

    def _read(self, line: _Exchange) -> None:
        answer = line.ask(Command.SELECT, self.answer_timeout)
        # Without an answer the card may be selected all the same, and would then answer no more finds: so read on.
        if answer is not None and answer.sw3 != sam_v.SW_DONE:
            self._failures += 1
            # A card that is just coming down often fails to be selected at first.
            if answer.sw3 != sam_v.SW_SELECT_FAILED or self._failures > 1:
                self._refuse(_reason(answer))
            return
        self._read_selected(line)

    def _read_selected(self, line: _Exchange) -> None:
        found = self._told_found if self._refusal is None else _nothing
        answer = line.ask(Command.READ, self.read_timeout, tries=2, meanwhile=found)
        if answer is None:
            self._refuse("card_moved")
            return
        if answer.sw3 != sam_v.SW_DONE:
            self._refuse(_reason(answer))
            return
        try:
            card = parse_card(*sam_v.parse_card_data(answer.data))
        except ProtocolError:
            self._refuse("card_unreadable")
            return
        if self._refusal is not None:
            self._told_found()
        self._failures, self._refusal, self._lying = 0, None, True
        self.on_event(CardRead(card))

    def _look(self, line: _Exchange, link: Link) -> float:
        """Ask whether the card still lies; when to ask the next question."""
        answer = line.ask(Command.READ_ADDRESS, self.answer_timeout, tries=2)
        due = line.asked_at + self.presence_interval
        if answer is None or _there(answer, link):
            return due
        # Once more before it counts as gone: one spoilt answer must not make one lay two. A reader that does not know
        # the question reads the card again.
        if answer.sw3 in (sam_v.SW_BAD_COMMAND, sam_v.SW_UNKNOWN_ERROR):
            answer = line.ask(Command.READ, self.read_timeout, tries=2)
        else:
            answer = line.ask(Command.READ_ADDRESS, self.answer_timeout, tries=2)
        if answer is not None and not _there(answer, link):
            self._lying = False
            self.on_event(CardLeft())
            return line.asked_at
        return due

    def _told_found(self) -> None:
        self.on_event(CardFound())

    def _refuse(self, reason: str) -> None:
        """Tell of a refusal, once a lay: a reader may let a bad card be found again and again."""
        if reason != self._refusal:
            self._refusal = reason
            self.on_event(CardRefused(reason))


def _there(answer: SamAnswer, link: Link) -> bool:
    """Whether a look says that the card lies; a module that is out of order cannot know, so then it stays."""
    if answer.sw3 in (sam_v.SW_DONE, sam_v.SW_NO_SUCH_ITEM, sam_v.SW_SELF_TEST_FAILED, sam_v.SW_NOT_AUTHORISED):
        _report(link, answer)
        return True
    return False


def _reason(answer: SamAnswer) -> str:
    return sam_v.REASONS.get(answer.sw3, "reader_error")


def _report(link: Link, answer: SamAnswer) -> None:
    """Tell the supervisor how the reader itself is."""
    if answer.sw3 in _FAULTS:
        link.fault(_reason(answer), f"status {answer.sw3:02X}")
    else:
        link.online()

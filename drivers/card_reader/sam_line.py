"""Question and answer on the line of a SAM_V reader: which answer is whose, what is noise, what came late.

A reader (or the converter on its line) may come to answer each question with the answer to the one before: it then
looks healthy and reads no card. Whoever asks the module's number finds that out, since no other answer looks like it;
from then on each question is pushed out by a second one, and the technician is told.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from drivers.card_reader import sam_v
from drivers.card_reader.id_card import ADDRESS_SIZE
from drivers.card_reader.sam_v import Command, SamAnswer
from drivers.errors import OfflineError, ProtocolError
from drivers.port import Port

log = logging.getLogger(__name__)

CARD_ERRORS = frozenset({0x31, 0x32, 0x33, 0x34, 0x37, 0x3F, 0x40, 0x47})
FAULTS = frozenset({0x21, 0x23, 0x24, 0x60, 0x66})
_READER_ERRORS = FAULTS | {sam_v.SW_HOST_CHECKSUM, sam_v.SW_HOST_LENGTH}
_OWN_ANSWERS = {
    # Some readers look at the kind of card at once, and refuse a bank card here.
    Command.FIND: frozenset({sam_v.SW_FOUND, sam_v.SW_NO_CARD}) | CARD_ERRORS | _READER_ERRORS,
    Command.SELECT: frozenset({sam_v.SW_DONE, sam_v.SW_SELECT_FAILED}) | CARD_ERRORS | _READER_ERRORS,
    Command.READ: frozenset({sam_v.SW_DONE, sam_v.SW_READ_FAILED}) | CARD_ERRORS | _READER_ERRORS,
    # A lifted card is refused with whatever the reader's maker thought of.
    Command.READ_ADDRESS: frozenset(range(256)) - {sam_v.SW_FOUND},
}
_ANY = frozenset(range(256))


def _answers(command: Command, answer: SamAnswer, doubtful: bool) -> bool:
    """Whether ``answer`` can belong to ``command``, rather than being a late answer to an earlier question.

    ``doubtful``: a late answer is to be expected. Otherwise whatever a reader's maker thought of is a refusal, and only
    what a success of another command looks like is none.
    """
    if command is not Command.FIND and answer.sw3 == sam_v.SW_FOUND:
        return False
    if doubtful and answer.sw3 not in _OWN_ANSWERS.get(command, _ANY):
        return False
    if answer.sw3 != sam_v.SW_DONE:
        return True
    match command:
        case Command.READ:
            with contextlib.suppress(ProtocolError):
                return bool(sam_v.parse_card_data(answer.data))
            return False
        case Command.SAM_ID:
            return len(answer.data) == sam_v.SAM_ID_SIZE
        case Command.READ_ADDRESS:
            return not doubtful or len(answer.data) == ADDRESS_SIZE
        case _:
            return True


def nothing() -> None:
    """Nobody wants to know."""


class StoppedError(Exception):
    """The service is ending."""


class SamLine:
    """Question and answer on one port.

    Args:
        port: where the reader is.
        stopping: ends every wait.
        clock: seconds of a steady clock.

    Attributes:
        asked_at: when the last question was out, monotonic.
        behind: how many answers the reader is late; 0 or 1.
    """

    SLICE = 0.05  # s; how long a line is quiet before a half frame is looked at again
    GAP = 1.0  # s; a frame interrupted for so long has lost bytes
    PATIENCE = 3  # questions without an answer until the reader counts as lost
    LATE = 3.0  # s; for so long an answer may come to a question that was given up
    DRAIN = 0.2  # s; a line that babbles on is listened to all the same
    STEP_TIMEOUT = 0.6  # s; for the module's number, by which the step is found
    WRITE_TIMEOUT = 1.0
    MOST = 1 << 16  # bytes to one question; no reader has so much to say

    def __init__(self, port: Port, stopping: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._stopping = stopping
        self._clock = clock
        self._decoder = sam_v.FrameDecoder()
        self._unanswered = 0
        self._heard = 0
        self._strange = False
        self._doubtful_until = 0.0
        self.asked_at = 0.0
        self.behind = 0

    def wait(self, until: float) -> None:
        """Let time pass until ``until`` (monotonic)."""
        if self._stopping.wait(max(0.0, until - self._clock())):
            raise StoppedError

    def ask(
        self, command: Command, timeout: float, *, tries: int = 1, meanwhile: Callable[[], None] = nothing
    ) -> SamAnswer | None:
        """Send ``command`` and return its answer, None when none came within ``timeout`` seconds.

        A damaged question or answer is asked again, ``tries`` times in all; one that was answered by something else
        once more, after the step was found. ``meanwhile`` is called while the reader is at work.

        Raises:
            OfflineError: ``silent`` after several questions without an answer.
            ProtocolError: ``garbled`` after several with nothing but foreign bytes, from a reader that never stops
                talking, and from one whose answers are more than one late.
        """
        answer = self._ask(command, timeout, tries, meanwhile)
        if answer is None and self._strange:
            before = self.behind
            self._find_step()
            if before or self.behind:
                answer = self._ask(command, timeout, 1, nothing)
        if answer is not None:
            self._unanswered, self._heard = 0, 0
            return answer
        self._doubtful_until = self._clock() + self.LATE
        self._unanswered += 1
        if self._unanswered >= self.PATIENCE:
            if self._heard:
                raise ProtocolError("garbled", f"no answer in {self._unanswered} questions, but other bytes")
            raise OfflineError("silent", f"no answer to {self._unanswered} questions")
        return None

    def _ask(self, command: Command, timeout: float, tries: int, meanwhile: Callable[[], None]) -> SamAnswer | None:
        answer = None
        for _ in range(tries):
            self._drain()
            self._strange = False
            self._port.write(sam_v.encode_command(command), self.WRITE_TIMEOUT)
            self.asked_at = self._clock()
            meanwhile()
            meanwhile = nothing
            try:
                if self.behind:
                    self._push(timeout)
                answer = self._listen(command, timeout)
            except ProtocolError:
                self._doubtful_until = self._clock() + self.LATE
                continue
            if answer is None or answer.sw3 not in (sam_v.SW_HOST_CHECKSUM, sam_v.SW_HOST_LENGTH):
                break
        return answer

    def _push(self, timeout: float) -> None:
        """Have a reader that is one answer late bring out the answer to the question it was just asked.

        Unverified on hardware: that a module may be asked for its status between any two other questions.
        """
        self._listen(None, timeout)
        self._port.write(sam_v.encode_command(Command.STATUS), self.WRITE_TIMEOUT)

    def _find_step(self) -> None:
        """Find out how many answers the reader is late: the answer to 12 FF looks like no other.

        Asked for the status before, it has no number in hand that it owes to an earlier question.
        """
        self._doubtful_until = 0.0
        self._drain()
        self._port.write(sam_v.encode_command(Command.STATUS), self.WRITE_TIMEOUT)
        self._listen(None, self.STEP_TIMEOUT)
        for behind in range(2):
            self._port.write(sam_v.encode_command(Command.SAM_ID), self.WRITE_TIMEOUT)
            answer = self._listen(None, self.STEP_TIMEOUT)
            if answer is not None and (answer.sw3 in FAULTS or _is_number(answer)):
                if behind and not self.behind:
                    log.warning("a card reader answers each question with the answer to the one before")
                self.behind = behind
                return
        self.behind = 0
        raise ProtocolError("garbled", "answers other questions than it was asked")

    def _drain(self) -> None:
        """Throw away what came unasked: it answers an earlier question."""
        self._decoder.reset()
        drained = 0
        until = self._clock() + self.DRAIN
        while (data := self._port.read(0)) and self._clock() < until:
            drained += len(data)
            if drained > self.MOST:
                raise ProtocolError("garbled", "never stops talking")

    def _listen(self, command: Command | None, timeout: float) -> SamAnswer | None:
        """The answer to ``command`` within ``timeout`` seconds, else None; with None for a command, whatever comes."""
        garbled = self._decoder.garbled
        started = last = self._clock()
        data, looked = b"", False
        # What came while the machine stood still is read before it is called late.
        while (now := self._clock()) < started + timeout or data or not looked:
            if self._stopping.is_set():
                raise StoppedError
            looked = now >= started + timeout
            data = self._port.read(max(0.0, min(self.SLICE, started + timeout - now)))
            self._heard += len(data)
            for body in self._decoder.receive(data) if data else self._decoder.salvage():
                with contextlib.suppress(ProtocolError):
                    answer = sam_v.parse_answer(body)
                    doubtful = self.behind > 0 or started < self._doubtful_until
                    if command is None or _answers(command, answer, doubtful):
                        return answer
                    self._strange = True
            if data:
                last = self._clock()
                if self._heard > self.MOST:
                    raise ProtocolError("garbled", "never stops talking")
            elif self._decoder.pending:
                if now - last > self.GAP:
                    raise ProtocolError("garbled", "half an answer")
            elif self._decoder.garbled > garbled:
                raise ProtocolError("garbled", "damaged answer")
        return None


def _is_number(answer: SamAnswer) -> bool:
    return answer.sw3 == sam_v.SW_DONE and len(answer.data) == sam_v.SAM_ID_SIZE

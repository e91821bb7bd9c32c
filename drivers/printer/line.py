"""One connection to a ticket printer: status queries, and the count of answers that come in turn."""

import threading
import time
from collections import deque
from collections.abc import Callable

from drivers.errors import OfflineError
from drivers.port import Port
from drivers.printer import escpos_status

Wait = Callable[[Callable[[], bool], float], None]
"""Waits until the condition holds, for so many seconds at most, while answers are being read."""

PAUSE_BETWEEN_ANSWERS = 0.2
"""Seconds after which half an answer is noise."""
MOST_ANSWERS = 64
"""Answers kept of a printer that answers what was not asked; each question clears them."""


class Line:
    """One connection.

    Attributes:
        turn: lock of the thread that writes, or waits for the answer to a question.
        broken: the error that ended the connection; set by the thread that met it.
        gone: why the device's thread has let go of it; None while it has not.
        trouble: of the last round of questions.
        near_end: whether the roll is nearly used up.
        checked_at: when that round was answered; 0 when something has changed since.
        answers: the newest to DLE EOT, as they come in.
    """

    def __init__(self, port: Port, answer_timeout: float, asks: bool) -> None:
        self.port = port
        self.turn = threading.RLock()
        self.broken: OfflineError | None = None
        self.gone: str | None = None
        self.trouble: str | None = None
        self.near_end = False
        self.checked_at = 0.0
        self.answers: deque[int] = deque(maxlen=MOST_ANSWERS)
        self._answer_timeout = answer_timeout
        self._asks = asks
        self._classifier = escpos_status.Classifier()
        self._byte_at = 0.0
        self._misses = dict.fromkeys((1, 2, 3, 4), 0)
        self._status: dict[int, int] = {}
        self._rounds = 0
        self._unanswered = 0
        self._expected = 0
        self._counted = 0
        self._expected_at = 0.0

    def classify(self, data: bytes) -> list[escpos_status.PrinterAnswer]:
        """What ``data`` says; half an answer before a pause is dropped. Answers to DLE EOT go to :attr:`answers`."""
        now = time.monotonic()
        if now - self._byte_at > PAUSE_BETWEEN_ANSWERS:
            self._classifier.forget()
        self._byte_at = now
        found = list(self._classifier.feed(data))
        self.answers.extend(answer.value for answer in found if isinstance(answer, escpos_status.Status))
        return found

    def drain(self) -> None:
        """Drop what was waiting before anything was asked."""
        for _ in range(64):
            if not self.port.read(0.0):
                return

    def is_due(self, interval: float) -> bool:
        """Whether it is time to ask again."""
        return self._asks and time.monotonic() - self.checked_at >= interval

    def is_fresh(self, fresh: float) -> bool:
        """Whether a round without trouble is less than ``fresh`` seconds old, so that one question is enough."""
        recent = time.monotonic() - self.checked_at < fresh
        return self._asks and recent and self.trouble is None and self._misses[1] == 0

    def ask_ahead(self) -> None:
        """Ask whether it is there and on line, and leave the answer for :meth:`hear_ahead`."""
        self.answers.clear()
        self.port.write(escpos_status.request_status(1), self._answer_timeout)
        self._unanswered += 1

    def hear_ahead(self, wait: Wait) -> bool:
        """Whether the answer to :meth:`ask_ahead` says so; False without an answer in time."""
        value = self._hear(wait)
        return value is not None and not value & escpos_status.OFFLINE

    def check(self, wait: Wait, all_questions: bool = False) -> str | None:
        """Ask how the printer is; its trouble, or None.

        A question that it never answers is asked now and then, and only with ``all_questions``.

        Raises:
            OfflineError: the port is lost, or ``silent``: none of the questions is answered.
        """
        if not self._asks:
            return None
        self._rounds += all_questions
        again = all_questions and self._rounds % 15 == 0
        known = [n for n in self._misses if self._misses[n] < 2 or again]
        answered = 0
        for n in known or list(self._misses):
            value = self._ask(n, wait)
            if value is not None:
                answered += 1
                self._misses[n] = 0
                self._status[n] = value
            else:
                self._misses[n] += 1
                if self._misses[n] > 1:
                    # After one missed answer the last one still stands; after two the state is unknown.
                    self._status.pop(n, None)
        if not answered:
            raise OfflineError("silent")
        self.trouble = escpos_status.find_trouble(self._status)
        self.near_end = escpos_status.is_near_end(self._status)
        self.checked_at = time.monotonic()
        return self.trouble

    def _ask(self, n: int, wait: Wait) -> int | None:
        """The answer to DLE EOT ``n``, or None in time. What came before the question is not its answer."""
        self.answers.clear()
        self.port.write(escpos_status.request_status(n), self._answer_timeout)
        self._unanswered += 1
        return self._hear(wait)

    def _hear(self, wait: Wait) -> int | None:
        wait(lambda: bool(self.answers or self.gone), self._answer_timeout)
        if self.gone is not None:
            raise OfflineError(self.gone)
        if not self.answers:
            return None
        if self._unanswered > 1:
            # A question before this one is open: is this answer ours, or is ours still to come?
            wait(lambda: len(self.answers) >= self._unanswered or self.gone is not None, self._answer_timeout / 3)
        self._unanswered = 0
        return self.answers[-1]

    def expect_paper(self) -> int:
        """Count a GS r that is being sent; its answer is the returned one in turn."""
        self._expected += 1
        self._expected_at = time.monotonic()
        return self._expected

    def count_paper(self) -> int | None:
        """Count an answer to GS r; None when none is expected: noise."""
        if self._counted >= self._expected:
            return None
        self._counted += 1
        return self._counted

    def forgive(self) -> None:
        """Expect no answer any more that a printer without trouble has not given for long: it has lost the question."""
        if self.trouble is None and time.monotonic() - self._expected_at > 10.0:
            self._counted = self._expected

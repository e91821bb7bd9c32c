"""One connection to a ticket printer: status queries, and the count of answers that come in turn.

An answer to DLE EOT does not say to which question. So answers are counted: while one is owed, each question is asked
once more than are owed, and the last answer is its own, whether the owed ones were lost or only late.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from drivers.errors import OfflineError, ProtocolError
from drivers.port import Port
from drivers.printer import escpos_status
from drivers.printer.escpos_status import STANDARD, Dialect, Sign

Wait = Callable[[Callable[[], bool], float], None]
"""Waits until the condition holds, for so many seconds at most, while answers are being read."""

PAUSE_BETWEEN_ANSWERS = 0.2
"""Seconds after which half an answer is noise."""
MOST_ANSWERS = 64
"""Answers kept of a printer that answers what was not asked; each question clears them."""
MOST_A_SECOND = 30_000
"""Bytes; a serial line at 115200 baud brings 11,520. What babbles faster is closed, and opened again after a pause."""
MOST_OWED = 2
"""So many questions are repeated at most; a printer that owes more answers is silent."""


class Line:
    """One connection.

    Attributes:
        turn: lock of the thread that writes, or waits for the answer to a question.
        broken: the error that ended the connection; set by the thread that met it.
        gone: why the device's thread has let go of it; None while it has not.
        trouble: of the last round of questions.
        checked_at: when that round was answered; 0 when something has changed since.
        late: whether the printer was seen to answer one question late, again and again.
        cuts: its counter of cuts, as last told; None while that is not known.
        answers: the newest to DLE EOT, as they come in.
    """

    def __init__(
        self,
        port: Port,
        answer_timeout: float,
        asks: bool,
        dialect: Dialect = STANDARD,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port = port
        self.turn = threading.RLock()
        self.broken: OfflineError | None = None
        self.gone: str | None = None
        self.trouble: str | None = None
        self.checked_at = 0.0
        self.late = False
        self.cuts: int | None = None
        self.answers: deque[int] = deque(maxlen=MOST_ANSWERS)
        self._answer_timeout = answer_timeout
        self._asks = asks
        self._dialect = dialect
        self._clock = clock
        self._classifier = escpos_status.Classifier(dialect)
        self._quiet = 0.0
        self._second_began = 0.0
        self._in_second = 0
        self._misses = dict.fromkeys(dialect.questions, 0)
        self._status: dict[int, int] = {}
        self._rounds = 0
        self._owed = 0
        self._ahead = 0
        self._expected = 0
        self._counted = 0
        self._expected_at = 0.0

    @property
    def near_end(self) -> bool:
        """Whether the roll is nearly used up."""
        return escpos_status.is_near_end(self._status, self._dialect)

    @property
    def paper(self) -> escpos_status.PAPER:
        """How much paper there is; ``unknown`` unless it was told."""
        return escpos_status.read_paper(self._status, self._dialect)

    @property
    def waiting(self) -> bool | None:
        """Whether a slip hangs in the exit; None where the printer does not tell."""
        return self._shows(self._dialect.waiting)

    @property
    def busy(self) -> bool | None:
        """Whether it is at work; None where the printer does not tell."""
        return self._shows(self._dialect.busy)

    @property
    def owes(self) -> bool:
        """Whether answers are owed, late or lost."""
        return self._owed > 0

    @property
    def cleared(self) -> int:
        """How often it has said that its memory was cleared."""
        return self._classifier.cleared

    def classify(self, data: bytes) -> list[escpos_status.PrinterAnswer]:
        """What ``data`` says. Answers to DLE EOT go to :attr:`answers`.

        Raises:
            ProtocolError: it babbles.
        """
        now = self._clock()
        if now - self._second_began > 1.0:
            self._second_began, self._in_second = now, 0
        self._in_second += len(data)
        if self._in_second > MOST_A_SECOND:
            raise ProtocolError("garbled", f"over {MOST_A_SECOND} bytes a second")
        self._quiet = 0.0
        found = list(self._classifier.feed(data))
        for answer in found:
            match answer:
                case escpos_status.Status(value, high):
                    self.answers.append(value | 0x80 * high)
                    self._owed = max(0, self._owed - 1)
                case escpos_status.AutoStatus(value):
                    # What it tells by itself is asked again at once, where it answers.
                    self._status |= escpos_status.from_automatic(value)
                    self.trouble = self._find_trouble()
                    self.checked_at = 0.0
                case escpos_status.Count(value):
                    self.cuts = value
        return found

    def pause(self, seconds: float) -> None:
        """It was read for so many seconds, and nothing came: half an answer before a pause is dropped.

        Not measured by the clock: a machine that stands still between two bytes reads no pause.
        """
        self._quiet += seconds
        if self._quiet >= PAUSE_BETWEEN_ANSWERS and not self._classifier.unformed:
            self._classifier.forget()

    def drain(self) -> None:
        """Drop what was waiting before anything was asked."""
        for _ in range(64):
            if not self.port.read(0.0):
                return

    def is_due(self, interval: float) -> bool:
        """Whether it is time to ask again."""
        return self._asks and self._clock() - self.checked_at >= interval

    def is_fresh(self, fresh: float) -> bool:
        """Whether a round without trouble is less than ``fresh`` seconds old, so that one question is enough."""
        recent = self._clock() - self.checked_at < fresh
        return self._asks and recent and self.trouble is None and self._misses[self._dialect.questions[0]] == 0

    def ask_ahead(self) -> None:
        """Ask whether it is there and on line, and leave the answer for :meth:`hear_ahead`."""
        self._ahead = self._send(self._dialect.questions[0])

    def hear_ahead(self, wait: Wait) -> bool:
        """Whether the answer to :meth:`ask_ahead` says so; False without an answer in time."""
        answers = self._hear(self._ahead, wait)
        first = self._dialect.questions[0]
        return bool(answers) and escpos_status.find_trouble({first: answers[-1]}, self._dialect) is None

    def check(self, wait: Wait, all_questions: bool = False) -> str | None:
        """Ask how the printer is; its trouble, or None.

        A question that it never answers is asked in trouble only, and now and then with ``all_questions``.

        Raises:
            OfflineError: the port is lost, or ``silent``: none of the questions is answered.
        """
        if not self._asks:
            return None
        self._rounds += all_questions
        # In trouble all are asked: noise may have said it, in the name of a question that is given up.
        again = self.trouble is not None or (all_questions and self._rounds % 15 == 0)
        known = [n for n in self._misses if self._misses[n] < 2 or again]
        answered = self._ask_all(known or list(self._misses), wait)
        if not answered:
            raise OfflineError("silent")
        trouble = self._find_trouble()
        if trouble is not None and not self._owed:
            # Whether all answers are one question late shows only when they differ, as now.
            self._owed = 1
            self._ask_all(answered, wait, sure=False)
            trouble = self._find_trouble()
            if not self.late:
                self._owed = 0
        # Told when it is sure, so that nobody acts on a trouble that the slip under way never hears of.
        self.trouble = trouble
        self.checked_at = self._clock()
        return self.trouble

    def settle(self, wait: Wait) -> None:
        """Find out whether owed answers are late or lost: an answer to GS r is of another kind, so it tells."""
        if not self._owed or self._dialect.full or self.trouble is not None:
            return
        self.answers.clear()
        turn = self.expect_paper()
        self.port.write(escpos_status.GS_TRANSMIT_PAPER, self._answer_timeout)
        wait(lambda: self._counted >= turn or bool(self.answers) or self.gone is not None, self._answer_timeout)
        self.late = bool(self.answers)
        if self._counted >= turn and not self.answers:
            self._owed = 0

    def count_cuts(self, question: bytes, wait: Wait) -> int | None:
        """Its counter of cuts; None without an answer in time."""
        self.cuts = None
        self.port.write(question, self._answer_timeout)
        wait(lambda: self.cuts is not None or self.gone is not None, 3 * self._answer_timeout)
        return self.cuts

    def clear(self, command: bytes, wait: Wait) -> bool:
        """Have its memory cleared; whether it says that it is."""
        before = self.cleared
        self.port.write(command, self._answer_timeout)
        wait(lambda: self.cleared > before or self.gone is not None, 3 * self._answer_timeout)
        return self.cleared > before

    def _ask_all(self, questions: Iterable[int], wait: Wait, sure: bool = True) -> list[int]:
        """Ask, and keep what is answered; which questions were. ``sure``: an answer that does not come was missed."""
        answered, first_ones = [], []
        for n in questions:
            if n in self._dialect.unformed and (self._owed or self._expected > self._counted):
                # Whatever comes next might be something else's: until it can be asked, its answer is unknown.
                if sure:
                    self._status.pop(n, None)
                continue
            answers = self._hear(self._send(n), wait)
            self._classifier.unformed = False
            if answers:
                answered.append(n)
                first_ones.append((answers[0], answers[-1]))
                self._misses[n] = 0
                self._status[n] = answers[-1]
            elif sure:
                self._miss(n)
        self._judge(first_ones)
        return answered

    def _miss(self, n: int) -> None:
        self._misses[n] += 1
        if self._misses[n] == 2:
            # After one missed answer the last one still stands; after two the state is unknown, and none is owed.
            self._status.pop(n, None)
            self._owed = max(0, self._owed - 2)

    def _judge(self, answers: list[tuple[int, int]]) -> None:
        """Whether the printer is late: of each question that was repeated, the first and the last answer."""
        if not self._owed:
            return
        if any(first != last for first, last in answers):
            self.late = True
        elif len({last for _, last in answers}) > 1:
            # Late, the first of one's answers would be the last of the one's before it.
            self.late = False
            self._owed = 0

    def _send(self, n: int) -> int:
        """Ask DLE EOT ``n`` once more than answers are owed; how many answers the last of them makes."""
        self.answers.clear()
        times = min(self._owed, MOST_OWED) + 1
        self._classifier.unformed = n in self._dialect.unformed
        self._owed += times
        self.port.write(escpos_status.request_status(n) * times, self._answer_timeout)
        return times

    def _hear(self, count: int, wait: Wait) -> list[int]:
        """So many answers, or none where they did not all come. What came before the question is not among them."""
        wait(lambda: len(self.answers) >= count or self.gone is not None, self._answer_timeout)
        if self.gone is not None:
            raise OfflineError(self.gone)
        if len(self.answers) >= count:
            return list(self.answers)
        self._owed = min(self._owed, MOST_OWED)
        return []

    def _find_trouble(self) -> str | None:
        return escpos_status.find_trouble(self._status, self._dialect)

    def _shows(self, sign: Sign | None) -> bool | None:
        return escpos_status.shows(self._status, sign)

    def expect_paper(self) -> int:
        """Count a GS r that is being sent; its answer is the returned one in turn."""
        self._expected += 1
        self._expected_at = self._clock()
        return self._expected

    def count_paper(self) -> int | None:
        """Count an answer to GS r; None when none is expected: noise."""
        if self._counted >= self._expected:
            return None
        self._counted += 1
        return self._counted

    def forgive(self) -> None:
        """Expect no answer any more that a printer without trouble has not given for long: it has lost the question."""
        if self.trouble is None and self._clock() - self._expected_at > 10.0:
            self._counted = self._expected

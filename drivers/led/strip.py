"""What LED strips and boards of all makers have in common: how a text gets on and stays there.

A strip keeps the text that is wanted on it until it has acknowledged it. Its answers carry no number: they are taken
in the order of the questions. Where one is missing, the next may belong to the question before; such an answer is
believed only after the strip has been asked something else (:meth:`Strip._settle`).
"""

import threading
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from drivers.device import NOTHING_MORE, About, Colour, TextKind
from drivers.errors import DeviceError, OfflineError, ProtocolError
from drivers.port import Port, slices
from drivers.shared_line import WATCH, Decoder, Line, Station, serve_line
from drivers.supervisor import Link

BUSY_PAUSE = 0.15
"""Seconds before a strip that was busy is asked again."""
REFUSED_PAUSE = 2.0
"""Seconds before a refused text is offered again."""
DARK_TIMEOUT, DARK_PAUSE = 0.3, 1.0
"""Seconds that a lost strip gets to answer, and between two questions to it: others wait meanwhile."""
BLINK = 0.5
"""Seconds that a flashing text is lit, and dark."""
NEWS_WITHIN = 30.0
"""Seconds after which a call is no news: a strip that was not reached sooner neither says it nor lets it flash."""
TEST_PATIENCE = 5.0
"""Seconds until a strip must have shown a test."""
TEST_SHOWN = 3.0
"""Seconds a strip keeps a test before it shows again what it showed."""
DEAF_AFTER = 2
"""So many pings unanswered by a strip that takes texts: its text is its ping from then on."""
MAX_OWED = 3


@dataclass(frozen=True)
class Answer:
    """What a strip said.

    Attributes:
        said: ``ok``, ``refused``, or ``report``: neither of the two, but a sign of life.
        address: whose it is; None where that is not told.
        reason: of a refusal; ``detail`` likewise.
        is_passing: whether another try may cure it.
        is_unknown: whether it says that the strip does not know the command.
    """

    said: Literal["ok", "refused", "report"]
    address: int | None = None
    reason: str = ""
    detail: str = ""
    is_passing: bool = False
    is_unknown: bool = False


@dataclass(frozen=True)
class Content:
    """What is wanted on a strip.

    Attributes:
        text: lines parted by a newline; "" for nothing.
        about: what it says.
        colour: None leaves it to the strip.
        is_pattern: whether ``text`` is to be shown as a test pattern.
        wanted_at: when it was asked for, by ``time.monotonic()``.
    """

    text: str
    about: About = NOTHING_MORE
    colour: Colour | None = None
    is_pattern: bool = False
    wanted_at: float = 0.0


@dataclass(eq=False, kw_only=True)
class Strip(Station[Any]):
    """One strip on a line; what its maker's protocol is like is told by a subclass.

    Attributes:
        width: of the strip, in pixels. ``height`` likewise.
        address: of the strip.
        answer_timeout: seconds to wait for an answer before the next try, once a question has left the wire.
        byte_time: seconds that a byte needs on the wire; 0 on a network.
        tries: how often a question is asked before the strip counts as silent.
        ping_interval: seconds between looks at a strip with nothing to do.
        refresh_interval: seconds after which its text is sent again: behind a converter from TCP to serial it does
            not show that a strip has lost its power, and its text with it.
        colours: by kind of text.
        flash_seconds: how long a new call flashes.
        speaks: whether the strip says new calls; then they do not flash, since to rewrite a text may end its voice.
        gives_answers: whether the strip ever answers. None: not known; it then counts as lost only if it did once.
        test_patience: seconds until it must have shown a test; ``test_shown`` for how long it then keeps it.
    """

    width: int = 192
    height: int = 32
    address: int = 1
    answer_timeout: float = 0.7
    byte_time: float = 0.0
    tries: int = 3
    ping_interval: float = 5.0
    refresh_interval: float = 60.0
    colours: Mapping[TextKind, Colour] = field(default_factory=dict)
    flash_seconds: float = 0.0
    speaks: bool = False
    gives_answers: bool | None = True
    test_patience: float = TEST_PATIENCE
    test_shown: float = TEST_SHOWN

    def __post_init__(self) -> None:
        self.due = 0.0
        self.lost: DeviceError | None = None
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._others: frozenset[int] = frozenset()
        self._wanted: Content | None = None
        self._unsent = False
        self._again = False
        self._shown: str | None = None
        self._announced: Content | None = None
        self._patterns = 0  # acknowledged so far
        self._has_answered = False
        self._is_suspect = False
        self._start_over()

    def _start_over(self) -> None:
        self._missed = 0
        self._refusals = 0
        self._deaf = 0
        self._blinks = 0
        self._refresh_at = 0.0
        # Answers still to come to questions that were given up.
        self._owed = 1 if self._is_suspect else 0

    # What a maker's protocol is like

    @abstractmethod
    def text_frames(self, content: Content, speak: bool) -> bytes:
        """What shows ``content``; with ``speak`` its voice is heard, too."""

    @abstractmethod
    def ping_frame(self) -> bytes:
        """A question that any strip answers."""

    def other_frame(self) -> bytes | None:
        """A question whose answer differs from that to a text or a ping; None where the protocol has none."""
        return None

    @abstractmethod
    def read(self, frame: Any) -> Answer | None:
        """What a frame says; None for none that a strip sends."""

    @abstractmethod
    def decoder(self) -> Decoder[Any]:
        """A new decoder of what such strips say."""

    # From any thread

    def show(self, text: str, about: About = NOTHING_MORE, *, colour: Colour | None = None) -> None:
        r"""Put ``text`` on the strip; may be called from any thread, and returns at once.

        Only the newest text counts. ``""`` clears the strip. Text that fits no frame is cut.

        Args:
            text: lines are parted by ``\n``; what the strip's font lacks is shown as 〓.
            about: what it says: its colour, and whether it flashes and is spoken.
            colour: in place of that of its kind.
        """
        self._want(Content(text, about, colour or self.colours.get(about.kind), False, time.monotonic()))

    def _want(self, content: Content) -> None:
        with self._changed:
            self._wanted = content
            self._unsent = self._again = True
            self._blinks = 0
            self.due = 0.0
        self._wake.set()

    @property
    def shown(self) -> str | None:
        """The text that the strip acknowledged last; None since it was lost, until it acknowledges again."""
        return self._shown

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - there is room for one
        """Show ``title`` as a pattern for a few seconds; None when the strip acknowledged it, else the reason."""
        before, patterns = self._wanted, self._patterns
        self._want(Content(title, is_pattern=True))
        with self._changed:
            # Not by what it shows now: a call may have replaced the test before this thread had its turn.
            if not self._changed.wait_for(lambda: self._patterns > patterns, self.test_patience):
                return "silent"
            # A call that came meanwhile replaces the test by itself.
            is_replaced = self._changed.wait_for(lambda: self._shown != title, self.test_shown)
        if not is_replaced:
            self.show(
                before.text if before else "", replace(before.about, fresh=0, spoken="") if before else NOTHING_MORE
            )
        return None

    # On the line's thread

    def stations(self, link: Link) -> Sequence[Station[Any]]:
        """The strip itself: see :class:`drivers.shared_line.SharesLine`."""
        self.link = link
        return (self,)

    def serve(self, port: Port, link: Link) -> None:
        """Send and refresh the wanted text until the strip is lost or the program stops."""
        serve_line(self.stations(link), self.decoder(), port, link.stopping)

    @property
    def urgent(self) -> bool:
        """Whether a text waits to be sent to a strip that answers."""
        return self._unsent and self.lost is None

    def begin(self, wake: threading.Event, others: frozenset[int]) -> None:
        """The line was opened; what a strip shows that was lost is not known: send it again."""
        self._start_over()
        self._others = others
        self.lost = None
        with self._changed:
            self._wake = wake
            self._unsent = self._wanted is not None
            self.due = 0.0

    def end(self) -> None:
        """The line was closed."""
        self._now_shows(None)

    def heard(self, frame: Any) -> None:
        """A refusal that comes late takes back what was taken for acknowledged."""
        answer = self.read(frame)
        if answer is None or (self._others and answer.address != self.address):
            return
        # A card that knows no ping may have refused one that was given up.
        may_be_of_a_ping = answer.is_unknown and self._owed > 0
        self._owed = max(0, self._owed - 1)
        if answer.said == "refused" and not may_be_of_a_ping and self._wanted is not None:
            self._take_back()

    def turn(self, line: Line[Any]) -> None:
        """Send the wanted text, let it flash, or ask whether the strip is there."""
        with self._changed:
            self._again = False
            wanted, is_unsent = self._wanted, self._unsent
            if is_unsent or self._deaf >= DEAF_AFTER or time.monotonic() >= self._refresh_at:
                is_unsent, self._unsent = wanted is not None, False
                self._blinks = 0
        if wanted is None:
            self._poll(line)
        elif is_unsent:
            self._put(line, wanted)
        elif self._blinks:
            self._blink(line, wanted)
        else:
            self._poll(line)

    def _put(self, line: Line[Any], wanted: Content) -> None:
        """Try once to have the wanted text acknowledged."""
        is_new = wanted is not self._announced and time.monotonic() - wanted.wanted_at < NEWS_WITHIN
        answer = self._ask(line, self.text_frames(wanted, is_new and self.speaks and bool(wanted.about.spoken)))
        if line.stopping.is_set():
            return
        if answer is not None and answer.said == "ok" and not self.lost:
            self._announced = wanted
            self._patterns += wanted.is_pattern
            self._now_shows(wanted.text)
            self._refresh_at = time.monotonic() + self.refresh_interval
            if is_new and wanted.about.fresh and not self.speaks:
                self._blinks = 2 * round(self.flash_seconds / (2 * BLINK))
            self._is_well(BLINK if self._blinks else self.ping_interval)
            return
        self._unsent = True
        if answer is None:
            self._miss(line)
        elif not self.lost:
            self._refuse(answer)

    def _blink(self, line: Line[Any], wanted: Content) -> None:
        """Darken the lines of a new call, or light them again; it ends lit."""
        content = wanted
        if self._blinks % 2 == 0:
            rows = wanted.text.split("\n")
            rows[: wanted.about.fresh] = [""] * wanted.about.fresh
            content = Content("\n".join(rows) if any(rows) else "", wanted.about, wanted.colour)
        answer = self._ask(line, self.text_frames(content, False))
        if self._again or line.stopping.is_set():
            return
        if answer is None or answer.said == "refused" or self.lost:
            # As a text it gets its tries.
            self._blinks = 0
            self._unsent = True
            self._rest(0.0)
            return
        self._blinks -= 1
        self._is_well(BLINK if self._blinks else self.ping_interval)

    def _poll(self, line: Line[Any]) -> None:
        """Ask whether the strip is there; a text that comes meanwhile does not wait for the answer."""
        # Two strips that talk at once on a two-wire line spoil each other's frames: there a healthy one may finish.
        wake = line.wake if self.lost or not self._others else None
        answer = self._ask(line, self.ping_frame(), is_ping=True, interrupted_by=wake)
        if line.stopping.is_set() or self._again:
            return
        if answer is None and wake and wake.is_set():
            self._rest(0.0)
        elif answer is None and self._wanted is not None:
            # Silent, or a card that knows texts but no ping: a text it takes tells.
            self._deaf += 1
            self._unsent = True
            self._rest(0.0)
        elif answer is None:
            self._miss(line)
        elif answer.said == "refused" and not answer.is_unknown and self._wanted is not None:
            # No strip refuses a ping: that is what became of a text.
            self._is_suspect = True
            self._owed = 1
            self._take_back()
        elif not self.lost:
            self._deaf = 0
            self._is_well(self.ping_interval)

    def _is_well(self, pause: float) -> None:
        self._missed = self._refusals = 0
        self._is_suspect = False
        self.link.online("" if self._has_answered or self.gives_answers is False else "strip_unconfirmed")
        self._rest(pause)

    def _miss(self, line: Line[Any]) -> None:
        """No answer: once is chance, ``tries`` times in a row is a strip that is lost."""
        self._missed += 1
        if self._missed < self.tries:
            self._rest(0.0)
        elif line.noisy:
            self._lose(ProtocolError("garbled", "answers that are no frames of its protocol"))
        else:
            self._owed = 0
            self._lose(OfflineError("silent", f"address {self.address}" if self._others else ""))

    def _lose(self, error: DeviceError) -> None:
        self.lost = error
        self._now_shows(None)
        self._rest(DARK_PAUSE)

    def _refuse(self, answer: Answer) -> None:
        self.lost = None
        self._missed = 0
        self._refusals += 1
        if answer.is_passing and self._refusals < self.tries:
            self._rest(BUSY_PAUSE)
            return
        self._refusals = 0
        detail = f"address {self.address}: {answer.detail}" if self._others else answer.detail
        self.link.fault(answer.reason, detail)
        self._rest(min(REFUSED_PAUSE, self.ping_interval))

    def _take_back(self) -> None:
        self._unsent = self._again = True
        self.due = 0.0
        self._now_shows(None)

    def _rest(self, seconds: float) -> None:
        """Want the line again in ``seconds``, or at once when there is news."""
        with self._changed:
            self.due = 0.0 if self._again else time.monotonic() + seconds

    def _now_shows(self, text: str | None) -> None:
        with self._changed:
            self._shown = text
            self._changed.notify_all()

    # Questions and answers

    def _ask(
        self, line: Line[Any], frame: bytes, is_ping: bool = False, interrupted_by: threading.Event | None = None
    ) -> Answer | None:
        """Send ``frame``; its answer, or None when none came in time, or before ``interrupted_by`` was set."""
        line.send(frame)
        if self.gives_answers is False:
            return Answer("ok")
        patience = min(DARK_TIMEOUT, self.answer_timeout) if self.lost else self.answer_timeout
        doubtful: Answer | None = None
        is_interrupted = False
        for wait in slices(patience + len(frame) * self.byte_time, 0.02 if interrupted_by else WATCH):
            if line.stopping.is_set() or is_interrupted:
                break
            answer = self._next(line, wait)
            if answer is not None and (is_ping or answer.said != "report"):
                if self._owed == 0:
                    return self._back(answer)
                # The answer to an earlier question, unless that one was lost: then no other will come.
                self._owed -= 1
                doubtful = answer
            is_interrupted = interrupted_by is not None and interrupted_by.is_set()
        self._owed = min(self._owed + 1, MAX_OWED)
        if is_interrupted or line.stopping.is_set():
            return None
        if doubtful is not None:
            return self._settle(line, doubtful)
        # What never answered may be unable to.
        return Answer("ok") if self.gives_answers is None and not self._has_answered else None

    def _settle(self, line: Line[Any], said: Answer) -> Answer:
        """What to believe of an answer that may belong to the question before.

        A strip that is a question behind answers the next question with what is owed to the last one. Where the next
        two answers show that, the strip is lost for now: a new connection may bring it back into step.
        """
        question = self.other_frame()
        answer = self._once(line, question or self.ping_frame())
        if answer is None or answer.said == "report":
            self._owed = 0
            return self._back(said)
        if answer.said == "refused" and not answer.is_unknown:
            return self._behind(answer)
        again = self._once(line, self.ping_frame()) if question else None
        if again is not None and again.said != "ok":
            return self._behind(answer)
        # It took the question for something else, or none differs: the next answer is as doubtful.
        self._owed = 0 if answer.is_unknown else 1
        return self._back(said)

    def _back(self, answer: Answer) -> Answer:
        self.lost = None
        self._has_answered = True
        return answer

    def _behind(self, answer: Answer) -> Answer:
        self._owed = 1
        self._is_suspect = True
        self._lose(ProtocolError("late_answers", f"address {self.address}" if self._others else ""))
        return answer

    def _once(self, line: Line[Any], frame: bytes) -> Answer | None:
        """The first thing that the strip says after ``frame``."""
        line.send(frame)
        for wait in slices(self.answer_timeout, WATCH):
            if line.stopping.is_set():
                break
            if (answer := self._next(line, wait)) is not None:
                return answer
        return None

    def _next(self, line: Line[Any], timeout: float) -> Answer | None:
        frame = line.next(timeout)
        answer = self.read(frame) if frame is not None else None
        if answer is not None and not self._is_mine(answer):
            line.pass_on(frame)
            return None
        return answer

    def _is_mine(self, answer: Answer) -> bool:
        return answer.address not in self._others

"""LED strips over windows, with an Onbon (仰邦) BX-5K or BX-6K card: TCP port 5005, or a serial line.

The protocol is ``drivers.led.onbon_bx``. A strip keeps its text in RAM, answers every frame with ACK or NACK, and its
answers carry no number: they are taken in the order of the questions.

A refusal is one of ``onbon_bx.REFUSALS`` or ``strip_refused``; the strip is then in ``fault`` and its text is sent
again now and then.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from pydantic import Field

from drivers.device import Device, DeviceEvent, SerialOrTcpSettings, Whole, WindowDisplay, WindowId
from drivers.errors import OfflineError, ProtocolError
from drivers.led import onbon_bx as bx
from drivers.port import Port
from drivers.supervisor import Link

Model = Literal["5k", "6k"]

WRITE_TIMEOUT = 2.0
WATCH = 0.2
"""Seconds between looks at the wire (has the strip hung up?) while there is nothing to say."""
BUSY_PAUSE = 0.15
"""Seconds before a strip that was busy is asked again."""
MAX_READS = 256
ANSWERS = (bx.CMD_ACK, bx.CMD_NACK)
TEST_PATIENCE = 5.0
"""Seconds until a strip must have shown a test."""
TEST_SHOWN = 3.0
"""Seconds a strip keeps a test before it shows again what it showed."""
DEAF_AFTER = 3
"""So many pings unanswered by a strip that takes texts: its text is its ping from then on."""


class BxSettings(SerialOrTcpSettings):
    """``driver = "led-bx"``.

    Attributes:
        window: whose calls it shows.
        width: in pixels; ``height`` likewise.
        model: of its card; ``5k`` counts widths in bytes, ``6k`` in pixels.
        address: of its card.
    """

    window: WindowId
    width: Whole = Field(192, ge=32, le=1024)
    height: Whole = Field(32, ge=16, le=256)
    model: Model = "5k"
    address: Whole = Field(1, ge=1, le=0xFFFE)

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        strip = LedStrip(width=self.width, height=self.height, model=self.model, address=self.address)
        return Device(strip, (WindowDisplay(self.window, self.width, self.height, strip.show),))


@dataclass(eq=False)
class LedStrip:
    """One strip: keeps the text that is wanted on it until the strip has acknowledged it.

    Attributes:
        width: of the strip, in pixels. ``height`` likewise.
        model: ``"5k"`` or ``"6k"``: which unit X and W have.
        address: of the strip; FFFE reaches any strip that is alone on its line.
        answer_timeout: seconds to wait for an answer before the next try.
        tries: how often a text is sent before the strip counts as silent.
        ping_interval: seconds between looks at a strip with nothing to do.
        refresh_interval: seconds after which its text is sent again: behind a converter from TCP to serial it does
            not show that a strip has lost its power, and its text with it.
    """

    _: KW_ONLY
    width: int = 192
    height: int = 32
    model: Model = "5k"
    address: int = 1
    answer_timeout: float = 0.7
    tries: int = 3
    ping_interval: float = 5.0
    refresh_interval: float = 60.0

    def __post_init__(self) -> None:
        if self.address == bx.BROADCAST:
            raise ValueError("no strip answers at the broadcast address FFFF")
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._wanted: tuple[str, bx.Colour | None] | None = None
        self._unsent = False
        self._shown: str | None = None

    def show(self, text: str, *, colour: bx.Colour | None = None) -> None:
        r"""Put ``text`` on the strip; may be called from any thread, and returns at once.

        Only the newest text counts. ``""`` clears the strip. Text that fits no frame is cut.

        Args:
            text: lines are parted by ``\n``; what GBK lacks is shown as 〓.
            colour: None leaves it to the strip.
        """
        with self._changed:
            self._wanted = (text, colour)
            self._unsent = True
        self._wake.set()

    @property
    def shown(self) -> str | None:
        """The text that the strip acknowledged last; None since it was lost, until it acknowledges again."""
        return self._shown

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - there is room for one
        """Show ``title`` for a few seconds; None when the strip acknowledged it, else the reason."""
        before = self._shown
        self.show(title)
        with self._changed:
            if not self._changed.wait_for(lambda: self._shown == title, TEST_PATIENCE):
                return "silent"
            # A call that came meanwhile replaces the test by itself.
            is_replaced = self._changed.wait_for(lambda: self._shown != title, TEST_SHOWN)
        if not is_replaced:
            self.show(before or "")
        return None

    def serve(self, port: Port, link: Link) -> None:
        """Send and refresh the wanted text until the strip is lost or the program stops."""
        talk = _Talk(port, link.stopping)
        due, refresh_at, unanswered = 0.0, 0.0, 0  # what a strip shows that was lost is not known: send it again
        try:
            while not link.stopping.is_set():
                now = time.monotonic()
                if now < due and not self._wake.wait(min(WATCH, due - now)):
                    if talk.refused_late():
                        self._unsent = True
                        due = 0.0
                    continue
                self._wake.clear()
                if self._wanted is None:
                    self._find(talk, link)
                elif self._unsent or unanswered >= DEAF_AFTER or now >= refresh_at:
                    self._put(talk, link)
                    refresh_at = time.monotonic() + self.refresh_interval
                elif talk.ping(self._frame(bx.encode_command(bx.CMD_PING)), self.answer_timeout, self._wake):
                    unanswered = 0
                    link.online()
                elif not self._wake.is_set() and not link.stopping.is_set():
                    # Silent, or a card that knows texts but no ping: a text it takes tells.
                    unanswered += 1
                    self._put(talk, link)
                due = time.monotonic() + self.ping_interval
        finally:
            self._now_shows(None)

    def _now_shows(self, text: str | None) -> None:
        with self._changed:
            self._shown = text
            self._changed.notify_all()

    def _find(self, talk: "_Talk", link: Link) -> None:
        """Ask a strip that has no text yet whether it is there."""
        ping = self._frame(bx.encode_command(bx.CMD_PING))
        for _ in range(self.tries):
            if talk.ping(ping, self.answer_timeout, self._wake):
                link.online()
                return
            if self._wake.is_set() or link.stopping.is_set():
                return
        raise talk.why_nothing()

    def _put(self, talk: "_Talk", link: Link) -> None:
        """Send the text now wanted until it is acknowledged, refused for good, or the tries are used up."""
        refusal: tuple[str, int] | None = None
        for _ in range(self.tries):
            with self._changed:
                wanted = self._wanted  # a newer text takes the place of the one that was not taken
                self._unsent = False
            if wanted is None:
                return
            answer = talk.ask(self._text_frame(*wanted), self.answer_timeout)
            if link.stopping.is_set():
                return
            if answer is not None and answer.command == bx.CMD_ACK:
                self._now_shows(wanted[0])
                link.online()
                return
            self._unsent = True
            refusal = None
            if answer is not None:
                code = answer.data[2] if len(answer.data) > 2 else 0
                refusal = (bx.REFUSALS.get(code, "strip_refused"), code)
                if refusal[0] not in bx.PASSING:
                    break
                link.stopping.wait(BUSY_PAUSE)
        if refusal is None:
            raise talk.why_nothing()
        link.fault(refusal[0], f"NACK {refusal[1]}")

    def _frame(self, data: bytes) -> bytes:
        return bx.Frame(data, self.address).to_bytes()

    def _text_frame(self, text: str, colour: bx.Colour | None) -> bytes:
        """The frame that shows as much of ``text`` as a card can receive at once."""
        if not text:
            return self._frame(bx.encode_command(bx.CMD_CLEAR))
        text = text[: bx.MAX_FRAME]
        width = self.width // 8 if self.model == "5k" else self.width
        while True:
            area = bx.Area(0, 0, width, self.height, bx.encode_text(text, colour))
            frame = self._frame(bx.encode_show(area))
            if len(frame) <= bx.MAX_FRAME:
                return frame
            # A character takes four bytes of the wire at most.
            text = text[: -max(1, (len(frame) - bx.MAX_FRAME) // 4)]


class _Talk:
    """Questions and answers on one port, from its opening to its loss."""

    def __init__(self, port: Port, stopping: threading.Event) -> None:
        self._port = port
        self._stopping = stopping
        self._unwrapper = bx.Unwrapper()
        self._come: deque[bx.Frame] = deque()
        self._owed = 0  # answers still to come to questions that were given up
        self._heard_noise = False

    def ask(self, frame: bytes, timeout: float) -> bx.Frame | None:
        """Send ``frame``; its ACK or NACK, or None when none came in ``timeout`` seconds."""
        self._send(frame)
        deadline = time.monotonic() + timeout
        doubtful: bx.Frame | None = None
        while not self._stopping.is_set() and (left := deadline - time.monotonic()) > 0:
            answer = self._next(min(left, WATCH))
            if answer is None or answer.command not in ANSWERS:
                continue
            if self._owed == 0:
                return answer
            # The answer to an earlier question, unless that one was lost: then no other will come.
            self._owed -= 1
            doubtful = answer
        self._owed = 0
        return doubtful

    def ping(self, frame: bytes, timeout: float, interrupt: threading.Event) -> bool:
        """Whether the strip says anything to ``frame`` within ``timeout`` seconds, or until ``interrupt`` is set."""
        self._send(frame)
        deadline = time.monotonic() + timeout
        while not self._stopping.is_set() and (left := deadline - time.monotonic()) > 0:
            answer = self._next(min(left, 0.02))
            # On a two-wire line our own frames come back as echoes: they prove nothing.
            if answer is not None and (answer.command in ANSWERS or answer.sender != bx.PC):
                return True
            if interrupt.is_set():
                self._owed += 1
                break
        return False

    def refused_late(self) -> bool:
        """Whether a refusal has come of something that was taken for acknowledged."""
        return any(frame.command == bx.CMD_NACK for frame in self._unasked())

    def why_nothing(self) -> OfflineError | ProtocolError:
        """What to raise when tries brought no answer."""
        if self._heard_noise:
            return ProtocolError("garbled", "answers that are no BX frames")
        return OfflineError("silent")

    def _send(self, frame: bytes) -> None:
        self._owed = max(0, self._owed - len(self._unasked()))
        self._heard_noise = False
        self._port.write(frame, WRITE_TIMEOUT)

    def _next(self, timeout: float) -> bx.Frame | None:
        """The next frame to come within ``timeout`` seconds; sooner None when what came completes none."""
        if not self._come:
            data = self._port.read(timeout)
            self._come.extend(self._unwrapper.feed(data))
            self._heard_noise |= bool(data) and not self._come
        return self._come.popleft() if self._come else None

    def _unasked(self) -> list[bx.Frame]:
        """The frames received meanwhile; reads at most ``MAX_READS`` times, since a strip may send without end."""
        for _ in range(MAX_READS):
            data = self._port.read(0.0)
            if not data:
                break
            self._come.extend(self._unwrapper.feed(data))
        frames = list(self._come)
        self._come.clear()
        return frames

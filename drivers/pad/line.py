"""Driver of call pads: several on one RS-485 line or TCP converter, one thread for all.

Each press is answered at once, or its pad sends it again. The same key twice within a second is one press. Displays
are written when they change, and again now and then, since a pad that lost its power has forgotten them.

Faults: ``garbled``; ``babbling``; ``pads_silent``, with the addresses of polled pads that do not answer while others
do; ``pad_unknown``, with the address of a pad that is not in the settings. A line of polled pads of which none answers
is ``silent``. Pads that are not polled say nothing until a key is pressed: that they are there is not known.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from drivers.babble import Allowance, drain
from drivers.device import Device, DeviceEvent, SerialOrTcpSettings, Whole, WindowId, wrong_setting
from drivers.errors import OfflineError
from drivers.pad import ff68
from drivers.pad.ff68 import Frame
from drivers.port import Port
from drivers.presses import GradeGiven, KeyPressed, WindowFace, WindowPanel
from drivers.supervisor import Link

Style = Literal["event", "poll"]

SLICE = 0.05
"""Seconds between looks at what is to be sent."""
BETWEEN = 0.02
"""Seconds between two frames of ours: 15 bytes take 16 ms at 9600 baud."""
WRITE_TIMEOUT = 1.0
DOUBLE = 1.0
"""Seconds within which the same key is the same press, sent again or bounced."""
OWN = 0.15
"""Seconds within which a frame of ours that comes back is the echo of a two-wire line."""
CUT_OFF = 0.2
"""Seconds of silence after which a frame that has begun is none."""
REFRESH = 20.0
"""Seconds after which a display is written again."""
BEEPS = 0.3
"""Seconds between two beeps."""
POLL_WAIT, POLL_PAUSE = 0.12, 0.1
"""Seconds a polled pad has to answer, and between two rounds."""
MISSED = 3
"""Polls without an answer after which a pad is silent."""
NOISE, NOISE_LASTS = 24, 2.0
"""Bytes that are of no frame, after which the line is garbled, for how many seconds after the last one."""
STRANGER_LASTS = 30.0
BURST, BYTES_A_SECOND = 4_096, 1_000
"""What may come: a line of 9600 baud carries 960 bytes a second."""
MOST_ASKED = 32
TEST_SHOWN = 3.0


class PadAt(BaseModel):
    """One pad of a line: its address, and its window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Whole = Field(ge=1, le=254)
    window: WindowId


def _once_each(pads: tuple[PadAt, ...]) -> tuple[PadAt, ...]:
    addresses = [pad.address for pad in pads]
    if len(set(addresses)) < len(addresses):
        raise wrong_setting(
            "两个呼叫器用了同一个地址",
            "has two pads with one address",
            "给每个呼叫器一个地址",
            "give each pad an address of its own",
        )
    return pads


class PadSettings(SerialOrTcpSettings):
    """``driver = "pad"``.

    Attributes:
        pads: all pads on the line; a single one may have ``address`` and ``window`` in the table itself.
        style: whether pads speak by themselves (``event``) or are asked (``poll``).
        grades: the grade of each evaluation key, the first key first.
    """

    window: str
    baudrate: Whole = Field(9600, ge=300, le=4_000_000)
    address: Whole = Field(1, ge=1, le=254)
    pads: Annotated[tuple[PadAt, ...], AfterValidator(_once_each)] = ()
    style: Style = "event"
    grades: tuple[Annotated[Whole, Field(ge=1, le=5)], ...] = Field((5, 4, 3, 2), min_length=1, max_length=10)

    @model_validator(mode="before")
    @classmethod
    def _has_a_window(cls, table: Any) -> Any:
        # A line names its windows in ``pads``; a single pad must name its own.
        return {"window": ""} | table if isinstance(table, dict) and table.get("pads") else table

    @property
    def windows(self) -> dict[int, str]:
        """The window of each pad by its address."""
        return {pad.address: pad.window for pad in self.pads} or {self.address: self.window}

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        line = PadLine(self.windows, emit, style=self.style, grades=self.grades)
        return Device(line, tuple(line.panel(address) for address in self.windows))


class PadLine:
    """All pads of one line.

    Args:
        windows: of each pad, by its address.
        tell: told every key and grade, on the device's thread.
        style: whether pads are polled.
        grades: of each evaluation key.
        clock: seconds of a steady clock.
    """

    def __init__(
        self,
        windows: Mapping[int, str],
        tell: Callable[[DeviceEvent], None],
        *,
        style: Style = "event",
        grades: Sequence[int] = (5, 4, 3, 2),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._windows = dict(windows)
        self._tell = tell
        self._grades = tuple(grades)
        self._polled = style == "poll"
        self._clock = clock
        self._wanted = {address: ff68.encode_display(address) for address in windows}
        self._asked: deque[Frame] = deque(maxlen=MOST_ASKED)
        self._test = threading.Event()

    def panel(self, address: int) -> WindowPanel:
        """The pad at ``address`` as its window's panel; may be used from any thread."""

        def show(face: WindowFace) -> None:
            self._wanted[address] = (
                ff68.encode_display(address, ticket=face.number)
                if face.number
                else ff68.encode_display(address, waiting=face.waiting)
            )

        def refuse() -> None:
            self._asked.extend([Frame(address, ff68.BEEP)] * 2)

        def ask() -> None:
            self._asked.append(Frame(address, ff68.ASK, bytes([ff68.EVALUATE])))

        return WindowPanel(self._windows[address], show, refuse, ask)

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - a pad has digits alone
        """Beep on every pad, and show its address on it for some seconds."""
        self._test.set()
        return None

    def serve(self, port: Port, link: Link) -> None:
        """Answer and show until the line is lost or the program stops."""
        talk = _Talk(
            port,
            link,
            self._windows,
            self._wanted,
            self._asked,
            self._test,
            polled=self._polled,
            clock=self._clock,
        )
        talk.run(self._on_frame)

    def _on_frame(self, frame: Frame) -> None:
        window = self._windows[frame.address]
        if frame.function == ff68.EVALUATED:
            key = frame.data[0] if frame.data else len(self._grades)
            if key < len(self._grades):
                self._tell(GradeGiven(window, self._grades[key]))
            return
        parse = ff68.parse_status if frame.function == ff68.POLL else ff68.parse_key
        pressed = parse(frame.data)
        if pressed:
            self._tell(KeyPressed(window, *pressed))


class _Talk:
    """The conversation on one port, from its opening to its loss."""

    def __init__(
        self,
        port: Port,
        link: Link,
        windows: Mapping[int, str],
        wanted: Mapping[int, Frame],
        asked: deque[Frame],
        test: threading.Event,
        *,
        polled: bool,
        clock: Callable[[], float],
    ) -> None:
        self._port = port
        self._clock = clock
        self._link = link
        self._windows = windows
        self._wanted = wanted
        self._asked = asked
        self._test = test
        self._polled = polled
        self._shown: dict[int, tuple[Frame, float]] = {}  # what each pad shows, and since when that is known
        self._testing_until = 0.0
        self._own: dict[bytes, float] = {}
        self._last: dict[int, tuple[Frame, float]] = {}
        # A polled pad is there once it has answered.
        self._misses = dict.fromkeys(windows, int(polled))
        self._polls: deque[int] = deque()
        self._poll: tuple[int, float] | None = None  # who is asked, and until when
        self._next_round = self._next_send = self._next_beep = 0.0
        self._stranger, self._stranger_until = "", 0.0
        self._heard_at = 0.0
        self._looked_at = self._since = 0.0
        self._noise = 0
        self._noisy_until = 0.0

    def run(self, on_frame: Callable[[Frame], None]) -> None:
        """Answer and show until the program stops; raises OfflineError."""
        decoder, may_send = ff68.FrameDecoder(), Allowance(BURST, BYTES_A_SECOND, self._clock)
        while not self._link.stopping.is_set():
            self._report()
            self._send_what_is_due()
            # What is read now came after the look before, at any time of it, should the machine have stood still.
            self._since, self._looked_at = self._looked_at, self._clock()
            data = self._port.read(BETWEEN if self._poll else SLICE)
            now = self._clock()
            frames: list[Frame] = []
            if data:
                self._heard_at = now
                if not may_send.take(len(data)):
                    self._link.fault("babbling")
                    drain(self._port, self._link)
                    decoder, may_send = ff68.FrameDecoder(), Allowance(BURST, BYTES_A_SECOND, self._clock)
                    continue
                frames = decoder.receive(data)
            elif now - self._heard_at > CUT_OFF:
                frames = decoder.end()
            if decoder.noise > self._noise:
                self._noisy_until = now + NOISE_LASTS
            self._noise = decoder.noise
            if now > self._noisy_until:
                decoder.noise = self._noise = 0
            for frame in frames:
                if self._is_news(frame, now):
                    on_frame(frame)

    def _report(self) -> None:
        silent = [address for address, misses in self._misses.items() if misses >= MISSED]
        if self._noise >= NOISE:
            self._link.fault("garbled")
        elif silent and len(silent) == len(self._misses):
            raise OfflineError("silent", _addresses(silent))
        elif silent:
            self._link.fault("pads_silent", _addresses(silent))
        elif self._clock() < self._stranger_until:
            self._link.fault("pad_unknown", self._stranger)
        elif not any(self._misses.values()):
            self._link.online()

    # What is heard

    def _is_news(self, frame: Frame, now: float) -> bool:
        """Answer a frame; whether it is to be acted upon."""
        if self._own.pop(frame.to_bytes(), 0.0) > self._since:
            return False
        if frame.address not in self._windows:
            self._stranger, self._stranger_until = _addresses([frame.address]), now + STRANGER_LASTS
            return False
        self._misses[frame.address] = 0
        if self._poll and self._poll[0] == frame.address:
            self._poll = None
        if frame.function != ff68.POLL:
            evaluated = frame.function == ff68.EVALUATED
            self._write(Frame(frame.address, ff68.ASK, frame.data) if evaluated else frame)
        elif ff68.parse_status(frame.data) is None:
            return False
        before, at = self._last.get(frame.address, (None, 0.0))
        self._last[frame.address] = frame, now
        return frame != before or self._since - at > DOUBLE

    # What is said

    def _send_what_is_due(self) -> None:
        now = self._clock()
        # An answer that has come and was not read is not missed.
        if self._poll and self._looked_at > self._poll[1]:
            self._misses[self._poll[0]] += 1
            self._poll = None
        if self._test.is_set():
            self._test.clear()
            self._testing_until = now + TEST_SHOWN
            self._asked.extend(Frame(address, ff68.BEEP) for address in self._windows)
        if self._poll is None and now >= self._next_send and (frame := self._due(now)):
            self._write(frame)
            self._next_send = now + BETWEEN

    def _due(self, now: float) -> Frame | None:
        if self._asked and now >= self._next_beep:
            self._next_beep = now + BEEPS
            return self._asked.popleft()
        for address, wanted in self._wanted.items():
            if now < self._testing_until:
                wanted = ff68.encode_display(address, ticket=str(address), waiting=address)
            shown, since = self._shown.get(address, (None, 0.0))
            if wanted != shown or now - since > REFRESH:
                self._shown[address] = wanted, now
                return wanted
        if self._polled:
            if not self._polls and now >= self._next_round:
                self._polls.extend(self._windows)
                self._next_round = now + POLL_PAUSE
            if self._polls:
                address = self._polls.popleft()
                self._poll = address, now + POLL_WAIT
                return Frame(address, ff68.POLL)
        return None

    def _write(self, frame: Frame) -> None:
        data = frame.to_bytes()
        now = self._clock()
        self._own = {own: until for own, until in self._own.items() if until > self._since} | {data: now + OWN}
        self._port.write(data, WRITE_TIMEOUT)


def _addresses(addresses: Sequence[int]) -> str:
    return f"address {', '.join(map(str, addresses))}"

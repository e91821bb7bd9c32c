"""An ID card reader with a SAM_V module, at the other end of a real pty or socket.

It is a state machine of its own, strict where real modules are: a card is found until it is selected and then no
more until it is lifted, read only when selected, and lost to the module by any failed read.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from drivers.card_reader import sam_v
from drivers.card_reader.sam import SamSettings
from drivers.card_reader.sam_v import Command, SamAnswer
from drivers.simulators.card_reader.cards import CARDS, SAMPLES, SampleCard
from drivers.simulators.panel import Part, Press, Reading
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.simulator import Babble, Simulator

if TYPE_CHECKING:
    from drivers.simulators.plug_usb import PlugUsb

BITS_PER_BYTE = 10
"""8N1: start bit, 8 data bits, stop bit."""
PANEL = 3
"""Cards that its panel offers."""
PIECE = 16
"""Bytes sent at once when paced."""
SAM_ID = bytes.fromhex("05 00 01 00 25 02 33 01 01 00 00 00 01 00 00 00")
"""05.01-20120101-0000000001-0000000001"""


_SETTINGS = frozenset(one.value for one in Command if one.name.startswith("SET_"))


@dataclass(frozen=True)
class _Card:
    text: bytes
    photo: bytes
    new_address: bytes


class SamSimulator(Simulator["PlugPty | PlugTcp | PlugUsb"]):
    """The reader, with hands to lay cards on it and switches for what goes wrong with real ones.

    Args:
        baudrate: of the line it plays.
        paced: answer at the line's speed instead of at once.
        card_time: seconds that the module takes to read a card, before its answer begins.
        tcp: be a reader on the network, as some are, instead of one on a serial line.
        usb: be one on USB, for pyusb with the backend of its ``plug``.
        on_change: called after each visible change, with no lock held.

    Attributes:
        card_time: see above; may be changed.
    """

    place = "reader"
    hands = (*Simulator.hands, "lift")

    def __init__(
        self,
        baudrate: int = 115200,
        paced: bool = False,
        card_time: float = 0.0,
        tcp: bool = False,
        on_change: Callable[[], None] = lambda: None,
        *,
        usb: bool = False,
    ) -> None:
        super().__init__(_plug(self._receive, tcp, usb), on_change)
        self._byte_time = BITS_PER_BYTE / baudrate if paced else 0.0
        self.card_time = card_time
        self._decoder = sam_v.FrameDecoder()
        self._changed = threading.Condition()
        self._card: _Card | None = None
        self._sample: str | None = None
        self._selected = False
        self._found = False
        self._failing: list[tuple[int, Command]] = []
        self._silent = False
        self._gone = False
        self._deaf_to: frozenset[bytes] = frozenset()
        self._noise = b""
        self._cut_at: int | None = None
        self._spoilt = 0
        self._late = 0.0
        self._babble = Babble(self._plug.send)
        self._behind: deque[bytes] | None = None
        self._hurry = threading.Event()
        self.asked: deque[tuple[float, bytes]] = deque(maxlen=1000)
        """The last commands that came: when (monotonic seconds), and CMD and PARA."""
        self.total = 0
        """How many commands came."""

    @property
    def plug(self) -> "PlugPty | PlugTcp | PlugUsb":
        """Its end of the line."""
        return self._plug

    @property
    def lying(self) -> bool:
        """Whether a card lies on it."""
        return self._card is not None

    @classmethod
    def of(cls, settings: SamSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls(baudrate=settings.baudrate, paced=True)

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand by its name; ``lay`` needs a ``card``, the id of a sample."""
        if hand == "lay":
            self.lay_sample(SAMPLES[body["card"]])
        else:
            super().use(hand, body)

    def panel(self) -> Sequence[Part]:
        """What lies on it, and the first cards of the tray to lay there."""
        cards = [Press(f"放 {one.card.name}", f"Lay {one.card.name}", "lay", {"card": one.id}) for one in CARDS[:PANEL]]
        lying = SAMPLES[self._sample].card.name if self.lying and self._sample in SAMPLES else ""
        lifting = [Press("拿走", "Lift it", "lift")] if self.lying else []
        return [Reading("读卡器上", "On the reader", lying or "-"), *cards, *lifting]

    def look(self) -> dict[str, Any]:
        """The id of the sample card that lies on it."""
        return {"card": self._sample if self.lying else None}

    def start(self) -> None:
        """Plug it in for the first time."""
        self._gone = False
        self._hurry.clear()
        super().start()

    def stop(self) -> None:
        """Take it away for good."""
        self.hush()
        with self._changed:
            self._gone = True
            self._forget()
        self._hurry.set()
        super().stop()

    def lay(self, text: bytes, photo: bytes = b"", new_address: str = "") -> None:
        """Lay a card: its 256 bytes of text, its photo, and its newest additional address if it has one."""
        with self._changed:
            address = new_address.ljust(35).encode("utf-16-le") if new_address else b""
            self._card = _Card(text, photo, address)
            self._forget()
        self.on_change()

    def lay_sample(self, sample: SampleCard) -> None:
        """Lay the card of somebody invented, who is then known by its id."""
        self._sample = sample.id
        self.lay(sample.text, sample.photo)

    def lift(self) -> None:
        """Take the card away, also while it is being read."""
        with self._changed:
            self._card = None
            self._forget()
        self.on_change()

    def unplug(self) -> None:
        """Pull the plug; a card stays where it is."""
        with self._changed:
            self._gone = True
            self._forget()
        self._hurry.set()
        super().unplug()

    def plug_in(self) -> None:
        """Put the plug back; the module begins anew."""
        with self._changed:
            self._gone = False
            self._forget()
            self._decoder.reset()
        self._hurry.clear()
        super().plug_in()

    def fail_next(self, sw3: int, command: Command = Command.READ) -> None:
        """Answer the next ``command`` with this status."""
        with self._changed:
            self._failing.append((sw3, command))

    def silence(self, on: bool) -> None:
        """Answer nothing."""
        self._silent = on

    def know_not(self, *commands: Command) -> None:
        """Answer these commands with "bad command", as simpler modules do."""
        self._deaf_to = frozenset(command.value for command in commands)

    def noise(self, scrap: bytes) -> None:
        """Send ``scrap`` before each answer."""
        self._noise = scrap

    def spoil_next(self, answers: int = 1) -> None:
        """Send this many answers with a wrong check byte."""
        self._spoilt = answers

    def cut_next(self, size: int) -> None:
        """Send no more than ``size`` bytes of the next answer."""
        self._cut_at = size

    def delay_next(self, seconds: float) -> None:
        """Think so long about the next question."""
        self._late = seconds

    def fall_behind(self, on: bool) -> None:
        """Answer each question with the answer to the one before, as a converter does that holds an answer back."""
        self._behind = deque() if on else None

    def babble(self, data: bytes) -> None:
        """Talk without being asked, ``data`` again and again."""
        self._babble.begin(data)

    def hush(self) -> None:
        """Stop babbling."""
        self._babble.end()

    def say(self, data: bytes) -> None:
        """Send unsolicited bytes."""
        self._plug.send(data)

    def _forget(self) -> None:
        self._found = self._selected = False
        self._changed.notify_all()

    def _receive(self, data: bytes) -> None:
        self._wait(len(data) * self._byte_time)
        for body in self._decoder.receive(data):
            answer = self._answer(body[:2])
            if answer is not None:
                self._send(answer)
        # Modules say when a question came damaged.
        if self._decoder.garbled:
            self._decoder.garbled = 0
            self._send(SamAnswer(0, 0, sam_v.SW_HOST_CHECKSUM))

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._hurry.wait(seconds)

    def _answer(self, asked: bytes) -> SamAnswer | None:
        self.asked.append((time.monotonic(), asked))
        self.total += 1
        late, self._late = self._late, 0.0
        self._wait(late)
        with self._changed:
            if self._silent:
                return None
            if asked in self._deaf_to:
                return SamAnswer(0, 0, sam_v.SW_BAD_COMMAND)
            for place, (sw3, command) in enumerate(self._failing):
                if command.value == asked:
                    del self._failing[place]
                    # A card whose reading failed has to be lifted: it stays selected, and so is found no more.
                    return SamAnswer(0, 0, sw3)
            answer = self._work(asked)
            return None if self._gone else answer

    def _work(self, asked: bytes) -> SamAnswer:
        match asked:
            case Command.FIND.value:
                if self._card is None or self._selected:
                    return SamAnswer(0, 0, sam_v.SW_NO_CARD)
                self._found = True
                return SamAnswer(0, 0, sam_v.SW_FOUND, bytes(4))
            case Command.SELECT.value:
                if not self._found:
                    return SamAnswer(0, 0, sam_v.SW_SELECT_FAILED)
                self._selected = True
                return SamAnswer(0, 0, sam_v.SW_DONE, bytes(8))
            case Command.READ.value:
                self._changed.wait_for(lambda: not self._selected, self.card_time)
                if self._card is None or not self._selected:
                    return SamAnswer(0, 0, sam_v.SW_READ_FAILED)
                return SamAnswer(0, 0, sam_v.SW_DONE, _with_lengths(self._card.text, self._card.photo))
            case Command.READ_ALL.value:
                if self._card is None or not self._selected:
                    return SamAnswer(0, 0, sam_v.SW_READ_FAILED)
                return SamAnswer(0, 0, sam_v.SW_DONE, _with_lengths(self._card.text, self._card.photo, bytes(1024)))
            case Command.READ_IDS.value:
                if self._card is None or not self._selected:
                    return SamAnswer(0, 0, sam_v.SW_READ_FAILED)
                return SamAnswer(0, 0, sam_v.SW_DONE, bytes(4) + bytes(range(8)) + bytes(16))
            case Command.READ_ADDRESS.value:
                if self._card is None or not self._selected:
                    return SamAnswer(0, 0, sam_v.SW_READ_FAILED)
                if not self._card.new_address:
                    return SamAnswer(0, 0, sam_v.SW_NO_SUCH_ITEM)
                return SamAnswer(0, 0, sam_v.SW_DONE, self._card.new_address)
            case Command.STATUS.value:
                return SamAnswer(0, 0, sam_v.SW_DONE)
            case Command.SAM_ID.value:
                return SamAnswer(0, 0, sam_v.SW_DONE, SAM_ID)
            case Command.RESET.value:
                self._forget()
                return SamAnswer(0, 0, sam_v.SW_DONE)
            case _ if asked in _SETTINGS:
                return SamAnswer(0, 0, sam_v.SW_DONE)
            case _:
                return SamAnswer(0, 0, sam_v.SW_BAD_COMMAND)

    def _send(self, answer: SamAnswer) -> None:
        frame = bytearray(sam_v.encode_answer(answer))
        if self._spoilt > 0:
            self._spoilt -= 1
            frame[-1] ^= 0x55
        cut, self._cut_at = self._cut_at, None
        data = bytes(self._noise + frame)[:cut]
        if (behind := self._behind) is not None:
            behind.append(data)
            if len(behind) < 2:
                return
            data = behind.popleft()
        if not self._byte_time:
            self._plug.send(data)
            return
        # Each piece is due at a time counted from the first, so that late wake-ups do not add up.
        started = time.monotonic()
        for end in range(PIECE, len(data) + PIECE, PIECE):
            self._wait(started + min(end, len(data)) * self._byte_time - time.monotonic())
            if not self._plug.send(data[end - PIECE : end]):
                return


def _plug(receive: Callable[[bytes], None], tcp: bool, usb: bool) -> "PlugPty | PlugTcp | PlugUsb":
    if usb:
        # Imported here: pyusb need not be there.
        from drivers.simulators.plug_usb import PlugUsb

        return PlugUsb(receive)
    return PlugTcp(receive) if tcp else PlugPty(receive, "reader")


def _with_lengths(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") for part in parts) + b"".join(parts)

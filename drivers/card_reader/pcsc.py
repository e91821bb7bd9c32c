"""Card slots behind PC/SC: social security cards (社保卡), and ID cards as far as a plain reader knows them.

A plain contactless reader tells that an ID card lies there, and the serial number of its chip, by ``00 36 00 00 08``:
name and number are for security modules alone. ``FF CA`` gives zero for every ID card, so it is never asked. Some
readers have a module inside and give text and photo by ``FF B0 nn 00 00``, 256 bytes a block: that is from one source
and not verified, so it is asked for only where the settings say ``id-card``.
"""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from drivers.card_reader import social_security
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead, CardRefused, ChipRead, placed
from drivers.card_reader.id_card import TEXT_SIZE, IdCard, parse_card
from drivers.card_reader.pcsc_slot import Lying, PcscSlots, Slots
from drivers.card_reader.social_security import DONE
from drivers.device import Device, DeviceEvent, DeviceSettings, PortText, wrong_setting
from drivers.errors import DeviceError, ProtocolError, RefusedError
from drivers.supervisor import Link

Accepted = Literal["social-security", "id-chip", "id-card"]

ID_CARD_ATR = bytes.fromhex("3B 88 80 01 D1 03 86")
"""How the answer to reset of an ID card of the second generation begins, as a contactless reader makes it up."""
CHIP_SERIAL = bytes.fromhex("00 36 00 00 08")
PHOTO_BLOCKS = 4
_R = TypeVar("_R")
_TRIES = 4
_SLICE = 0.25  # s; how long a look may take until it is seen whether to stop


def _no_line(port: str) -> str:
    if port == "sim:" or not (port.startswith(("/dev/", "usb:")) or "://" in port):
        return port
    raise wrong_setting(
        "不是 PC/SC 读卡器",
        "is no PC/SC reader",
        "写 pcsc: 或读卡器名称的一部分，名称用 pcsc_scan 查看",
        "write pcsc: or part of the reader's name; pcsc_scan lists the names",
    )


class PcscSettings(DeviceSettings):
    """``driver = "pcsc"``.

    Attributes:
        port: ``pcsc:`` for any slot, or part of the slot's name, upper or lower case, with or without ``pcsc:``.
        window: at which window it is; "" for the kiosk's own.
        terminal: at which self-service terminal, by the name in its token; "" for none.
        accepts: the cards that are read. ``id-card`` needs a reader with a security module inside.
        photo_decoder: a program for photos, as of the driver ``sam``.
    """

    port: Annotated[PortText, AfterValidator(_no_line)]
    accepts: tuple[Accepted, ...] = Field(("social-security", "id-chip"), min_length=1)
    terminal: Annotated[str, Field(max_length=64)] = ""
    photo_decoder: str = ""

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        photo = bool(self.photo_decoder and self.window)
        reader = PcscReader(placed(self.window, self.terminal, emit), accepts=frozenset(self.accepts), photo=photo)
        return Device(reader, reads_cards=not (self.window or self.terminal))

    def open_port(self) -> PcscSlots:
        """The slots of the PC/SC service; raises OfflineError."""
        return PcscSlots(self.port.removeprefix("pcsc:"))


@dataclass(eq=False)
class PcscReader:
    """Reads every card that is put into a slot, once.

    Attributes:
        on_event: told everything, on the device's thread; it should return soon.
        accepts: what is read.
        photo: whether the photo is part of the card that is told.
    """

    on_event: Callable[[CardEvent], None]
    accepts: frozenset[str] = frozenset({"social-security", "id-chip"})
    photo: bool = False

    def __post_init__(self) -> None:
        self._lying: Lying | None = None

    def serve(self, port: Slots, link: Link) -> None:
        """Look for cards and read them until the slots are lost or the program stops."""
        if self._lying is not None:
            # Whether it is the same one cannot be known of slots that were opened anew.
            self._lift()
        while not link.stopping.is_set():
            card = port.look(_SLICE)
            link.online(" | ".join(port.names))
            if card == self._lying:
                continue
            if self._lying is not None:
                self._lift()
            if card is not None:
                self._lying = card
                self._read(port, card)

    def _lift(self) -> None:
        self._lying = None
        self.on_event(CardLeft())

    def _read(self, port: Slots, card: Lying) -> None:
        self.on_event(CardFound())
        try:
            self.on_event(self._told_in_some_tries(port, card))
        except DeviceError:
            self._lying = None
            self.on_event(CardRefused("reader_lost"))
            raise

    def _told_in_some_tries(self, port: Slots, card: Lying) -> CardEvent:
        """What to tell of a card; one that is just coming down, and stays, is tried again."""
        reason = "card_unreadable"
        for _ in range(_TRIES):
            try:
                return self._told_of(port, card)
            except RefusedError as error:
                reason = error.reason
            except ProtocolError:
                break
            if reason != "card_moved" or port.look(_SLICE) != card:
                break
        return CardRefused(reason)

    def _told_of(self, port: Slots, card: Lying) -> CardEvent:
        """What to tell of a card that has just been put in."""
        if not card.atr:
            raise RefusedError("card_unreadable")
        port.connect(card)
        try:
            return self._ask(port, card)
        finally:
            # The card may be gone, and the slot with it: that is told by the next look.
            with contextlib.suppress(DeviceError):
                port.disconnect()

    def _ask(self, port: Slots, card: Lying) -> CardEvent:
        if "social-security" in self.accepts and not card.atr.startswith(ID_CARD_ATR):
            read = _converse(port, social_security.read_card())
            if read is not None:
                return CardRead(read)
        if "id-card" in self.accepts:
            whole = _converse(port, read_blocks(photo=self.photo))
            if whole is not None:
                return CardRead(whole)
        if "id-chip" in self.accepts:
            answer = port.transmit(CHIP_SERIAL)
            if answer[-2:] == DONE and len(answer) == 10:
                return ChipRead(answer[:-2])
        raise RefusedError("card_unreadable")


def read_blocks(*, photo: bool) -> Generator[bytes, bytes, IdCard | None]:
    """The conversation with a reader that has a security module inside; None with any other.

    Unverified, of one source: block 0 is the text, the four blocks behind it are the photo.
    """
    blocks = []
    for number in range(1 + PHOTO_BLOCKS * photo):
        answer = yield bytes([0xFF, 0xB0, number, 0x00, 0x00])
        if answer[-2:] != DONE or len(answer) != TEXT_SIZE + 2:
            break
        blocks.append(answer[:-2])
    return parse_card(blocks[0], b"".join(blocks[1:])) if blocks else None


def _converse(port: Slots, conversation: Generator[bytes, bytes, _R]) -> _R:
    """Let a conversation have its answers; what it returns."""
    try:
        command = next(conversation)
        while True:
            command = conversation.send(port.transmit(command))
    except StopIteration as end:
        result: _R = end.value
        return result

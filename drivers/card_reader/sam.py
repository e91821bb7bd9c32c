"""Readers of the second-generation ID card that speak the SAM_V protocol (:mod:`drivers.card_reader.sam_v`).

A lying card that was selected once answers ``80`` (no card) to every find until it is lifted, so ``80`` does not mean
that it is gone: while a card lies, the driver asks for its additional address (30 03) instead, which any state but
"there" refuses; so also once at the start, for a card that an earlier run selected. After a failed read the card has to
be lifted and laid again.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from drivers.card_reader import sam_v
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead, CardRefused, placed
from drivers.card_reader.id_card import IdCard, decode_address, parse_card, wrong_number
from drivers.card_reader.sam_line import CARD_ERRORS, FAULTS, SamLine, StoppedError, nothing
from drivers.card_reader.sam_v import Command, SamAnswer
from drivers.device import Device, DeviceEvent, PortText, SerialOrTcpSettings, serial_or_tcp, wrong_setting
from drivers.errors import DeviceError, ProtocolError
from drivers.port import Port
from drivers.supervisor import Link, Resource
from drivers.usb_port import is_usb, open_usb

log = logging.getLogger(__name__)


def _or_usb(port: str, info: ValidationInfo) -> str:
    if not port.startswith("usb:"):
        return serial_or_tcp(port, info)
    if is_usb(port):
        return port
    raise wrong_setting(
        "不是 usb:厂商:产品",
        "is not usb:vendor:product",
        "写成 usb:0400:c35a，编号用 lsusb 查看",
        "write usb:0400:c35a; lsusb lists the numbers",
    )


class SamSettings(SerialOrTcpSettings):
    """``driver = "sam"``.

    Attributes:
        port: besides a serial path and ``tcp://host:port``, ``usb:0400:c35a`` for a reader on USB.
        window: at which window it lies; "" for the kiosk's own.
        terminal: at which self-service terminal, by the name in its token; "" for none.
        photo_decoder: a program for photos (see :mod:`drivers.card_reader.photo`). With one, the page of the reader's
            window shows the photo; without, no photo leaves the reader: it is biometric data.
        newest_address: whether to ask the card for the address that was added last, instead of the one printed on it.
    """

    port: Annotated[PortText, AfterValidator(_or_usb)]
    terminal: Annotated[str, Field(max_length=64)] = ""
    photo_decoder: str = ""
    newest_address: bool = False

    def open_port(self) -> Resource:
        """The open line; raises OfflineError."""
        return open_usb(self.port) if is_usb(self.port) else super().open_port()

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        reader = CardReader(
            placed(self.window, self.terminal, emit),
            photo=bool(self.photo_decoder and self.window),
            newest_address=self.newest_address,
            ask_number=True,
        )
        return Device(reader, reads_cards=not (self.window or self.terminal))


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
        photo: whether the photo is part of the card that is told.
        newest_address: whether the card is asked for the address that was added last.
        ask_number: whether the module is asked how it is, and for its number, each time the line was opened.
        clock: seconds of a steady clock.
    """

    on_event: Callable[[CardEvent], None]
    _: KW_ONLY
    find_interval: float = 0.31
    presence_interval: float = 0.5
    answer_timeout: float = 1.5
    read_timeout: float = 3.0
    photo: bool = True
    newest_address: bool = False
    ask_number: bool = False
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._lying = False  # kept while the line is lost, so that a card is read once although a cable was loose
        self._failures = 0  # to be selected, since the reader last saw no card
        self._refusal: str | None = None  # told of the card that lies there
        self._begun = False  # whether it is known if a card lies there that was selected before this run
        self._number = ""  # the module's, as on its label
        self._wrong_numbers = 0  # cards with a wrong check digit

    def serve(self, port: Port, link: Link) -> None:
        """Look for cards and read them until the reader is lost or the program stops."""
        line = SamLine(port, link.stopping, self.clock)
        with contextlib.suppress(StoppedError):
            if self.ask_number:
                self._introduce(line, link)
            if not self._begun:
                self._begin(line, link)
            while True:
                line.wait(self._look(line, link) if self._lying else self._find(line, link))

    def _introduce(self, line: SamLine, link: Link) -> None:
        """Ask the module how it is, and for its number; a module that knows neither question works all the same."""
        answer = line.ask(Command.STATUS, self.answer_timeout)
        if answer is not None and answer.sw3 == sam_v.SW_SELF_TEST_FAILED:
            line.ask(Command.RESET, self.answer_timeout)
            answer = line.ask(Command.STATUS, self.answer_timeout)
        numbers: list[str] = []
        # Readers are known to give a wrong number to the first question: until two agree.
        while len(numbers) < 3 and len(numbers) == len(set(numbers)):
            told = line.ask(Command.SAM_ID, self.answer_timeout)
            if told is None or told.sw3 != sam_v.SW_DONE:
                break
            numbers.append(sam_v.parse_sam_id(told.data))
        self._number = numbers[-1] if numbers else ""
        if answer is not None and answer.sw3 in (sam_v.SW_SELF_TEST_FAILED, sam_v.SW_NOT_AUTHORISED):
            self._report(line, link, answer)

    def _begin(self, line: SamLine, link: Link) -> None:
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
        self._report(line, link, answer)

    def _find(self, line: SamLine, link: Link) -> float:
        """Ask for a card and read it if there is one; when to ask the next question."""
        answer = line.ask(Command.FIND, self.answer_timeout)
        due = line.asked_at + self.find_interval
        if answer is None:
            return due
        self._report(line, link, answer)
        if answer.sw3 == sam_v.SW_NO_CARD:
            self._failures, self._refusal = 0, None
        elif answer.sw3 == sam_v.SW_FOUND:
            try:
                self._read(line)
            except DeviceError:
                self._refuse("reader_lost")
                raise
        elif answer.sw3 in CARD_ERRORS:
            self._refuse(_reason(answer))
        return due

    def _read(self, line: SamLine) -> None:
        answer = line.ask(Command.SELECT, self.answer_timeout)
        # Without an answer the card may be selected all the same, and would then answer no more finds: so read on.
        if answer is not None and answer.sw3 != sam_v.SW_DONE:
            self._failures += 1
            # A card that is just coming down often fails to be selected at first.
            if answer.sw3 != sam_v.SW_SELECT_FAILED or self._failures > 1:
                self._refuse(_reason(answer))
            return
        self._read_selected(line)

    def _read_selected(self, line: SamLine) -> None:
        found = self._told_found if self._refusal is None else nothing
        answer = line.ask(Command.READ, self.read_timeout, tries=2, meanwhile=found)
        if answer is None:
            self._refuse("card_moved")
            return
        if answer.sw3 != sam_v.SW_DONE:
            self._refuse(_reason(answer))
            return
        try:
            text, photo = sam_v.parse_card_data(answer.data)
            card = parse_card(text, photo if self.photo else b"")
        except ProtocolError:
            self._refuse("card_unreadable")
            return
        if self.newest_address:
            card = self._moved(card, line)
        self._check(card)
        if self._refusal is not None:
            self._told_found()
        self._failures, self._refusal, self._lying = 0, None, True
        self.on_event(CardRead(card))

    def _moved(self, card: IdCard, line: SamLine) -> IdCard:
        """The card with the address that was added last, where there is one."""
        answer = line.ask(Command.READ_ADDRESS, self.answer_timeout)
        added = None
        if answer is not None and answer.sw3 == sam_v.SW_DONE:
            with contextlib.suppress(ProtocolError):
                added = decode_address(answer.data)
        return replace(card, address=added) if added else card

    def _check(self, card: IdCard) -> None:
        """Warn of a number with a wrong check digit, without the number; the card says who somebody is all the same."""
        if wrong_number(card):
            self._wrong_numbers += 1
            log.warning("the number on %d cards so far is wrong by its check digit", self._wrong_numbers)

    def _look(self, line: SamLine, link: Link) -> float:
        """Ask whether the card still lies; when to ask the next question."""
        answer = line.ask(Command.READ_ADDRESS, self.answer_timeout, tries=2)
        due = line.asked_at + self.presence_interval
        if answer is None or self._there(line, link, answer):
            return due
        # Once more before it counts as gone: one spoilt answer must not make one lay two. A reader that does not know
        # the question reads the card again.
        if answer.sw3 in (sam_v.SW_BAD_COMMAND, sam_v.SW_UNKNOWN_ERROR):
            answer = line.ask(Command.READ, self.read_timeout, tries=2)
        else:
            answer = line.ask(Command.READ_ADDRESS, self.answer_timeout, tries=2)
        if answer is not None and not self._there(line, link, answer):
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

    def _there(self, line: SamLine, link: Link, answer: SamAnswer) -> bool:
        """Whether a look says that the card lies; a module that is out of order cannot know, so then it stays."""
        if answer.sw3 in (sam_v.SW_DONE, sam_v.SW_NO_SUCH_ITEM, sam_v.SW_SELF_TEST_FAILED, sam_v.SW_NOT_AUTHORISED):
            self._report(line, link, answer)
            return True
        return False

    def _report(self, line: SamLine, link: Link, answer: SamAnswer) -> None:
        """Tell the supervisor how the reader itself is."""
        if answer.sw3 in FAULTS:
            link.fault(_reason(answer), f"status {answer.sw3:02X}")
        else:
            link.online("answers_late" if line.behind else self._number)


def _reason(answer: SamAnswer) -> str:
    return sam_v.REASONS.get(answer.sw3, "reader_error")

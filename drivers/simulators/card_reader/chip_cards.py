"""Virtual chip cards: what a card answers to a command (APDU), as a function of bytes.

They lie in a simulated slot, and in tests in a slot of the real PC/SC service.
"""

from dataclasses import dataclass, field
from typing import Protocol

from drivers.card_reader.id_card import IdCard, encode_card
from drivers.card_reader.social_security import (
    APPLICATION,
    CARD_NUMBER,
    DONE,
    EF05,
    EF06,
    ID_NUMBER,
    MORE_NAME,
    NAME,
    SocialSecurityCard,
)

NO_FILE = bytes.fromhex("6A 82")
NO_RECORD = bytes.fromhex("6A 83")
UNKNOWN = bytes.fromhex("6D 00")
_NAME_SIZE, _MORE_SIZE = 30, 20


class ChipCard(Protocol):
    """A card.

    Attributes:
        atr: its answer to reset.
    """

    atr: bytes

    def reset(self) -> None:
        """The card is powered."""

    def answer(self, command: bytes) -> bytes:
        """What it answers, with two status bytes."""


@dataclass
class SocialSecurityChip:
    """A 社保卡.

    Attributes:
        card: what it tells.
        by_tag: whether it finds records by their tag; older ones go by their place alone.
        in_pieces: whether it has answers fetched (61 nn), as contact cards with T=0 do.
    """

    card: SocialSecurityCard
    by_tag: bool = True
    in_pieces: bool = False
    atr: bytes = bytes.fromhex("3B 6D 00 00 00 81 54 44 00 86 60 53 4A 00 81 90 00")
    _chosen: bool = field(default=False, init=False)
    _waiting: bytes = field(default=b"", init=False)

    def reset(self) -> None:
        """The card is powered."""
        self._chosen, self._waiting = False, b""

    def answer(self, command: bytes) -> bytes:
        """What it answers."""
        if command[:2] == b"\x00\xc0":
            said, self._waiting = self._waiting, b""
            return said + DONE
        said, status = self._work(command)
        if self.in_pieces and said:
            self._waiting = said
            return bytes([0x61, len(said)])
        return said + status

    def _work(self, command: bytes) -> tuple[bytes, bytes]:
        match command[:2]:
            case b"\x00\xa4":
                self._chosen = command[5:] == APPLICATION
                return (b"\x6f\x00", DONE) if self._chosen else (b"", NO_FILE)
            case b"\x00\xb2" if self._chosen:
                return self._record(command[2], command[3], command[4])
            case _:
                return b"", UNKNOWN

    def _record(self, which: int, how: int, length: int) -> tuple[bytes, bytes]:
        records = {
            EF05: {CARD_NUMBER: (self.card.card_number or "").encode().ljust(9, b"\x00")},
            EF06: {ID_NUMBER: self.card.id_number.encode().ljust(18, b"\x00"), **self._names()},
        }.get(how >> 3, {})
        place = {tag: place for place, tag in enumerate(records, 7 if how >> 3 == EF05 else 1)}
        for tag, value in records.items():
            if which == (place[tag] if how & 4 else tag) and (how & 4 or self.by_tag):
                record = bytes([tag, len(value)]) + value
                return (record, DONE) if length == len(record) else (b"", bytes([0x6C, len(record)]))
        return b"", NO_RECORD

    def _names(self) -> dict[int, bytes]:
        name = (self.card.name or "").encode("gb18030")
        names = {NAME: name[:_NAME_SIZE].ljust(_NAME_SIZE, b"\x00")}
        return names | ({MORE_NAME: name[_NAME_SIZE:].ljust(_MORE_SIZE, b"\x00")} if name[_NAME_SIZE:] else {})


@dataclass
class IdCardChip:
    """An ID card of the second generation, on a reader without a security module: presence and serial number."""

    serial: bytes
    atr: bytes = bytes.fromhex("3B 88 80 01 D1 03 86 05 00 80 80 00 58")

    def reset(self) -> None:
        """The card is powered."""

    def answer(self, command: bytes) -> bytes:
        """What it answers."""
        if command[:2] == b"\x00\x36":
            return self.serial + DONE
        if command[:2] == b"\xff\xca":
            return bytes(4) + DONE
        return UNKNOWN


@dataclass
class ReadIdCard(IdCardChip):
    """An ID card on a reader with a security module inside, by the one public description of such readers."""

    card: IdCard = field(default_factory=lambda: IdCard("resident"))

    def answer(self, command: bytes) -> bytes:
        """What it answers."""
        if command[:2] == b"\xff\xb0":
            whole = encode_card(self.card) + self.card.photo
            block = whole[command[2] * 256 : command[2] * 256 + 256]
            return block + DONE if len(block) == 256 else NO_FILE
        return super().answer(command)

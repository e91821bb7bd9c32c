"""A simulated slot for chip cards, in the place of the PC/SC service: the driver above it is the real one.

Unlike other simulators it is no far end of a real line: a demonstration runs without pcscd. Tests lay the same virtual
cards into a slot of the real service as well.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from drivers.card_reader.pcsc import PcscSettings
from drivers.card_reader.pcsc_slot import CALL_TIMEOUT, Lying
from drivers.card_reader.social_security import SocialSecurityCard
from drivers.device import DeviceSettings
from drivers.errors import OfflineError, RefusedError
from drivers.simulators.card_reader.cards import SAMPLES
from drivers.simulators.card_reader.chip_cards import ChipCard, IdCardChip, SocialSecurityChip
from drivers.simulators.panel import Part, Press, Reading
from drivers.simulators.simulator import BarePlug, Simulator

NAME = "Simulated slot 00 00"


def social_security_of(sample: str) -> SocialSecurityChip:
    """The 社保卡 of the resident whose invented ID card has this id; LookupError."""
    card = SAMPLES[sample].card
    return SocialSecurityChip(SocialSecurityCard(card.name, card.id_number or "", "A12345678"))


class PcscSimulator(Simulator[BarePlug]):
    """The slot, with hands to put cards into it and switches for what goes wrong with real ones."""

    place = "slot"
    hands = (*Simulator.hands, "put_social_security_card", "put_id_card", "take_out")

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        super().__init__(BarePlug(), on_change)
        self.changed = threading.Condition()
        self.card: ChipCard | None = None
        self.visit = 0
        self.late = 0.0
        self.silent = False
        self.refusing = b""
        self.noise = False

    @classmethod
    def of(cls, settings: PcscSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls()

    def open_port(self, settings: DeviceSettings) -> "SimulatedSlots":  # noqa: ARG002
        """The slot, as the driver sees it; raises OfflineError while the plug is out."""
        return SimulatedSlots(self)

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand by its name; ``lay`` needs a ``card``, the id of a sample, whose 社保卡 it is."""
        if hand == "lay":
            self.put(social_security_of(body["card"]))
        else:
            super().use(hand, body)

    def look(self) -> dict[str, Any]:
        """What lies in it."""
        return {"card": type(self.card).__name__ if self.card else None}

    def panel(self) -> Sequence[Part]:
        """What lies in it, and cards to put there."""
        lying = type(self.card).__name__ if self.card else "-"
        return [
            Reading("卡座里", "In the slot", lying),
            Press("放社保卡", "Put a social security card in", "put_social_security_card"),
            Press("放身份证", "Lay an ID card on it", "put_id_card"),
            Press("取走卡", "Take the card out", "take_out"),
        ]

    def put_social_security_card(self) -> None:
        """Put the 社保卡 of the first resident of the tray into it."""
        self.put(social_security_of(next(iter(SAMPLES))))

    def put_id_card(self) -> None:
        """Lay an ID card on it."""
        self.put(IdCardChip(bytes.fromhex("E0 01 02 03 04 05 06 07")))

    def put(self, card: ChipCard) -> None:
        """Put a card into it, in the place of another."""
        self._change(card)

    def take_out(self) -> None:
        """Take the card away, also while it is being read."""
        self._change(None)

    def unplug(self) -> None:
        """Pull the plug; a card stays where it is."""
        with self.changed:
            self._plug.unplug()
            self.changed.notify_all()
        self.on_change()

    def delay(self, seconds: float) -> None:
        """Have the card think so long about each command."""
        self.late = seconds

    def silence(self, on: bool) -> None:
        """Have the card answer nothing."""
        with self.changed:
            self.silent = on
            self.changed.notify_all()

    def refuse(self, status: bytes) -> None:
        """Have the card answer every command with this status; b"" for as usual."""
        self.refusing = status

    def garble(self, on: bool) -> None:
        """Have the card answer with bytes that make no sense."""
        self.noise = on

    def _change(self, card: ChipCard | None) -> None:
        with self.changed:
            self.card = card
            self.visit += 1
            self.changed.notify_all()
        self.on_change()


class SimulatedSlots:
    """The slot as a driver sees it: the face of :class:`drivers.card_reader.pcsc_slot.Slots`."""

    names = (NAME,)

    def __init__(self, reader: PcscSimulator) -> None:
        self._reader = reader
        self._seen = -1
        self._visit = -1
        self._must_be_there("not_found")

    def look(self, timeout: float) -> Lying | None:
        """The card that lies in it."""
        reader = self._reader
        with reader.changed:
            reader.changed.wait_for(lambda: reader.visit != self._seen or not reader.plugged, timeout)
            self._must_be_there("unplugged")
            self._seen = reader.visit
            return Lying(NAME, reader.card.atr, reader.visit) if reader.card else None

    def connect(self, card: Lying) -> None:
        """Begin to talk to the card."""
        with self._reader.changed:
            self._visit = card.visit
            self._there().reset()

    def transmit(self, command: bytes) -> bytes:
        """What the card answers."""
        reader = self._reader
        with reader.changed:
            card = self._there()
            silent = reader.silent
            over = reader.changed.wait_for(
                lambda: reader.card is not card or not reader.plugged or reader.silent != silent,
                CALL_TIMEOUT if silent else reader.late,
            )
            if silent and not over:
                raise OfflineError("silent", "a card never answered")
            self._there()
            if reader.noise:
                return bytes(range(0x80, 0x9F)) + b"\x90\x00"
            return reader.refusing or card.answer(command)

    def disconnect(self) -> None:
        """Let the card go."""

    def close(self) -> None:
        """Let go of the slot."""

    def _there(self) -> ChipCard:
        self._must_be_there("unplugged")
        if self._reader.card is None or self._reader.visit != self._visit:
            raise RefusedError("card_moved")
        return self._reader.card

    def _must_be_there(self, reason: str) -> None:
        if not self._reader.plugged:
            raise OfflineError(reason)

"""What every reader of residents' cards tells."""

from dataclasses import dataclass

from drivers.card_reader.id_card import IdCard
from drivers.device import DeviceEvent


@dataclass(frozen=True)
class CardFound(DeviceEvent):
    """A card lies on the reader and is being read: :class:`CardRead` or :class:`CardRefused` follows."""


@dataclass(frozen=True)
class CardRead(DeviceEvent):
    """A card was read; told once, however long it lies."""

    card: IdCard


@dataclass(frozen=True)
class CardRefused(DeviceEvent):
    """A card could not be read and has to be lifted and laid again.

    Attributes:
        reason: ``card_moved`` (pulled away, or badly laid), ``card_unreadable`` (it will not do on this reader, or at
            all), ``sam_unauthorised`` and ``sam_broken`` (the reader's module), ``reader_error``, ``garbled``, or
            ``reader_lost`` (the reader went away meanwhile).
    """

    reason: str


@dataclass(frozen=True)
class CardLeft(DeviceEvent):
    """The card that was read has been lifted."""


CardEvent = CardFound | CardRead | CardRefused | CardLeft

"""What every reader of residents' cards tells."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from drivers.card_reader.id_card import IdCard
from drivers.card_reader.social_security import SocialSecurityCard
from drivers.device import DeviceEvent


@dataclass(frozen=True, kw_only=True)
class _OnReader(DeviceEvent):
    """``window`` or ``terminal``: where the reader lies; "" in both for the kiosk's own."""

    window: str = ""
    terminal: str = ""


@dataclass(frozen=True)
class CardFound(_OnReader):
    """A card lies on the reader and is being read: :class:`CardRead` or :class:`CardRefused` follows.

    On a reader without a security module it may be :class:`ChipRead`.
    """


@dataclass(frozen=True)
class CardRead(_OnReader):
    """A card was read; told once, however long it lies."""

    card: IdCard | SocialSecurityCard


@dataclass(frozen=True)
class CardRefused(_OnReader):
    """A card could not be read and has to be lifted and laid again.

    Attributes:
        reason: ``card_moved`` (pulled away, or badly laid), ``card_unreadable`` (it will not do on this reader, or at
            all), ``sam_unauthorised`` and ``sam_broken`` (the reader's module), ``reader_error``, ``garbled``, or
            ``reader_lost`` (the reader went away meanwhile).
    """

    reason: str


@dataclass(frozen=True)
class ChipRead(_OnReader):
    """An ID card lies on a reader without a security module, which knows its presence and its chip's number alone.

    Attributes:
        serial: eight bytes, the same each time; personal, so never shown.
    """

    serial: bytes = field(repr=False)


@dataclass(frozen=True)
class CardLeft(_OnReader):
    """The card that was read has been lifted."""


CardEvent = CardFound | CardRead | CardRefused | ChipRead | CardLeft


def placed(window: str, terminal: str, emit: Callable[[DeviceEvent], None]) -> Callable[[CardEvent], None]:
    """What a driver tells its events to, so that they carry the place of their reader."""
    return lambda event: emit(replace(event, window=window, terminal=terminal))

"""What the virtual hall draws of a simulator that has no furniture of its own: lamps, texts, pictures, and its hands.

A simulator gives a list of these parts; the page draws any of them, so that a new device needs nothing there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Part:
    """Base of all parts.

    Attributes:
        zh: what it is, in Chinese; ``en`` in English.
    """

    zh: str
    en: str

    def as_json(self) -> dict[str, Any]:
        """The part as the page takes it, with its kind as ``part``."""
        return {"part": type(self).__name__.lower(), **vars(self)}


@dataclass(frozen=True)
class Lamp(Part):
    """A light: ``lit`` or not, in a colour of ``green``, ``red``, ``amber``."""

    lit: bool
    colour: str = "green"


@dataclass(frozen=True)
class Reading(Part):
    """A text that can be read on it."""

    text: str


@dataclass(frozen=True)
class Picture(Part):
    """A picture of it.

    Attributes:
        piece: its name for ``Simulator.piece``.
        text: what is to be seen on it; the picture is fetched again when this changes.
    """

    piece: str
    text: str


@dataclass(frozen=True)
class Press(Part):
    """A button that uses ``hand`` with ``body``; ``pressed`` where it stays down."""

    hand: str
    body: Mapping[str, Any] = field(default_factory=dict)
    pressed: bool | None = None


@dataclass(frozen=True)
class Pull:
    """Something of a device that can be pulled, opened or taken out, and put back.

    Attributes:
        name: short name, fit for an address.
        zh, en: what it is.
        out, back: the hands that do it and undo it.
        do, undo: what the two hands do, in Chinese and English.
        icon: a line drawing, 24 x 24: a path as of SVG.
        is_out: whether it is pulled now.
    """

    name: str
    zh: str
    en: str
    out: str
    back: str
    do: tuple[str, str]
    undo: tuple[str, str]
    icon: str
    is_out: bool


@dataclass(frozen=True)
class Slide(Part):
    """A slider that uses ``hand`` with ``{"value": number}``."""

    hand: str
    least: float
    most: float
    step: float
    value: float

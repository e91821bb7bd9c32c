"""A speaker at work, and sounds for it."""

import math
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import wires
from drivers.speaker.alsa import Player
from drivers.speaker.driver import Speaker
from drivers.speaker.sound import RATE
from drivers.supervisor import Supervisor


@contextmanager
def running(driver: Speaker, open_player: Callable[[], Player]) -> Iterator[Supervisor[Player]]:
    """The driver under a supervisor, on what ``open_player`` opens."""
    supervisor = Supervisor("voice", "speaker", open_player, driver, wires.now)
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


def tone(seconds: float = 0.2, rate: int = RATE, pitch: float = 440, loud: float = 8000) -> "array[int]":
    """A pure tone."""
    return array("h", [round(loud * math.sin(2 * math.pi * pitch * at / rate)) for at in range(round(seconds * rate))])

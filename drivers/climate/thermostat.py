"""When an air conditioner shall run. Pure: time comes as a parameter, ``at`` in seconds of a clock that never jumps.

First that applies::

    a person said so, and it is not over yet        as they said
    no reading for ``stale``                         off, at once: nobody knows how warm it is
    outside the hours                                off
    cooling:  ≥ target + band   ≤ target - band      on, off
    heating:  ≤ target - band   ≥ target + band      on, off
    between                                          as it is

It is switched no sooner than ``shortest`` after it was switched last, since short cycles wear a compressor out; only
stale readings end it at once.
"""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["cool", "heat"]
Why = Literal["override", "stale", "closed", "temperature", "waits"]

PLAUSIBLE = (-20.0, 60.0)
"""°C that may be inside a building. A broken sensor or cable reads -45, 125 or 130."""


@dataclass(frozen=True)
class Reading:
    """What a sensor said: °C, and relative humidity in % where it measures that."""

    temperature: float
    humidity: float | None

    @property
    def plausible(self) -> bool:
        """Whether it can be: 0 % and more than 100 % of humidity cannot either."""
        low, high = PLAUSIBLE
        return low <= self.temperature <= high and (self.humidity is None or 0 < self.humidity <= 100)


@dataclass(frozen=True)
class Rules:
    """What is wanted: °C, and seconds.

    Attributes:
        mode: what the air conditioner does when it runs.
        target: °C.
        band: how far above and below the target it is switched.
        shortest: seconds it stays on, and off, at least.
        stale: seconds after which a reading is too old to act on.
    """

    mode: Mode = "cool"
    target: float = 26.0
    band: float = 1.0
    shortest: float = 300.0
    stale: float = 600.0


@dataclass(frozen=True)
class Decision:
    """Whether it shall run, and why; ``waits`` where it would be switched and may not yet."""

    on: bool
    why: Why


class Thermostat:
    """One zone's decisions.

    Args:
        rules: what is wanted.
        at: the time now.
    """

    def __init__(self, rules: Rules, at: float) -> None:
        self.rules = rules
        self._on = False
        self._switched_at: float | None = None
        self._reading: Reading | None = None
        self._read_at = at
        self._override: tuple[bool, float] | None = None

    def found(self, on: bool) -> None:
        """How the air conditioner was when the program came to it; since when is not known, so it may be switched."""
        self._on = on

    def read(self, reading: Reading, at: float) -> None:
        """Take a plausible reading."""
        self._reading, self._read_at = reading, at

    def override(self, on: bool | None, until: float) -> None:
        """Have it run, or not, until then, whatever the readings; None goes back to them."""
        self._override = None if on is None else (on, until)

    def overridden(self, at: float) -> tuple[bool, float] | None:
        """What a person said, and until when; None when nothing, or no longer."""
        return self._override if self._override and at < self._override[1] else None

    def reading(self, at: float) -> Reading | None:
        """The newest reading, while it is fresh."""
        return self._reading if at - self._read_at < self.rules.stale else None

    def is_stale(self, at: float) -> bool:
        """Whether readings have stayed away for too long; also where there was never one."""
        return at - self._read_at >= self.rules.stale

    def decide(self, at: float, is_open: bool) -> Decision:
        """What to do now; ``is_open`` within its hours."""
        wanted, why = self._wanted(at, is_open)
        if wanted != self._on:
            rests = self._switched_at is not None and at - self._switched_at < self.rules.shortest
            if rests and why != "stale":
                return Decision(self._on, "waits")
            self._on, self._switched_at = wanted, at
        return Decision(self._on, why)

    def _wanted(self, at: float, is_open: bool) -> tuple[bool, Why]:
        if overridden := self.overridden(at):
            return overridden[0], "override"
        if self.is_stale(at):
            return False, "stale"
        if not is_open:
            return False, "closed"
        if self._reading is None:
            return self._on, "temperature"
        # How much too warm it is, where it heats: too cold.
        excess = (self._reading.temperature - self.rules.target) * (1 if self.rules.mode == "cool" else -1)
        if excess >= self.rules.band:
            return True, "temperature"
        return self._on and excess > -self.rules.band, "temperature"

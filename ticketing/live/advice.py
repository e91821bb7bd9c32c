"""Which window to open when a wait is too long: the one that, by the forecast, saves those who wait the most. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ticketing.line.forecasts import Situation
from ticketing.model import Window
from ticketing.waits.estimate import Forecast, OpenWindow

MOST = 6
"""Windows that are tried: each costs a simulation of the queue."""
NEVER = 4 * 3600.0
"""Seconds that somebody waits for whom no window is open, so that opening any is worth more than a shorter wait."""
_STATES = {"paused": 0, "closed": 1}


@dataclass(frozen=True)
class Help:
    """A window that would help, and the minutes it saves all who wait now together."""

    window: str
    saves_minutes: int


def windows_that_help(situation: Situation, windows: Iterable[Window], service: str) -> list[Help]:
    """Paused and closed windows that serve ``service``, the one that saves most first; only those that save any.

    A paused window is tried before a closed one, since somebody is there.
    """
    idle = [one for one in windows if one.state in _STATES and not one.removed and one.serves(service)]
    idle.sort(key=lambda one: (_STATES[one.state], one.clerk is None))
    if not idle:
        return []
    now = _waited(situation, situation.forecast())
    found = []
    for one in idle[:MOST]:
        saved = now - _waited(situation, situation.forecast(opened(one)))
        if saved >= 60:
            found.append(Help(one.id, round(saved / 60)))
    return sorted(found, key=lambda one: -one.saves_minutes)


def opened(window: Window) -> OpenWindow:
    """A window as it would be, opened now."""
    weights: Mapping[str, float] = {service: 60.0 * minutes for service, minutes in window.weights.items()}
    return OpenWindow(window.services, window=window.id, weights=weights)


def _waited(situation: Situation, found: Forecast) -> float:
    """Seconds that all who wait now will still wait together."""
    return sum(
        min(NEVER, found.calls[one.ticket].mean) if one.ticket in found.calls else NEVER for one in situation.line
    )

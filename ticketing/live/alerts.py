"""When something in the hall stands badly enough to tell people, and when that is over. Pure.

An alert is raised at its limit and is over only once things have stood clearly better (:data:`CALM`) for a while
(:data:`SETTLED`): a wait that goes up and down around its limit is one alert, not twenty. A wait that stays too long is
told again now and then, with what helps by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

Kind = Literal["wait", "grade", "device", "update"]
KINDS: tuple[Kind, ...] = ("wait", "grade", "device", "update")
FOR_ALL: tuple[Kind, ...] = ("wait", "device")
"""What others than managers are told: grades are the manager's alone, and updates nobody's at the desk."""

REMINDED: tuple[Kind, ...] = ("wait",)
"""What is told again: there is something to do about it at once, and another thing as time goes on."""

CALM = 0.8
"""The strength below which something stands well again."""
SETTLED = 120_000_000
"""Microseconds for which it must have stood well before its alert is over."""
FEWEST_GRADES = 10
"""Grades a service must have today before their mean is looked at: one bad grade is no alert, and names nobody."""


@dataclass(frozen=True)
class Limits:
    """From when on there is an alert; None: never.

    Attributes:
        oldest_wait: time that somebody has waited for a service.
        grade: mean grade of a service's cases of the day, below which it stands badly.
        device_down: time that a device has not worked.
        remind: time after which a wait that is still too long is told again.
    """

    oldest_wait: timedelta | None = timedelta(minutes=30)
    grade: float | None = 3.5
    device_down: timedelta | None = timedelta(minutes=5)
    remind: timedelta | None = timedelta(minutes=15)


@dataclass(frozen=True)
class Reading:
    """How something stands now.

    Attributes:
        kind, subject: what an alert would be about: a service's id, ``<box>/<device>``, or the name of a box.
        strength: how bad it is; from 1.0 on there is an alert.
        facts: what is told about it: ``seconds``, ``grade``, ``reason``, ``before`` and ``after``.
    """

    kind: Kind
    subject: str
    strength: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """An alert that has been raised and is not over; times in microseconds, as in the store.

    ``told_at`` is when it was raised, or people were reminded of it last.
    """

    id: int
    kind: Kind
    subject: str
    calm_since: int | None
    told_at: int = 0


@dataclass(frozen=True)
class Decision:
    """What is to be changed.

    Attributes:
        raised: readings that become alerts.
        cleared: ids of alerts that are over.
        calm: by id, since when an alert stands well; None: it stands badly again.
        reminded: by id, the readings of alerts that are told again.
    """

    raised: list[Reading]
    cleared: list[int]
    calm: dict[int, int | None]
    reminded: dict[int, Reading] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.raised or self.cleared or self.calm or self.reminded)


def wait_reading(service: str, waited: float, limits: Limits) -> Reading | None:
    """How a service's oldest wait stands, in seconds; None where nobody asked to be told."""
    if limits.oldest_wait is None:
        return None
    return Reading("wait", service, waited / limits.oldest_wait.total_seconds(), {"seconds": round(waited)})


def device_reading(device: str, down: float | None, reason: str | None, limits: Limits) -> Reading | None:
    """How a device stands that has been down for so many seconds; None for one that works."""
    if limits.device_down is None:
        return None
    limit = max(1.0, limits.device_down.total_seconds())
    return Reading("device", device, 0.0 if down is None else down / limit, {"reason": reason})


def grade_reading(service: str, grades: Mapping[int, int], limits: Limits) -> Reading | None:
    """How a service's grades of the day stand; None while there are too few, or nobody asked to be told."""
    rated = sum(grades.values())
    if limits.grade is None or rated < FEWEST_GRADES:
        return None
    mean = sum(grade * count for grade, count in grades.items()) / rated
    # Grades have a narrow range: clearly better is a fifth of a grade, not a fifth of the whole.
    strength = 1.0 + (limits.grade - mean) if mean < limits.grade else 1.0 - (mean - limits.grade)
    return Reading("grade", service, max(0.0, strength), {"grade": round(mean, 1)})


def update_reading(box: str, before: str, after: str) -> Reading:
    """A box that went back from the version ``after`` to ``before``."""
    return Reading("update", box, 1.0, {"before": before, "after": after})


def decide(
    standing: Sequence[Standing], readings: Sequence[Reading], now: int, remind: timedelta | None = None
) -> Decision:
    """Compare the alerts that stand with how things are.

    Args:
        standing: those this box may judge; one whose subject has no reading stands well.
        readings: one a subject.
        now: microseconds.
        remind: time between reminders of what stays bad; None for no reminders.
    """
    found = {(one.kind, one.subject): one for one in readings}
    decision = Decision([], [], {})
    for alert in standing:
        reading = found.pop((alert.kind, alert.subject), None)
        if reading is not None and reading.strength >= CALM:
            if alert.calm_since is not None:
                decision.calm[alert.id] = None
            if remind is not None and alert.kind in REMINDED and reading.strength >= 1.0:
                # A clock that was set back does not silence it for hours.
                since = now - alert.told_at
                if since >= remind // timedelta(microseconds=1) or since < 0:
                    decision.reminded[alert.id] = reading
        elif alert.calm_since is None or alert.calm_since > now:
            # A clock that was set back makes it begin anew.
            decision.calm[alert.id] = now
        elif now - alert.calm_since >= SETTLED:
            decision.cleared.append(alert.id)
    decision.raised.extend(one for one in found.values() if one.strength >= 1.0)
    return decision

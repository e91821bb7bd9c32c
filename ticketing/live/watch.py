"""Looks at the hall again and again, and keeps the alerts.

The alerts that stand are rows of the store: boxes that share it raise none twice, and none is lost by a restart. What
concerns the whole hall, and a box's update, any box may raise and end; a device's alert is its own box's.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from ticketing.boxes.boxes import that_went_back
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.events import AlertCleared, AlertRaised, AlertReminded
from ticketing.line.forecasts import Forecasts
from ticketing.live import alerts
from ticketing.live.advice import Help, windows_that_help
from ticketing.live.alerts import KINDS, Kind, Limits, Reading, Standing
from ticketing.live.hall_now import HallNow, Waits, grades_of_full_hours, hall_now, oldest_waits, waits
from ticketing.store import tables

KEPT = timedelta(days=366)
"""How long an alert that is over is kept."""

_a = tables.alert
_STANDING = select(_a).where(tables.standing).order_by(_a.c.raised_at, _a.c.id)
_RAISE = insert(_a).returning(_a.c.id)
_THIS = update(_a).where(_a.c.id == bindparam("alert"))
_CALM = _THIS.values(calm_since=bindparam("since"))
_REMIND = _THIS.values(told_at=bindparam("now"), facts=bindparam("said"))
_CLEAR = _THIS.values(cleared_at=bindparam("now"))
_FORGET = delete(_a).where(_a.c.cleared_at < bindparam("before"))


@dataclass(frozen=True)
class DeviceDown:
    """A device of this box that does not work: its name, since when, and the driver's reason."""

    name: str
    since: datetime
    reason: str | None


@dataclass(frozen=True)
class Alert:
    """An alert that stands.

    Attributes:
        id: its number.
        kind: ``wait``, ``grade``, ``device`` or ``update``.
        subject: a service's id, ``<box>/<device>``, or the name of a box.
        name, name_en: of the service; of the device or box in both.
        since: when it was raised.
        told: when it was raised, or people were reminded of it last.
        seconds: how long somebody has waited now; None for another kind, as are ``grade`` and ``reason``.
        grade: mean grade when it was raised.
        reason: why the device does not work, as its driver says.
        windows: (id, name, minutes saved) of the windows that would help, best first.
        opened: names of the windows that were to help and are open by now.
        versions: from which version and to which a box went back; None for another kind.
    """

    id: int
    kind: Kind
    subject: str
    name: str
    name_en: str
    since: datetime
    told: datetime
    seconds: int | None
    grade: float | None
    reason: str | None
    windows: tuple[tuple[str, str, int], ...]
    opened: tuple[str, ...]
    versions: tuple[str, str] | None = None


class Watch:
    """Raises alerts, reminds people of them and ends them. Safe to use from any thread.

    Args:
        ledger, forecasts: the hall's.
        limits: from when on there is an alert.
        down: the devices of this box that do not work now.
    """

    def __init__(
        self,
        ledger: Ledger,
        forecasts: Forecasts,
        limits: Limits,
        down: Callable[[], Sequence[DeviceDown]] = lambda: (),
    ) -> None:
        self._ledger = ledger
        self._forecasts = forecasts
        self._limits = limits
        self._down = down

    def now(self) -> HallNow:
        """The hall at this moment."""
        with self._ledger.look() as m:
            return hall_now(m, self._forecasts)

    def waits(self) -> dict[str, Waits]:
        """By service, the waits of today's tickets until they were called."""
        with self._ledger.look() as m:
            return waits(m)

    def look(self) -> None:
        """Look at the hall, and raise alerts, remind people of them and end them as it stands."""
        with self._ledger.look() as m:
            readings = self._readings(m)
            found = self._decide(m, readings)
            helps = {
                one.subject: windows_that_help(self._forecasts.situation(m), m.windows(), one.subject)
                for one in (*found.raised, *found.reminded.values())
                if one.kind == "wait"
            }
        if not found:
            return
        with self._ledger.verb() as m:
            # Another box may have been quicker, or somebody has just taken note of an update: decided again, by what
            # the store says now.
            decision = self._decide(m, [*(one for one in readings if one.kind != "update"), *_updates(m)])
            for one in decision.raised:
                self._raise(m, one, helps.get(one.subject, []))
            for alert, one in decision.reminded.items():
                m.conn.execute(_REMIND, {"alert": alert, "now": m.at, "said": _facts(one, helps.get(one.subject, []))})
                m.append(AlertReminded(alert, one.kind))
            for alert, since in decision.calm.items():
                m.conn.execute(_CALM, {"alert": alert, "since": since})
            kinds = {row.id: row.kind for row in m.conn.execute(_STANDING)}
            for alert in decision.cleared:
                m.conn.execute(_CLEAR, {"alert": alert, "now": m.at})
                m.append(AlertCleared(alert, kinds[alert]))
            m.conn.execute(_FORGET, {"before": microseconds(m.now - KEPT)})

    def standing(self, kinds: Sequence[Kind] = KINDS) -> list[Alert]:
        """The alerts of these kinds that stand, oldest first."""
        with self._ledger.look() as m:
            services = {one.id: one for one in m.services()}
            windows = {one.id: one for one in m.windows()}
            oldest = oldest_waits(m)
            found = []
            for row in m.conn.execute(_STANDING):
                if row.kind not in kinds:
                    continue
                facts = json.loads(row.facts)
                service = services.get(row.subject)
                name = service.name if service else row.subject
                # A window that has been opened since needs no advice any more.
                named = [
                    (windows[one["window"]], one["saves_minutes"])
                    for one in facts.get("windows", ())
                    if one["window"] in windows
                ]
                found.append(
                    Alert(
                        row.id,
                        row.kind,
                        row.subject,
                        name,
                        (service.name_en if service else "") or name,
                        m.time(row.raised_at),
                        m.time(row.told_at),
                        round(oldest.get(row.subject, 0.0)) if row.kind == "wait" else None,
                        facts.get("grade"),
                        facts.get("reason"),
                        tuple((one.id, one.name, saves) for one, saves in named if one.state != "open"),
                        tuple(one.name for one, _ in named if one.state == "open"),
                        (facts["after"], facts["before"]) if row.kind == "update" else None,
                    )
                )
            return found

    def _readings(self, m: Transaction) -> list[Reading]:
        waits = (alerts.wait_reading(service, waited, self._limits) for service, waited in oldest_waits(m).items())
        # A device that works again has no reading, and so stands well.
        devices = (
            alerts.device_reading(
                self._subject(one.name), (m.now - one.since).total_seconds(), one.reason, self._limits
            )
            for one in self._down()
        )
        grades = (
            alerts.grade_reading(service, counts, self._limits) for service, counts in grades_of_full_hours(m).items()
        )
        return [one for group in (waits, devices, grades, _updates(m)) for one in group if one is not None]

    def _decide(self, m: Transaction, readings: Sequence[Reading]) -> alerts.Decision:
        own = self._subject("")
        mine = [
            Standing(row.id, row.kind, row.subject, row.calm_since, row.told_at)
            for row in m.conn.execute(_STANDING)
            if row.kind != "device" or row.subject.startswith(own)
        ]
        return alerts.decide(mine, readings, m.at, self._limits.remind)

    def _subject(self, device: str) -> str:
        return f"{self._ledger.box}/{device}"

    def _raise(self, m: Transaction, one: Reading, helps: Sequence[Help]) -> None:
        values: dict[str, Any] = {"kind": one.kind, "subject": one.subject, "raised_at": m.at, "told_at": m.at}
        values["facts"] = _facts(one, helps)
        alert = int(m.conn.execute(_RAISE, values).scalar_one())
        m.append(AlertRaised(alert, one.kind))


def _updates(m: Transaction) -> list[Reading]:
    """Of whichever box: once it has gone back, it may be the one that nobody looks at."""
    return [alerts.update_reading(box, last.before, last.after) for box, last in that_went_back(m)]


def _facts(one: Reading, helps: Sequence[Help]) -> str:
    return json.dumps({**one.facts, "windows": [asdict(each) for each in helps]})

"""The order of the queue: who is next, and why. Pure.

A ticket's rank is its time of issue minus the head start of its class; the smallest rank is next. So nobody starves,
and every order can be explained.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from ticketing.model import NORMAL, Resident, UnknownError


@dataclass(frozen=True)
class PriorityClass:
    """A group of residents with a head start (绿色通道).

    Attributes:
        id: in tickets and settings.
        name: as shown, with what earns it.
        name_en: the same in English.
        head_start: how much earlier than their time of issue its tickets rank.
        min_age: age in years, by the birth date on the card, that earns it; None if only staff give it.
    """

    id: str
    name: str
    name_en: str
    head_start: timedelta
    min_age: int | None = None


_NORMAL = PriorityClass(NORMAL, "普通", "Normal", timedelta(0))
_SENIOR = PriorityClass("senior", "绿色通道(65岁以上)", "green channel (65+)", timedelta(minutes=30), 65)


@dataclass(frozen=True)
class AppointmentRules:
    """Rules for appointments.

    Attributes:
        early: how long before its slot an appointment can be checked in.
        late: how long after the end of its slot it can be checked in.
        early_is: coming earlier: wait for the slot (``wait``), or no ticket (``refuse``).
        late_is: coming later: wait as a walk-in (``walk-in``), or no ticket (``refuse``).
        no_show_limit: missed appointments within ``no_show_days`` after which a person cannot book; 0 for no limit.
        no_show_days: how long a missed appointment counts, and its person hash is kept.
        days_ahead: how many days ahead can be booked.
    """

    early: timedelta = timedelta(minutes=30)
    late: timedelta = timedelta(minutes=15)
    early_is: Literal["wait", "refuse"] = "wait"
    late_is: Literal["walk-in", "refuse"] = "walk-in"
    no_show_limit: int = 3
    no_show_days: int = 90
    days_ahead: int = 14


@dataclass(frozen=True)
class Rules:
    """A hall's priority classes, ``normal`` always among them, and its other rules.

    Attributes:
        classes: of priority.
        promise_days: working days in which a promised case is done, unless its service says otherwise.
        supplement_days: days after the return of a case in which its resident does not queue anew.
        cases_days: days for which a case keeps its person hash and its notes.
        audit_days: days for which entries of the audit log are kept.
        missed_places: how many waiting tickets a missed ticket that comes back lines up behind.
        missed_limit: how often a missed ticket may come back.
        undo_within: how long a finish or a no-show can be undone.
        per_person_day: tickets per person and day, over all services; 0 for no limit.
        last_ticket: when a service will close before a ticket's turn: ``warn``, ``refuse`` it, or ``off``.
        appointments: rules for appointments.
        day_starts: how long after midnight a hall day begins.
    """

    classes: tuple[PriorityClass, ...] = (_NORMAL, _SENIOR)
    promise_days: int = 5
    supplement_days: int = 30
    cases_days: int = 180
    audit_days: int = 180
    missed_places: int = 3
    missed_limit: int = 2
    undo_within: timedelta = timedelta(seconds=60)
    per_person_day: int = 0
    last_ticket: Literal["warn", "refuse", "off"] = "warn"
    appointments: AppointmentRules = AppointmentRules()
    day_starts: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        ids = [c.id for c in self.classes]
        if NORMAL not in ids:
            object.__setattr__(self, "classes", (_NORMAL, *self.classes))
        if len(set(ids)) != len(ids):
            raise ValueError("two priority classes have one id")
        if any(c.head_start < timedelta(0) for c in self.classes):
            raise ValueError("a head start cannot be negative")

    def named(self, class_id: str) -> PriorityClass:
        """The class of that id; raises :class:`UnknownError` (``unknown_priority``)."""
        for known in self.classes:
            if known.id == class_id:
                return known
        raise UnknownError("unknown_priority", priority=class_id)


@dataclass(frozen=True)
class Why:
    """Why this ticket is called, for clerks and for residents who ask."""

    zh: str
    en: str


IN_ORDER = Why("按取号先后", "In order of issue")


def age_on(today: date, birth_date: date) -> int:
    """Age in whole years; a birthday on 29 February is on 1 March in other years."""
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def class_for(resident: Resident | None, today: date, rules: Rules) -> PriorityClass:
    """The class with the longest head start that the resident's age earns.

    Only a birth date on a card counts. A typed ID number proves no age.
    """
    born = resident.birth_date if resident else None
    earned = [rules.named(NORMAL)]
    if born is not None:
        age = age_on(today, born)
        earned += [c for c in rules.classes if c.min_age is not None and age >= c.min_age]
    return max(earned, key=lambda c: c.head_start)


def rank_at(issued_at: datetime, priority: PriorityClass) -> datetime:
    """The rank of a ticket."""
    # Computed in UTC: in autumn, an hour of the hall's clock comes twice.
    return (issued_at.astimezone(UTC) - priority.head_start).astimezone(issued_at.tzinfo)


@dataclass(frozen=True)
class Standing:
    """A ticket's place in the queue, with all that made its rank.

    Attributes:
        number: as printed.
        priority: its class.
        issued_at: time of issue.
        rank_at: time by which it is ordered.
        rank_by: what else made its rank: ``appointment``, ``missed``, ``supplement``.
        weight: how much earlier the window takes it because of its service.
        slot: begin and end of the appointment that made its rank.
    """

    number: str
    priority: str
    issued_at: datetime
    rank_at: datetime
    rank_by: str | None = None
    weight: timedelta = timedelta(0)
    slot: tuple[datetime, datetime] | None = None

    @property
    def place(self) -> tuple[datetime, datetime]:
        """The sort key: the smallest is next."""
        return self.rank_at - self.weight, self.issued_at


def why(called: Standing, overtaken: str | None, rules: Rules) -> Why:
    """Why this ticket is called now.

    Args:
        called: that ticket.
        overtaken: number of the ticket issued earlier that would be next without it; None if there is none.
        rules: the hall's. A class that was removed since is explained as order of rank.
    """
    if overtaken is None:
        return IN_ORDER
    reason = _advantage(called, rules, public=False)
    return Why(f"{called.number} 先于 {overtaken}：{reason.zh}", f"{called.number} before {overtaken}: {reason.en}")


def why_before(mine: Standing, other: Standing, rules: Rules) -> Why:
    """Why ``other`` is called before ``mine``, or is not, for the holder of ``mine``.

    Classes given by staff, such as for a disability, are never named to others: only classes by age are.

    Args:
        mine: the asker's ticket; its weight is the least that any window serving both gives it.
        other: the ticket asked about; its weight is that of the same window.
        rules: the hall's.
    """
    if mine.place < other.place:
        return Why(f"您的 {mine.number} 排在 {other.number} 前面", f"Your {mine.number} is before {other.number}")
    head = (f"{other.number} 在 {mine.number} 前面", f"{other.number} is before {mine.number}")
    if mine.rank_by == "missed" and other.issued_at >= mine.issued_at:
        own = Why("您的号过号后重新排队，排在其他几位后面", "your number was missed and went back behind some others")
        return Why(f"{head[0]}：{own.zh}", f"{head[1]}: {own.en}")
    if mine.rank_by == "appointment" and mine.rank_at > mine.issued_at:
        span = "–".join(f"{at:%H:%M}" for at in mine.slot or (mine.rank_at,))
        early = Why(
            f"您早到了，从预约的 {span} 开始排", f"you came early and have your place from your appointment at {span}"
        )
        return Why(f"{head[0]}：{early.zh}", f"{head[1]}: {early.en}")
    if other.issued_at <= mine.issued_at and other.rank_by is None:
        early = Why(
            f"{other.issued_at:%H:%M:%S} 取号，比您早", f"it was issued at {other.issued_at:%H:%M:%S}, before yours"
        )
        return Why(f"{head[0]}：{early.zh}", f"{head[1]}: {early.en}")
    reason = _advantage(other, rules, public=True)
    return Why(f"{head[0]}：{reason.zh}", f"{head[1]}: {reason.en}")


def _advantage(one: Standing, rules: Rules, *, public: bool) -> Why:
    """What puts this ticket before one that was issued earlier."""
    if one.rank_by == "appointment":
        span = "–".join(f"{at:%H:%M}" for at in one.slot or (one.rank_at,))
        return Why(f"预约 {span}", f"appointment at {span}")
    if one.rank_by == "supplement":
        return Why("补齐材料后回来，不再重新排队", "back with the missing papers, without a new wait")
    reasons = []
    known = {c.id: c for c in rules.classes}.get(one.priority)
    if known is not None and known.head_start:
        named = not public or known.min_age is not None
        zh, en = (known.name, known.name_en) if named else ("绿色通道", "green channel")
        reasons.append(Why(f"{zh}，提前{_minutes(known.head_start)}分钟", f"{en}, {_head_start(known.head_start)}"))
    if one.weight:
        reasons.append(
            Why(
                f"该窗口优先办理这项业务，提前{_minutes(one.weight)}分钟",
                f"this window takes that service first, {_head_start(one.weight)}",
            )
        )
    if not reasons:
        return Why("按排序时间", "by rank")
    return Why("；".join(r.zh for r in reasons), "; ".join(r.en for r in reasons))


def _minutes(time: timedelta) -> int:
    return round(time / timedelta(minutes=1))


def _head_start(time: timedelta) -> str:
    minutes = _minutes(time)
    return f"{minutes} {'minute' if minutes == 1 else 'minutes'}' head start".replace("minute' ", "minute's ")

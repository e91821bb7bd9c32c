"""Who is next, and why. Pure.

In one sentence: each ticket's rank is when it was issued minus the head start of its class,
and the smallest rank is next. So nobody waits for ever, and any order can be told.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from ticketing.model import NORMAL, Resident, UnknownError


@dataclass(frozen=True)
class PriorityClass:
    """A group of residents with a head start (绿色通道).

    Attributes:
        id: what tickets and settings call it.
        name: for people, with what earns it.
        name_en: the same in English.
        head_start: how much earlier its tickets rank than they were issued.
        min_age: the age in years, by the birth date on the card, that earns it; None when only staff give it.
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
    """What happens around a booked time.

    Attributes:
        early: how long before its slot an appointment can be checked in.
        late: how long after the end of its slot it still can be.
        early_is: who comes earlier still waits for the slot (``wait``), or gets no ticket (``refuse``).
        late_is: who comes later waits like anybody (``walk-in``), or gets no ticket (``refuse``).
        no_show_limit: who missed so many within ``no_show_days`` cannot book; 0 for no limit.
        no_show_days: how long a missed appointment counts, and how long it is known whose it was.
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
    """A hall's classes, ``normal`` always among them, and what it promises.

    Attributes:
        classes: of priority.
        promise_days: working days in which a promised case is done, where its service says nothing else.
        supplement_days: for how many days after a case was returned its resident comes back without a new wait.
        cases_days: for how many days it is known whose a case was.
        missed_places: behind how many waiting tickets one goes that was missed and comes back.
        missed_limit: how often it may come back.
        undo_within: for how long a finish or a no-show can be taken back.
        per_person_day: tickets one person may take in a day, whatever for; 0 for any number.
        last_ticket: when a service will close before a ticket's turn: ``warn``, ``refuse`` it, or ``off``.
        appointments: what happens around a booked time.
        day_starts: how long after midnight a hall day begins.
    """

    classes: tuple[PriorityClass, ...] = (_NORMAL, _SENIOR)
    promise_days: int = 5
    supplement_days: int = 30
    cases_days: int = 180
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
    """Why this ticket is the one that is called, for clerks and for whoever asks them."""

    zh: str
    en: str


IN_ORDER = Why("按取号先后", "In order of issue")


def age_on(today: date, birth_date: date) -> int:
    """Age in whole years; who was born on 29 February is a year older on 1 March in other years."""
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def class_for(resident: Resident | None, today: date, rules: Rules) -> PriorityClass:
    """The class with the longest head start that the resident's age earns.

    Only a birth date counts. A typed ID number is no proof of one, so whoever typed it has no age here.
    """
    born = resident.birth_date if resident else None
    earned = [rules.named(NORMAL)]
    if born is not None:
        age = age_on(today, born)
        earned += [c for c in rules.classes if c.min_age is not None and age >= c.min_age]
    return max(earned, key=lambda c: c.head_start)


def rank_at(issued_at: datetime, priority: PriorityClass) -> datetime:
    """The time by which a ticket stands in the queue."""
    # Reckoned in UTC: on the hall's own clock, an hour of the night in autumn comes twice.
    return (issued_at.astimezone(UTC) - priority.head_start).astimezone(issued_at.tzinfo)


@dataclass(frozen=True)
class Standing:
    """How a ticket stands in the queue, with all that made its rank.

    Attributes:
        number: as printed.
        priority: its class.
        issued_at: when.
        rank_at: by which it is ordered.
        rank_by: what else than issue and class made its rank: ``appointment``, ``missed``, ``supplement``.
        weight: how much earlier the window in question takes it, because of its service.
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
        """What is compared: the smallest is next."""
        return self.rank_at - self.weight, self.issued_at


def why(called: Standing, overtaken: str | None, rules: Rules) -> Why:
    """Why this ticket is called now.

    Args:
        called: that ticket.
        overtaken: number of the ticket issued earlier that would be next without it; None when it passes nobody.
        rules: the hall's. A class that has left them since is told as order of rank.
    """
    if overtaken is None:
        return IN_ORDER
    reason = _advantage(called, rules, public=False)
    return Why(f"{called.number} 先于 {overtaken}：{reason.zh}", f"{called.number} before {overtaken}: {reason.en}")


def why_before(mine: Standing, other: Standing, rules: Rules) -> Why:
    """Why ``other`` is called before ``mine``, or is not, for whoever holds ``mine`` and asks.

    What staff gave a class for, such as a disability, is nobody's business in the hall: only classes by age are named.

    Args:
        mine: the asker's ticket; its weight is the least any window gives it that serves both.
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
    """What lets this ticket go before one that was issued earlier."""
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

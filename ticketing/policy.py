"""Who is next, and why. Pure.

In one sentence: each ticket's rank is when it was issued minus the head start of its class,
and the smallest rank is next. So nobody waits for ever, and any order can be told.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

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
class Rules:
    """A hall's classes; ``normal`` is always among them."""

    classes: tuple[PriorityClass, ...] = (_NORMAL, _SENIOR)

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
    return issued_at - priority.head_start


def why(number: str, priority: str, overtaken: str | None, rules: Rules) -> Why:
    """Why ticket ``number`` is called now.

    Args:
        number: of the called ticket.
        priority: its class.
        overtaken: number of the ticket issued earlier that would be next without it; None when it passes nobody.
        rules: the hall's. A class that has left them since is told as order of rank.
    """
    if overtaken is None:
        return IN_ORDER
    known = {c.id: c for c in rules.classes}.get(priority)
    if known is None:
        return Why(f"{number} 先于 {overtaken}: 按排序时间", f"{number} before {overtaken}: by rank")
    minutes = round(known.head_start / timedelta(minutes=1))
    plural = "minute's" if minutes == 1 else "minutes'"
    return Why(
        f"{number} 先于 {overtaken}: {known.name}，提前{minutes}分钟",
        f"{number} before {overtaken}: {known.name_en}, {minutes} {plural} head start",
    )

"""Every type of event: what it tells, and what it means for followers (screens, speaker, waiting counts).

A verb appends events in its own transaction. Followers read them as :class:`ticketing.model.Event`, with a number and
a time. No other module lists types: a new one is a class here and the verb that appends it. What stands before the
dot of a type (``ticket``, ``window``, ``hall``) says what the event is about; the pages choose by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass
class NewEvent:
    """An event that is not stored yet. Its fields, in their order and without None, are the data of the stored event.

    Fields are never personal data. A field or type that was ever stored keeps its name and meaning: integrators rely
    on them, and stores hold the events of past days. The dataclasses are not frozen, since those take twice as long
    to make.

    Attributes:
        type: its name in the store and in streams.
        spoken: whether the speaker says it.
        changes_all: whether anything that is shown may have changed, so that followers read everything anew.
        waiting: how many tickets more wait in the event's line, by the state that the ticket was in (``was``; None
            where the event does not tell it). The line is ``line``, or else the one of ``service``.
    """

    type: ClassVar[str] = ""
    spoken: ClassVar[bool] = False
    changes_all: ClassVar[bool] = False
    waiting: ClassVar[Mapping[str | None, int]] = {}

    def __init_subclass__(
        cls,
        type: str = "",  # noqa: A002 - the column's word
        spoken: bool = False,
        changes_all: bool = False,
        waiting: Mapping[str | None, int] | None = None,
    ) -> None:
        cls.type, cls.spoken, cls.changes_all, cls.waiting = type, spoken, changes_all, waiting or {}
        if type:
            TYPES[type] = cls


TYPES: dict[str, type[NewEvent]] = {}
"""All types of events by name."""


def kind_of(name: str) -> type[NewEvent]:
    """The class of a type of event; for a type that this version does not know, one that means nothing to followers."""
    return TYPES.get(name, NewEvent)


@dataclass
class TicketEvent(NewEvent):
    """What happens to a ticket: its number and service after the event, and the window where it is or was just now.

    ``merged`` where a box did it while it was cut off from the store: the event then has the time of that, and a
    number among those of when it was merged. So has a window's.
    """

    number: str
    service: str
    window: str | None = None
    merged: bool | None = field(default=None, kw_only=True)


@dataclass
class FromLine(TicketEvent):
    """A ticket may leave a line: ``line``, where that is not its service's own. ``was`` is the state before."""

    was: str | None = None
    line: str | None = None


@dataclass
class IntoLine(TicketEvent):
    """A ticket waits in ``line``, where that is not its service's own. ``was`` is the state before."""

    line: str | None = None
    was: str | None = None


class TicketIssued(TicketEvent, type="ticket.issued", waiting={None: 1}):
    """A ticket waits for the first time, always in its service's own line."""


class TicketCalled(FromLine, type="ticket.called", spoken=True, waiting={None: -1}):
    """A window calls a ticket; ``was`` is told when it did not wait."""


class TicketRecalled(TicketEvent, type="ticket.recalled", spoken=True):
    """A window calls its ticket once more."""


class TicketStarted(TicketEvent, type="ticket.started"):
    """The service at the window begins."""


class TicketHeld(FromLine, type="ticket.held", waiting={"waiting": -1}):
    """A ticket is put on hold; ``was`` is told when it waited."""


class TicketMissed(TicketEvent, type="ticket.missed"):
    """The resident did not come when called."""


class TicketTransferred(IntoLine, type="ticket.transferred", waiting={None: 1, "waiting": 1}):
    """A ticket goes from a window into a line; where ``was`` is told, from the line of that window alone.

    No ticket is issued into the line of a window alone, so its count is never read.
    """


@dataclass
class TicketFinished(TicketEvent, type="ticket.finished"):
    """The service at the window ended."""

    outcome: str | None = None


class TicketCancelled(FromLine, type="ticket.cancelled", waiting={None: -1}):
    """The resident does not come any more; ``was`` is told when the ticket did not wait."""


@dataclass
class TicketExpired(TicketEvent, type="ticket.expired"):
    """The day ended; ``was`` is told when the ticket did not wait. Counts begin anew with the day."""

    was: str | None = None


class TicketReturned(IntoLine, type="ticket.returned", waiting={"held": 1, "missed": 1, "done": 1}):
    """A ticket that was held, missed, done or expired waits again; after an expired one ``hall.changed`` follows."""


class TicketRanked(TicketEvent, type="ticket.ranked"):
    """A ticket has another class; the event tells neither class nor reason, so that screens show nothing of them."""


@dataclass
class TicketUndone(TicketEvent, type="ticket.undone", waiting={"waiting": -1}):
    """The last finish or no-show at a window was undone; ``state`` is the state now.

    Where the ticket waited for the next stop of its chain, ``was`` and ``line`` tell it.
    """

    state: str | None = None
    was: str | None = None
    line: str | None = None


@dataclass
class WindowEvent(NewEvent):
    """What happens to a window. A paused one shows a text.

    The same type comes again when another clerk takes the window over, or when the text changes.
    """

    window: str
    text: str | None = None
    text_en: str | None = None
    merged: bool | None = field(default=None, kw_only=True)


class WindowOpened(WindowEvent, type="window.opened"):
    """The window is open."""


class WindowPaused(WindowEvent, type="window.paused"):
    """The window is paused."""


class WindowClosed(WindowEvent, type="window.closed"):
    """The window is closed."""


@dataclass
class ScreenChanged(NewEvent, type="screen.changed"):
    """A window's screen for its resident has something else to show; the screen asks what, by its own right."""

    window: str


@dataclass
class AlertEvent(NewEvent):
    """What happens to an alert: its id and kind. Screens and strangers follow events, so it tells no more."""

    alert: int
    kind: str


class AlertRaised(AlertEvent, type="alert.raised"):
    """Something stands badly: a wait, a grade, a device."""


class AlertReminded(AlertEvent, type="alert.reminded"):
    """It still stands badly, and is told again with what helps now."""


class AlertCleared(AlertEvent, type="alert.cleared"):
    """It has stood well again for a while."""


@dataclass
class HelpEvent(NewEvent):
    """What happens to a call for help; ``call`` is its id, and staff alone can ask what it is about."""

    call: int


class HelpCalled(HelpEvent, type="help.called"):
    """Somebody wants help."""


class HelpAnswered(HelpEvent, type="help.answered"):
    """Somebody goes."""


class HelpDone(HelpEvent, type="help.done"):
    """It is over."""


class NoticeChanged(NewEvent, type="notice.changed"):
    """A notice was made, changed or withdrawn."""


class HallChanged(NewEvent, type="hall.changed", changes_all=True):
    """Services or windows were changed, or a clock was repaired."""


@dataclass
class HallRestored(NewEvent, type="hall.restored", changes_all=True):
    """The hall was restored from a backup made at ``made_at`` (ISO 8601)."""

    made_at: str

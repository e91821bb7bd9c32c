"""The texts on the LED strip over a window and on a hall's board."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from display.paper.slip import measure_words
from ticketing.model import State, Ticket, Window

TextKind = Literal["idle", "call", "serving", "paused", "closed"]


class Call(Protocol):
    """A call as a board shows it."""

    @property
    def number(self) -> str:
        """The ticket's."""

    @property
    def window(self) -> str:
        """The window's id."""

    @property
    def window_name(self) -> str:
        """What residents are shown."""


CELL = 8
"""Pixels of a half-width character; a Chinese one takes two of them, and a line 16 in height."""


def kind_of_text(window: Window, ticket: Ticket | None) -> TextKind:
    """What a window's strip says: see :func:`strip_text`."""
    if ticket is not None and ticket.state == State.CALLED:
        return "call"
    if ticket is not None and ticket.state == State.SERVING:
        return "serving"
    return "idle" if window.state == "open" else window.state


def strip_text(
    window: Window,
    ticket: Ticket | None,
    width: int = 192,
    height: int = 32,
    texts: Mapping[str, str] | None = None,
) -> str:
    r"""The words for a window's strip, as many as it can show at once: they never scroll.

    Args:
        window: with its state.
        ticket: the one now called or served there.
        width: of the strip, in pixels.
        height: of the strip, in pixels.
        texts: the hall's own words for a window that is ``idle``, ``paused`` or ``closed``; what a clerk gave for a
            pause goes before them.

    Returns:
        One line, or two parted by ``\n`` where one is too narrow and the strip has room for both.
    """
    columns, rows = width // CELL, height // (2 * CELL)
    for lines in _choices(window, ticket, texts or {}):
        if len(lines) <= rows and all(measure_words(line) <= columns for line in lines):
            return "\n".join(lines)
    return _cut(ticket.number if ticket else window.id, columns)


def board_text(calls: Sequence[Call], width: int, height: int, rows: int | None = None, idle: str = "") -> str:
    r"""The last calls, newest first, for a board of the hall.

    Args:
        calls: newest first.
        width: of the board, in pixels.
        height: of the board, in pixels.
        rows: lines that it shows; None: as many as its height has.
        idle: what it says while nobody was called yet.

    Returns:
        A line for each call, parted by ``\n``.
    """
    columns, rows = width // CELL, rows or max(1, height // (2 * CELL))
    lines = [_row(call, columns) for call in calls[:rows]]
    return "\n".join(lines or [_cut(idle or "请等候叫号", columns)])


def _row(call: Call, columns: int) -> str:
    name = call.window_name
    place = f"{call.window}号" if call.window.isdigit() else name
    choices = (f"{call.number} 请到{name}", f"{call.number}请到{place}", f"{call.number} {place}", call.number)
    return next((one for one in choices if measure_words(one) <= columns), _cut(call.number, columns))


def _choices(window: Window, ticket: Ticket | None, texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    """What may be said, the fullest first."""
    kind = kind_of_text(window, ticket)
    if ticket is not None and kind == "call":
        place = f"{window.id}号" if window.id.isdigit() else window.name
        return [
            (f"{ticket.number}请到{window.name}",),
            (ticket.number, f"请到{window.name}"),
            (f"{ticket.number}请到{place}",),
            (ticket.number, f"请到{place}"),
            (ticket.number,),
        ]
    if ticket is not None and kind == "serving":
        return [(f"{ticket.number} 正在办理",), (ticket.number, "正在办理"), (ticket.number,)]
    own = [lines for said in _own(window, texts.get(kind, "")) for lines in ((said,), _halves(said))]
    match window.state:
        case "paused":
            return [*own, ("暂停服务",), ("暂停",)]
        case "closed":
            return [*own, ("窗口关闭",), ("关闭",)]
        case _:
            return [*own, (f"{window.name} 请等候叫号",), (window.name, "请等候叫号"), (window.name,), ("请等候",)]


def _own(window: Window, configured: str) -> list[str]:
    """What clerk and hall have to say in place of the usual words."""
    said = window.pause_text if window.state == "paused" else ""
    return [text for text in (said, configured) if text]


def _halves(text: str) -> tuple[str, ...]:
    """A text in two lines of about one width; parted at a space, if there is any."""
    cuts = [at for at, character in enumerate(text) if character == " "] or range(1, len(text))
    at = min(cuts, key=lambda at: abs(measure_words(text[:at]) - measure_words(text[at:])), default=len(text))
    return tuple(filter(None, (text[:at].strip(), text[at:].strip())))


def _cut(text: str, columns: int) -> str:
    while measure_words(text) > columns:
        text = text[:-1]
    return text

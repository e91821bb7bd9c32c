"""The text on the LED strip over a window."""

from display.slip import measure_words
from ticketing.model import State, Ticket, Window

CELL = 8
"""Pixels of a half-width character; a Chinese one takes two of them, and a line 16 in height."""


def strip_text(window: Window, ticket: Ticket | None, width: int = 192, height: int = 32) -> str:
    r"""The words for a window's strip, as many as it can show at once: they never scroll.

    Args:
        window: with its state.
        ticket: the one now called or served there.
        width: of the strip, in pixels.
        height: of the strip, in pixels.

    Returns:
        One line, or two parted by ``\n`` where one is too narrow and the strip has room for both.
    """
    columns, rows = width // CELL, height // (2 * CELL)
    for lines in _choices(window, ticket):
        if len(lines) <= rows and all(measure_words(line) <= columns for line in lines):
            return "\n".join(lines)
    return _cut(ticket.number if ticket else window.id, columns)


def _choices(window: Window, ticket: Ticket | None) -> list[tuple[str, ...]]:
    """What may be said, the fullest first."""
    if ticket is not None and ticket.state == State.CALLED:
        place = f"{window.id}号" if window.id.isdigit() else window.name
        return [
            (f"{ticket.number}请到{window.name}",),
            (ticket.number, f"请到{window.name}"),
            (f"{ticket.number}请到{place}",),
            (ticket.number, f"请到{place}"),
            (ticket.number,),
        ]
    if ticket is not None and ticket.state == State.SERVING:
        return [(f"{ticket.number} 正在办理",), (ticket.number, "正在办理"), (ticket.number,)]
    match window.state:
        case "paused":
            said = window.pause_text
            own = [(said,), _halves(said)] if said else []
            return [*own, ("暂停服务",), ("暂停",)]
        case "closed":
            return [("窗口关闭",), ("关闭",)]
        case _:
            return [(f"{window.name} 请等候叫号",), (window.name, "请等候叫号"), (window.name,), ("请等候",)]


def _halves(text: str) -> tuple[str, ...]:
    """A text in two lines of about one width; parted at a space, if there is any."""
    cuts = [at for at, character in enumerate(text) if character == " "] or range(1, len(text))
    at = min(cuts, key=lambda at: abs(measure_words(text[:at]) - measure_words(text[at:])), default=len(text))
    return tuple(filter(None, (text[:at].strip(), text[at:].strip())))


def _cut(text: str, columns: int) -> str:
    while measure_words(text) > columns:
        text = text[:-1]
    return text

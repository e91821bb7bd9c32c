"""Why another number is before mine. Anyone with a ticket may ask; the answer holds no personal data."""

from ticketing import policy
from ticketing.day.transaction import Transaction
from ticketing.model import State, TicketRow, Window
from ticketing.policy import Standing, Why

_OVER = {
    State.HELD: Why("{} 暂时挂起，不在您前面", "{} is on hold and not before you"),
    State.DONE: Why("{} 已经办完", "{} is done already"),
    State.MISSED: Why("{} 已过号，不在您前面", "{} was missed and is not before you"),
    State.CANCELLED: Why("{} 已取消", "{} was cancelled"),
    State.EXPIRED: Why("{} 已过期", "{} has expired"),
}
_APART = Why("{0} 由别的窗口办理，不影响您的顺序", "{0} is served at other windows and does not change your turn")
_CALLED = Why(
    "{0} 已经叫到：叫它的窗口当时轮到那项业务", "{0} has been called: its window was free for that service then"
)
_MY_TURN = Why("已经轮到您了，请看叫号屏", "It is your turn already: please look at the screens")
_SELF = Why("这是您自己的号码", "That is your own number")


def why_before(m: Transaction, code_text: str, number: str) -> Why:
    """Why ``number`` is before the ticket with this code, or is not; raises ``unknown_code``, ``unknown_number``."""
    mine = m.row_of_code(code_text)
    other = m.row_of_number(number)
    if other.id == mine.id:
        return _SELF
    if mine.state != State.WAITING:
        return _MY_TURN if mine.at_window else _said(_OVER[State(mine.state)], mine.number)
    if other.state in _OVER:
        return _said(_OVER[State(other.state)], other.number)
    shared = [one for one in m.windows() if _takes(one, mine) and _takes(one, other)]
    if not shared:
        return _said(_APART, other.number)
    standings = [_at(m, one, mine, other) for one in shared]
    # The other is called first where a window that serves both favours it most.
    own, theirs = max(standings, key=lambda pair: pair[1].weight - pair[0].weight)
    if other.at_window and own.place < theirs.place:
        return _said(_CALLED, other.number)
    return policy.why_before(own, theirs, m.rules)


def _takes(window: Window, row: TicketRow) -> bool:
    return window.id == row.only_window if row.only_window else window.serves(row.service_id)


def _at(m: Transaction, window: Window, mine: TicketRow, other: TicketRow) -> tuple[Standing, Standing]:
    weights = window.weights
    return m.standing(mine, weights.get(mine.service_id, 0)), m.standing(other, weights.get(other.service_id, 0))


def _said(words: Why, number: str) -> Why:
    return Why(words.zh.format(number), words.en.format(number))

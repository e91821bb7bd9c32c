"""A card laid at a window: the resident being served is known by it, or whose turn it is not is told.

The card stands for the slip: it is compared with the ticket at the window by the keyed hash of its number, as that of
the resident or of the agent who took the ticket. A card opens what stands on it, and nothing that only the slip opens:
an agent's card tells the agent, not the resident.
"""

from sqlalchemy import bindparam, or_, select, update

from ticketing.day import numbers, print_jobs, residents, serving, windows
from ticketing.day.print_jobs import PrintJob
from ticketing.day.residents import Holders
from ticketing.day.transaction import Transaction, tickets
from ticketing.day.transaction import t as _t
from ticketing.line import calling, issuing, scanning
from ticketing.line.scanning import Scanned
from ticketing.model import OPEN_STATES, Actor, ForbiddenError, Resident, State, StateError, TicketRow, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.store.prepared import Prepared

Refusal = StateError | ForbiddenError | UnknownError

_FOUND = (*OPEN_STATES, State.HELD, State.WAITING, State.MISSED)
"""In which states somebody's ticket is worth telling of; the first of them is told."""
_LITTLE = ("typed", "social-security")
"""Kinds of data that tell hardly more than name and number."""
_PEOPLE_OF = Prepared(select(_t.c.person_hash, _t.c.agent_hash).where(_t.c.id == bindparam("ticket")))
_TICKETS_OF = Prepared(
    tickets.where(
        _t.c.hall_day == bindparam("day"),
        _t.c.person_hash == bindparam("person"),
        or_(tables.live, _t.c.state == tables.word("missed")),
    ).order_by(_t.c.id),
    TicketRow,
)
_SET_PERSON = Prepared(update(_t).where(_t.c.id == bindparam("ticket")).values(person_hash=bindparam("person")))


def identify(m: Transaction, window: str, card: Resident, actor: Actor) -> Scanned | Refusal:
    """Start serving the ticket whose resident the card names, at the window where it is, and open their data.

    Returns:
        The ticket with its resident; or why not, to be raised once the entry in the audit log is kept.
    """
    place = windows.claim(m, m.window(window), actor)
    person = issuing.person_hash(m, card)
    if person is None:
        return StateError("card_no_number")
    row = m.open_at(window)
    theirs = _TICKETS_OF.all(m.conn, {"day": m.day, "person": person})
    if row is None:
        held = next((one for one in theirs if one.state == State.HELD and one.window_id == window), None)
        if held is None:
            return _refused(m, theirs, actor)
        row = scanning.bring_here(m, held, place, actor)
    people = _PEOPLE_OF.one_or_none(m.conn, {"ticket": row.id})
    known = people is not None and people.person_hash is not None
    if person not in (people or ()) and (known or theirs):
        return _refused(m, theirs, actor)
    if not known:
        _SET_PERSON.do(m.conn, {"ticket": row.id, "person": person})
        residents.set_case_of(m, row.id, card)
    ticket = m.ticket(row) if row.state == State.SERVING else calling.start_this(m, row)
    access_log.append(m.conn, m.vault, m.now, actor, "card", row.id, subject=card.id_number)
    shown = serving.read(m, row.hall_day, row.id)
    is_residents = not known or (people is not None and person == people.person_hash)
    # What was read first stays, unless this card tells more.
    if is_residents and (shown is None or (shown.resident.kind in _LITTLE and card.kind not in _LITTLE)):
        also = (shown.agent, shown.forms) if shown else (None, ())
        shown = Holders(card, *also).only(residents.needed_for(m, row))
        serving.keep(m, row.id, window, shown)
    if shown is not None:
        return Scanned(ticket, shown.resident, shown.agent, forms=shown.forms)
    return Scanned(ticket, None, card.only(residents.needed_for(m, row)), closed="agent_card")


def reprint(
    m: Transaction, ticket: int, card: Resident, agent: Resident | None, actor: Actor, *, lost: bool
) -> PrintJob:
    """A slip once more for whose card lies there: it opens the data on the card.

    A box that is cut off does so for its own tickets alone: of the others it does not know which codes are worth
    something by now, and the store would not know of the new one.

    Raises:
        UnknownError: ``unknown_ticket``, also for somebody else's.
        StateError: ``card_needed``: no card was read; ``reprint_later``: it needs the store, which is away; and as
            :func:`print_jobs.reprint`.
    """
    if card.kind == "typed":
        raise StateError("card_needed")
    row = m.row_of(ticket)
    person = issuing.person_hash(m, card)
    if row.hall_day != m.day or person is None or person != issuing.person_of(m, row):
        raise UnknownError("unknown_ticket")
    if m.cut_off and not numbers.is_own(m, row.id):
        raise StateError("reprint_later")
    job = print_jobs.reprint(m, ticket, Holders(card, agent), lost=lost)
    what = "slip-lost" if lost else "card-reprint"
    keep = access_log.note if m.cut_off else access_log.append
    keep(m.conn, m.vault, m.now, actor, what, row.id, subject=card.id_number)
    return job


def _refused(m: Transaction, theirs: list[TicketRow], actor: Actor) -> Refusal:
    row = min(theirs, key=lambda one: _FOUND.index(State(one.state)), default=None)
    access_log.append(m.conn, m.vault, m.now, actor, "card-refused", row and row.id)
    if row is None:
        return UnknownError("card_no_ticket")
    if row.at_window:
        return ForbiddenError("wrong_window", number=row.number, window=row.window_id)
    return StateError("card_not_called", number=row.number, state=row.state)

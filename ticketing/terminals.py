"""A resident's own data at a self-service terminal: slip and card, or where there is no reader slip and a second proof.

Three wrong proofs lock a ticket there. A number that is typed, or that a client claims, opens nothing.

Nobody is told why a terminal does not open a ticket: a code of nothing, an old or an erased one, one that is over,
locked, or whose proof is wrong or missing, all are ``not_opened``. The time that takes may differ: it helps nobody to
guess a code of 80 bits. Each look and each refusal is an entry in the audit log.
"""

import hmac
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from ticketing.cases import cases
from ticketing.cases.cases import Case
from ticketing.day import form_answers, residents
from ticketing.day.form_answers import FilledForm
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import PrintedCode, Transaction
from ticketing.day.transaction import t as _t
from ticketing.line.scanning import Scanned
from ticketing.model import LIVE_STATES, Actor, ForbiddenError, Resident, Ticket, TicketRow, UnknownError, plain_number
from ticketing.privacy import access_log
from ticketing.store.prepared import Prepared

TRIES = 3
"""Wrong proofs until terminals do not open a ticket any more; its window still does."""

TAIL = 6
"""Characters of an ID number's end that prove it where a terminal has no reader; no masked form shows them."""

_WRONG_PROOFS = Prepared(select(_t.c.wrong_proofs).where(_t.c.id == bindparam("ticket")))
_mine = update(_t).where(_t.c.id == bindparam("ticket"))
_WRONG = Prepared(_mine.values(wrong_proofs=_t.c.wrong_proofs + 1))
_RIGHT = Prepared(_mine.values(wrong_proofs=0))


@dataclass(frozen=True)
class Proof:
    """What somebody at a terminal shows besides the slip: the card on the terminal's own reader, or else a tail."""

    id_tail: str | None = None
    card: Resident | None = None

    def __repr__(self) -> str:
        return "<Proof>"


class Terminals:
    """Opens tickets at self-service terminals. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def scan(self, code_text: str, proof: Proof, actor: Actor) -> Scanned:
        """The ticket and its resident's data, for who holds both the slip and a proof.

        The resident's own number proves it, and so does that of an agent who took the ticket for them. A ticket called
        or waiting stays what it is.

        Raises:
            ForbiddenError: ``not_opened``, and nothing else whatever the reason.
        """
        with self._ledger.verb() as m:
            scanned = _open(m, code_text, proof, actor)
        # Raised here: what was counted and logged of a wrong proof is kept.
        if scanned is None:
            raise ForbiddenError("not_opened")
        return scanned

    def look(self, card: Resident, actor: Actor) -> None:
        """Record that what stands on the card at a terminal is used there, to fill in a form."""
        with self._ledger.verb() as m:
            access_log.append(m.conn, m.vault, m.now, actor, "terminal-form", None, subject=card.id_number)

    def hand_in(self, code_text: str, proof: Proof, actor: Actor, form: FilledForm) -> Ticket:
        """Hand a form in with a ticket, for the window; proved and logged as :meth:`scan`.

        It is sealed under the code of the slip that is shown here, and opened at the window by that slip alone.

        Raises:
            ForbiddenError: ``not_opened``.
        """
        with self._ledger.verb() as m:
            scanned = _open(m, code_text, proof, actor)
            code = m.code_in(code_text)
            if scanned is not None and code is not None:
                form_answers.seal(m, m.row_of(scanned.ticket.id), code, form)
        if scanned is None:
            raise ForbiddenError("not_opened")
        return scanned.ticket

    def cases(self, actor: Actor, *, card: Resident | None = None, code_text: str | None = None) -> list[Case]:
        """How cases go on, by the card at the terminal or by the code of a receipt, which may be ``unknown_code``."""
        if card is None:
            with self._ledger.look() as m:
                return [cases.case_of(m, cases.row_of_code(m, code_text or ""))]
        with self._ledger.verb() as m:
            access_log.append(m.conn, m.vault, m.now, actor, "terminal-cases", None, subject=card.id_number)
            return [cases.case_of(m, row) for row in cases.rows_of_person(m, card.id_number or "")]


def _open(m: Transaction, code_text: str, proof: Proof, actor: Actor) -> Scanned | None:
    code = m.code_in(code_text)
    row = _live(m, code)
    tried = _WRONG_PROOFS.scalar(m.conn, {"ticket": row.id}) if row else TRIES
    holders = residents.by_code(m, row, code) if row and tried < TRIES else None
    opens = holders is not None and (_proves(proof, holders.resident) or _proves(proof, holders.agent))
    if row:
        (_RIGHT if opens else _WRONG).later(m.conn, {"ticket": row.id})
    action = "terminal" if opens else "terminal-refused"
    subject = holders.resident.id_number if holders else None
    access_log.append(m.conn, m.vault, m.now, actor, action, row and row.id, subject=subject)
    return Scanned(m.ticket(row), holders.resident, holders.agent) if row and holders and opens else None


def _live(m: Transaction, code: PrintedCode | None) -> TicketRow | None:
    """The row of today's ticket with this code while it is not over."""
    try:
        row = m.row_of_code(code)
    except UnknownError:
        return None
    return row if row.state in LIVE_STATES else None


def _proves(proof: Proof, holder: Resident | None) -> bool:
    """Whether this is the holder's number, or its end."""
    number = plain_number(holder.id_number if holder else None)
    if proof.card is not None:
        shown, wanted = plain_number(proof.card.id_number), number
    else:
        shown, wanted = plain_number(proof.id_tail), number[-TAIL:]
    return len(number) > TAIL and hmac.compare_digest(_bytes(shown), _bytes(wanted))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

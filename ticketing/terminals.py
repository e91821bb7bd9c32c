"""A resident's own data at a self-service terminal: only with a second proof, and with three wrong ones no more.

Nobody is told why a terminal does not open a ticket: a code of nothing, an old or an erased one, one that is over,
locked, or whose proof is wrong or missing, all are ``not_opened``, after the same statements and the same sealing and
unsealing. Each look and each refusal is an entry in the access log.
"""

import hmac
import unicodedata
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update

from ticketing.cases import cases
from ticketing.cases.cases import Case
from ticketing.day import residents
from ticketing.day.ledger import Ledger
from ticketing.day.residents import Holders
from ticketing.day.transaction import Moment
from ticketing.day.transaction import t as _t
from ticketing.line.scanning import Scanned
from ticketing.model import LIVE_STATES, Actor, ForbiddenError, Resident
from ticketing.privacy import access_log, codes
from ticketing.store.opening import Prepared

TRIES = 3
"""Wrong proofs until terminals do not open a ticket any more; its window still does."""

TAIL = 4
"""Characters of an ID number's end that prove it."""

_NOTHING = "0" * codes.LENGTH
_NOBODY = Holders(Resident(id_number="?" * 18))
"""Opened where there is nothing to open, so that this takes as long."""

_KNOWN = Prepared(
    select(_t.c.id, _t.c.hall_day, _t.c.state, _t.c.wrong_proofs).where(_t.c.code_hash == bindparam("code"))
)
_mine = update(_t).where(_t.c.id == bindparam("ticket"))
_WRONG = Prepared(_mine.values(wrong_proofs=_t.c.wrong_proofs + bindparam("more")))
_NEWEST = Prepared(select(func.max(_t.c.id)))
_RIGHT = Prepared(_mine.values(wrong_proofs=0))


@dataclass(frozen=True)
class Proof:
    """What somebody at a terminal shows besides the slip: the end of their ID number, or all of it from the card."""

    id_tail: str | None = None
    id_number: str | None = None

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

    def cases(self, actor: Actor, *, id_number: str | None = None, code_text: str | None = None) -> list[Case]:
        """How cases go on, by the card that lies at the terminal or by the code of a receipt.

        Raises:
            UnknownError: ``unknown_code``, of a receipt.
        """
        if id_number is None:
            with self._ledger.look() as m:
                return [cases.case_of(m, cases.row_of_code(m, code_text or ""))]
        with self._ledger.verb() as m:
            access_log.append(m.conn, m.vault, m.now, actor, "terminal-cases", None)
            return [cases.case_of(m, row) for row in cases.rows_of_person(m, id_number)]


def _open(m: Moment, code_text: str, proof: Proof, actor: Actor) -> Scanned | None:
    row = _KNOWN.one_or_none(m.conn, {"code": m.hash_of(codes.find_code(code_text) or _NOTHING)})
    live = row is not None and row.hall_day == m.day and row.state in LIVE_STATES
    ticket = row.id if row is not None and live else 0
    sealed = residents.sealed_of(m, ticket)
    # Sealed each time, so that there is one to open whatever was found.
    nobody = m.vault.seal(m.conn, m.day, residents.PURPOSE, 0, residents.to_bytes(_NOBODY))
    holders = _unsealed(m, *((ticket, sealed) if sealed is not None else (0, nobody)))
    proven = _proves(proof, holders.resident) | _proves(proof, holders.agent)
    opens = proven and sealed is not None and row is not None and row.wrong_proofs < TRIES
    # A row is written whatever was found: one that is not would show in the time that the disk takes.
    newest = _NEWEST.scalar(m.conn)
    if opens:
        _RIGHT.do(m.conn, {"ticket": ticket})
    else:
        _WRONG.do(m.conn, {"ticket": ticket or newest, "more": 1 if ticket else 0})
    access_log.append(m.conn, m.vault, m.now, actor, "terminal" if opens else "terminal-refused", ticket or None)
    return Scanned(m.ticket(m.row_of(ticket)), holders.resident, holders.agent) if opens else None


def _unsealed(m: Moment, ticket: int, sealed: bytes) -> Holders:
    return residents.from_bytes(m.vault.open(m.conn, m.day, residents.PURPOSE, ticket, sealed))


def _proves(proof: Proof, holder: Resident | None) -> bool:
    """Whether this is the holder's number, or its end; in the same time for anything."""
    number = _plain((holder or _NOBODY.resident).id_number)
    shown, wanted = _plain(proof.id_number or proof.id_tail), number if proof.id_number else number[-TAIL:]
    return hmac.compare_digest(_bytes(shown), _bytes(wanted)) and len(number) > TAIL and holder is not None


def _plain(number: str | None) -> str:
    return "".join(unicodedata.normalize("NFKC", number or "").split()).upper()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

"""A resident's own data at a self-service terminal: only with a second proof, and with three wrong ones no more.

Nobody is told why a terminal does not open a ticket: a code of nothing, an old or an erased one, one that is over,
locked, or whose proof is wrong or missing, all are ``not_opened``. The time that takes may differ: it helps nobody to
guess a code of 80 bits. Each look and each refusal is an entry in the access log.
"""

import hmac
import unicodedata
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from ticketing.cases import cases
from ticketing.cases.cases import Case
from ticketing.day import residents
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.line.scanning import Scanned
from ticketing.model import Actor, ForbiddenError, Resident
from ticketing.privacy import access_log, codes
from ticketing.store import tables
from ticketing.store.prepared import Prepared

TRIES = 3
"""Wrong proofs until terminals do not open a ticket any more; its window still does."""

TAIL = 4
"""Characters of an ID number's end that prove it."""

_LIVE = Prepared(
    select(_t.c.id, _t.c.wrong_proofs).where(
        _t.c.code_hash == bindparam("code"), _t.c.hall_day == bindparam("day"), tables.live
    )
)
_mine = update(_t).where(_t.c.id == bindparam("ticket"))
_WRONG = Prepared(_mine.values(wrong_proofs=_t.c.wrong_proofs + 1))
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
        """How cases go on, by the card at the terminal or by the code of a receipt, which may be ``unknown_code``."""
        if id_number is None:
            with self._ledger.look() as m:
                return [cases.case_of(m, cases.row_of_code(m, code_text or ""))]
        with self._ledger.verb() as m:
            access_log.append(m.conn, m.vault, m.now, actor, "terminal-cases", None)
            return [cases.case_of(m, row) for row in cases.rows_of_person(m, id_number)]


def _open(m: Transaction, code_text: str, proof: Proof, actor: Actor) -> Scanned | None:
    code = codes.find_code(code_text)
    row = _LIVE.one_or_none(m.conn, {"code": m.hash_of(code), "day": m.day}) if code else None
    holders = residents.opened(m, m.day, row.id) if row and row.wrong_proofs < TRIES else None
    opens = holders is not None and (_proves(proof, holders.resident) or _proves(proof, holders.agent))
    if row:
        (_RIGHT if opens else _WRONG).later(m.conn, {"ticket": row.id})
    access_log.append(m.conn, m.vault, m.now, actor, "terminal" if opens else "terminal-refused", row and row.id)
    return Scanned(m.ticket(m.row_of(row.id)), holders.resident, holders.agent) if row and holders and opens else None


def _proves(proof: Proof, holder: Resident | None) -> bool:
    """Whether this is the holder's number, or its end."""
    number = _plain(holder.id_number if holder else None)
    shown, wanted = _plain(proof.id_number or proof.id_tail), number if proof.id_number else number[-TAIL:]
    return len(number) > TAIL and hmac.compare_digest(_bytes(shown), _bytes(wanted))


def _plain(number: str | None) -> str:
    return "".join(unicodedata.normalize("NFKC", number or "").split()).upper()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

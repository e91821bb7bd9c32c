"""Applications (申请): cases that residents open at a terminal, day or night, and that windows take up later.

::

    submitted ──► open (accepted, 受理) ──► ready ──► closed
        │  ▲                │
        │  └── returned ◄───┘ (papers are missing)
        └──► closed: taken back by the resident

The case holds nothing of the person. What a window needs of the application, which is the fields that the matter asks
for and the answers of its form, is sealed beside it under a key made of the key of its month and of the code on the
receipt. That code is kept nowhere, so that the receipt alone opens it, at a window that serves the matter; each look is
an entry in the audit log. It is removed when the case is closed, and with the retention of cases at the latest, when
the month's key is destroyed, too.
"""

import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import bindparam, insert, select

from ticketing.cases import cases
from ticketing.cases.cases import APPLIED, Case, CaseRow
from ticketing.day import residents, windows
from ticketing.day.form_answers import FilledForm
from ticketing.day.idempotency import once
from ticketing.day.ledger import Ledger
from ticketing.day.residents import Holders
from ticketing.day.transaction import Transaction
from ticketing.matters import matters
from ticketing.matters.matters import Matter
from ticketing.model import Actor, ForbiddenError, LimitError, Resident, Service, StateError, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.store.prepared import Prepared, PreparedIn

MOST_SUBMITTED = 5
"""Applications of one person that no window has taken up yet: more than that is no errand, and would bury the list."""
MOST_LISTED = 500

log = logging.getLogger(__name__)

PURPOSE = "application"
"""Purpose they are sealed for."""
_STANDS = ("submitted", "returned")
"""While it is in one of these states a person has no second one for the same matter, and may take it back."""

_a, _c = tables.application, tables.case_file
_INSERT = Prepared(insert(_a).inline())
_SEALED = Prepared(select(_a.c.hall_day, _a.c.papers, _a.c.sealed).where(_a.c.case_id == bindparam("case")))
_PAPERS = PreparedIn(
    lambda ids: select(_a.c.case_id, _a.c.papers).where(_a.c.case_id.in_(ids)),
    "case",
    lambda case, papers: (case, _papers_in(papers)),
)
_ON = Prepared(
    select(*(_c.c[name] for name in CaseRow._fields)).join(_a, _a.c.case_id == _c.c.id).order_by(_c.c.id),
    CaseRow,
)


@dataclass(frozen=True)
class HandedIn:
    """A paper that an application takes; ``later``: the resident brings it afterwards."""

    name: str
    name_en: str
    later: bool


@dataclass(frozen=True)
class Application:
    """An application that goes on. It holds nothing of the person.

    Attributes:
        case: its case, whose ``receipt`` is given where it is opened and nowhere else.
        papers: as they were when it was opened.
    """

    case: Case
    papers: tuple[HandedIn, ...]


@dataclass(frozen=True)
class Opened:
    """An application with what its receipt opens."""

    application: Application
    holders: Holders

    def __repr__(self) -> str:
        return f"<Opened {self.application.case.id}>"


class Applications:
    """Opens applications at terminals and at windows. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def apply(
        self,
        matter: str,
        holders: Holders,
        actor: Actor,
        *,
        later: Collection[int] = (),
        form: FilledForm | None = None,
        key: str | None = None,
    ) -> tuple[Application, bool]:
        """Open the case of an application, at any hour; and whether it was opened now.

        Args:
            matter: what is applied for.
            holders: who applies, by card or slip; as much of them is kept as the matter needs.
            actor: the terminal.
            later: which of the matter's papers are brought afterwards, counted from 0; others than it has are left out.
            form: the matter's form, filled in; for a matter that has one.
            key: the idempotency key: repeated, the request gives the same application.

        Raises:
            UnknownError: ``unknown_matter``.
            StateError: ``matter_not_applied``; ``application_unavailable``: its service is gone;
                ``application_needs_form``; ``card_no_number``; ``already_applied`` (``case``): for the same matter, and
                no window has taken it up.
            LimitError: ``applications_too_many`` (``most``).
        """
        person = holders.resident.id_number
        asked = ("apply", matter, person, sorted(later), form and asdict(form))

        def as_json(made: Application) -> Any:
            return {"case": made.case.id, "receipt": made.case.receipt}

        with self._ledger.verb() as m:

            def again(kept: Any) -> Application:
                case = cases.case_of(m, cases.row_of(m, kept["case"]), kept["receipt"])
                return Application(case, _papers(m, case.id))

            made, new = once(
                m, actor, key, asked, lambda: _apply(m, matter, holders, later, form, actor), as_json, again
            )
        if new:
            log.info("case %s applied for by %s", made.case.id, actor.who)
        return made, new

    def listed(self, *, window: str | None = None) -> list[Application]:
        """The applications that are not closed, oldest first: those of a window's services, or all.

        Raises:
            UnknownError: ``unknown_window``.
        """
        with self._ledger.look() as m:
            at = m.window(window) if window is not None else None
            rows = [row for row in _ON.all(m.conn) if at is None or at.serves(row.service_id)][:MOST_LISTED]
            papers = dict(_PAPERS.all(m.conn, [row.id for row in rows])) if rows else {}
            return [Application(cases.case_of(m, row), papers.get(row.id, ())) for row in rows]

    def find(self, receipt: str) -> Application:
        """How the application with this receipt stands, which may be closed; nothing of its resident is opened.

        Raises:
            UnknownError: ``unknown_code``: no receipt of an application.
        """
        with self._ledger.look() as m:
            row = _row_of_receipt(m, receipt)
            return Application(cases.case_of(m, row), _papers(m, row.id))

    def papers(self, ids: Sequence[int]) -> dict[int, tuple[HandedIn, ...]]:
        """The papers of those of these cases that are applications and not closed."""
        if not ids:
            return {}
        with self._ledger.look() as m:
            return dict(_PAPERS.all(m.conn, list(ids)))

    def open(self, window: str, receipt: str, actor: Actor) -> Opened:
        """Open an application at a window by its receipt. Logged, as is a refusal.

        Raises:
            UnknownError: ``unknown_window``; ``unknown_code``: no receipt of an application.
            StateError: ``window_taken``; ``case_over``: what it kept is gone; ``erased``: so it is, by its age.
            ForbiddenError: ``application_elsewhere`` (``service``): this window does not serve it.
        """
        with self._ledger.verb() as m:
            opened = _open(m, window, receipt, actor)
        # Raised here: the entry in the audit log is kept.
        if isinstance(opened, ForbiddenError):
            raise opened
        log.info("application %s opened at window %s by %s", opened.application.case.id, window, actor.who)
        return opened

    def take_up(self, window: str, case: int, actor: Actor) -> Case:
        """Accept an application at a window (受理): its promised day is told from now on, and the case is the window's.

        Raises:
            UnknownError: ``unknown_window``; ``unknown_case``: no application.
            StateError: ``window_taken``; ``application_taken_up``: by this or another window already; ``case_over``.
            ForbiddenError: ``application_elsewhere`` (``service``).
        """
        with self._ledger.verb() as m:
            here = m.window(window)
            windows.refuse_taken(m, here, actor)
            row = cases.row_of(m, case)
            if row.ticket_id is not None:
                raise UnknownError("unknown_case")
            if not here.serves(row.service_id):
                raise ForbiddenError("application_elsewhere", service=row.service_id)
            if row.progress in ("open", "ready"):
                raise StateError("application_taken_up")
            taken = cases.take_up(m, row, window, actor)
        log.info("application %s taken up at window %s by %s", case, window, actor.who)
        return taken

    def take_back(
        self, actor: Actor, *, card: Resident | None = None, receipt: str = "", matter: str | None = None
    ) -> Case:
        """Take an application back that no window has taken up; what it kept of its resident is removed.

        It is found by its receipt, or by the card that lies at the terminal and the matter.

        Raises:
            UnknownError: ``unknown_code``: no receipt of an application; ``unknown_case``: the card has none of it.
            StateError: ``application_taken_up``; ``case_over``.
        """
        with self._ledger.verb() as m:
            if card is None:
                row = _row_of_receipt(m, receipt)
            else:
                rows = [row for row in cases.rows_of_person(m, card.id_number or "") if row.ticket_id is None]
                row = m.known(
                    next((row for row in rows if row.matter_id == matter and row.progress in _STANDS), None),
                    "unknown_case",
                )
                access_log.append(m.conn, m.vault, m.now, actor, "terminal-cases", None, subject=card.id_number)
            if row.progress in ("open", "ready"):
                raise StateError("application_taken_up")
            over = cases.move(m, row, "closed", None)
        log.info("application %s taken back by %s", over.id, actor.who)
        return over


# -- inside a transaction ----------------------------------------------------------------------------------------------


def _apply(
    m: Transaction, wanted: str, holders: Holders, later: Collection[int], form: FilledForm | None, actor: Actor
) -> Application:
    matter = matters.known(m, wanted)
    service = _service_of(m, matter)
    if (form and form.form) != (matter.form or None):
        raise StateError("application_needs_form")
    number = holders.resident.id_number
    person = residents.case_hash(m, number)
    if person is None:
        raise StateError("card_no_number")
    _refuse_more(m, matter, number)
    case, receipt = cases.apply(m, service.id, matter.id, person)
    papers = tuple(HandedIn(one.name, one.name_en, place in later) for place, one in enumerate(matter.papers))
    needed = residents.needed_by(m, service.id, service.resident_fields, (), [matter.id])
    kept = replace(holders.only(needed), forms=(form,) if form else ())
    key = m.vault.month_key_with(m.day, PURPOSE, receipt.encode())
    _INSERT.later(
        m.conn,
        {
            "case_id": case.id,
            "hall_day": m.day,
            "papers": json.dumps([asdict(one) for one in papers], ensure_ascii=False),
            "sealed": m.vault.seal_under(key, m.day, PURPOSE, case.id, residents.to_bytes(kept)),
        },
    )
    access_log.append(m.conn, m.vault, m.now, actor, "terminal-apply", None, f"case {case.id}", subject=number)
    return Application(case, papers)


def _service_of(m: Transaction, matter: Matter) -> Service:
    """The service that a matter is done at; raises where it cannot be applied for."""
    if not matter.applies:
        raise StateError("matter_not_applied")
    service = m.service_or_none(matter.service)
    if service is None or service.removed:
        raise StateError("application_unavailable")
    return service


def _refuse_more(m: Transaction, matter: Matter, number: str | None) -> None:
    """Raise ``already_applied``, ``applications_too_many``."""
    mine = [row for row in cases.rows_of_person(m, number or "") if row.ticket_id is None and row.progress in _STANDS]
    same = next((row for row in mine if row.matter_id == matter.id), None)
    if same is not None:
        raise StateError("already_applied", case=same.id)
    if len(mine) >= MOST_SUBMITTED:
        raise LimitError("applications_too_many", most=MOST_SUBMITTED)


def _open(m: Transaction, window: str, receipt: str, actor: Actor) -> Opened | ForbiddenError:
    here = m.window(window)
    windows.refuse_taken(m, here, actor)
    row = _row_of_receipt(m, receipt)
    about = f"case {row.id}"
    if not here.serves(row.service_id):
        access_log.append(m.conn, m.vault, m.now, actor, "application-refused", None, about)
        return ForbiddenError("application_elsewhere", service=row.service_id)
    kept = _SEALED.one_or_none(m.conn, {"case": row.id})
    code = m.code_in(receipt)
    if kept is None or code is None:
        raise StateError("case_over")
    data = m.vault.open_of_month(kept.hall_day, PURPOSE, code.text.encode(), row.id, bytes(kept.sealed))
    holders = residents.from_bytes(data)
    access_log.append(m.conn, m.vault, m.now, actor, "application", None, about, subject=holders.resident.id_number)
    return Opened(Application(cases.case_of(m, row), _papers_in(kept.papers)), holders)


def _row_of_receipt(m: Transaction, receipt: str) -> CaseRow:
    row = cases.row_of_code(m, receipt)
    if row.ticket_id is not None or row.outcome != APPLIED:
        raise UnknownError("unknown_code", of="receipt")
    return row


def _papers(m: Transaction, case: int) -> tuple[HandedIn, ...]:
    kept = _SEALED.one_or_none(m.conn, {"case": case})
    return _papers_in(kept.papers) if kept else ()


def _papers_in(text: str) -> tuple[HandedIn, ...]:
    return tuple(HandedIn(**one) for one in json.loads(text))

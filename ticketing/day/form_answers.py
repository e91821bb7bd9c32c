"""What a resident filled in at a terminal for the window (表单): sealed under the code of the slip, like their data.

The code is kept nowhere, so only the slip with which a form was handed in opens it: not one printed again since, nor
the card. A form filled in once more takes the place of the first.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from ticketing.day.transaction import PrintedCode, Transaction
from ticketing.model import TicketRow
from ticketing.store import tables
from ticketing.store.prepared import Prepared

PURPOSE = "form"
"""Purpose they are sealed for."""

_f = tables.form_answer
_INSERT = Prepared(insert(_f).inline())
_OF_CODE = Prepared(select(_f.c.form_id, _f.c.sealed).where(_f.c.code_hash == bindparam("code")).order_by(_f.c.form_id))
_REMOVE = Prepared(delete(_f).where(_f.c.ticket_id == bindparam("ticket"), _f.c.form_id == bindparam("form")))
_REMOVE_ALL = Prepared(delete(_f).where(_f.c.ticket_id == bindparam("ticket")))


@dataclass(frozen=True)
class FormField:
    """A field that was filled in; its words come along, as another box need not have the form."""

    key: str
    label: str
    label_en: str
    value: str

    def __repr__(self) -> str:
        return f"<FormField {self.key}>"


@dataclass(frozen=True)
class FilledForm:
    """A form that was filled in: its id and names, and its fields in their order."""

    form: str
    name: str
    name_en: str
    fields: tuple[FormField, ...]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "FilledForm":
        """The reverse of ``asdict``."""
        fields = tuple(FormField(**one) for one in values["fields"])
        return cls(values["form"], values["name"], values["name_en"], fields)


def seal(m: Transaction, row: TicketRow, code: PrintedCode, form: FilledForm) -> None:
    """Seal a form for a ticket of today under this code; an earlier one of the same kind is gone."""
    key = m.vault.key_with(m.conn, row.hall_day, PURPOSE, code.text.encode())
    data = json.dumps(asdict(form), ensure_ascii=False).encode("utf-8", "surrogatepass")
    _REMOVE.later(m.conn, {"ticket": row.id, "form": form.form})
    _INSERT.later(
        m.conn,
        {
            "ticket_id": row.id,
            "form_id": form.form,
            "hall_day": row.hall_day,
            "code_hash": code.hash,
            "sealed": m.vault.seal_under(key, row.hall_day, PURPOSE, _ident(row.id, form.form), data),
        },
    )


def by_code(m: Transaction, row: TicketRow, code: PrintedCode | None) -> tuple[FilledForm, ...]:
    """The forms that were handed in with this code; raises :class:`ErasedError` once the day is erased."""
    rows = _OF_CODE.all(m.conn, {"code": code.hash}) if code else []
    if code is None or not rows:
        return ()
    key = m.vault.key_with(m.conn, row.hall_day, PURPOSE, code.text.encode())
    opened = (
        m.vault.open_under(key, row.hall_day, PURPOSE, _ident(row.id, one.form_id), bytes(one.sealed)) for one in rows
    )
    return tuple(FilledForm.from_json(json.loads(data.decode("utf-8", "surrogatepass"))) for data in opened)


def forget(m: Transaction, ticket: int) -> None:
    """Remove a ticket's forms: the slip that opened them is worth nothing any more."""
    _REMOVE_ALL.later(m.conn, {"ticket": ticket})


def _ident(ticket: int, form: str) -> str:
    return f"{ticket} {form}"

"""Filling a form in: what card, slip and matter say, what is asked, and what is left for the pen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kiosk.forms.files import Form, FormField
from ticketing.day.form_answers import FilledForm
from ticketing.day.form_answers import FormField as Filled
from ticketing.matters.matters import Matter
from ticketing.model import Coded, Resident, StateError

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")


@dataclass(frozen=True)
class Known:
    """What is known before anything is asked."""

    resident: Resident
    agent: Resident | None
    matter: Matter | None
    number: str | None
    today: date

    def __repr__(self) -> str:
        return "<Known>"


@dataclass(frozen=True)
class Entry:
    """A field with its value so far; ``ask``: the resident is asked for it; ``value`` "" for what the pen writes."""

    field: FormField
    value: str
    ask: bool

    def __repr__(self) -> str:
        return f"<Entry {self.field.key}>"


def begin(form: Form, known: Known) -> list[Entry]:
    """The fields of a form, filled in as far as that is known."""
    return [_entry(field, known) for field in form.file.fields]


def fill(form: Form, known: Known, answers: Mapping[str, str]) -> list[Entry]:
    """The same with the resident's answers to what was asked.

    Raises:
        StateError: ``form_answer_missing``, ``form_answer_wrong`` (``field``: its words; ``rule``: what it must be).
    """
    return [Entry(one.field, _answered(one.field, answers), True) if one.ask else one for one in begin(form, known)]


def filled_form(form: Form, entries: list[Entry]) -> FilledForm:
    """What is handed to the window: the fields that have a value."""
    rows = tuple(Filled(one.field.key, one.field.label, one.field.label_en, one.value) for one in entries if one.value)
    return FilledForm(form.id, form.file.name, form.file.name_en, rows)


def _entry(field: FormField, known: Known) -> Entry:
    if field.kind == "pen":
        return Entry(field, "", False)
    value = _from_source(field.source, known)
    asks = field.source == "asked" or (not value and field.otherwise == "asked")
    return Entry(field, value, asks)


def _from_source(source: str, known: Known) -> str:
    of, _, name = source.partition(".")
    match of:
        case "today":
            return _text(known.today)
        case "number":
            return known.number or ""
        case "resident":
            return _text(getattr(known.resident, name), card=known.resident, name=name)
        case "agent":
            return _text(getattr(known.agent, name, None))
        case "matter":
            return _text(getattr(known.matter, name, None))
    return ""


def _text(value: object, *, card: Resident | None = None, name: str = "") -> str:
    if isinstance(value, Coded):
        return value.label or value.code
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    if value is None and name == "valid_until" and card is not None and card.valid_from is not None:
        return "长期"
    return "" if value is None else str(value)


def _answered(field: FormField, answers: Mapping[str, str]) -> str:
    value = answers.get(field.key, "").strip()
    if not value:
        if field.required:
            raise StateError("form_answer_missing", field=field.label)
        return ""
    if field.kind == "date":
        return _text(_date(field, value))
    fits = len(value) <= field.longest and value.isprintable()
    if field.kind == "choice":
        fits = value in {one.value for one in field.choices}
    elif field.kind == "number":
        fits = fits and _NUMBER.fullmatch(value) is not None
    if not fits or (field.pattern and re.fullmatch(field.pattern, value) is None):
        raise _wrong(field)
    return value


def _date(field: FormField, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _wrong(field) from None


def _wrong(field: FormField) -> StateError:
    if not field.pattern_words:
        return StateError("form_answer_wrong", field=field.label)
    rule, rule_en = field.pattern_words, field.pattern_words_en or field.pattern_words
    return StateError("form_answer_wrong", field=field.label, rule=rule, rule_en=rule_en)

"""``/terminals/{t}/forms``: forms filled in at a terminal, printed on A4, or handed to the window with the ticket.

What stands in them is asked for with each request, by the same proof as a resident's data: the card that lies there, or
the slip and a second proof. Nothing of a form is kept between two requests.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from flask import Response
from pydantic import Field

from kiosk.exchange.papers import code_url
from kiosk.forms import filling, printing
from kiosk.forms.files import LONGEST, MOST_FIELDS, Form
from kiosk.web.api.terminals import TerminalPath, own_terminal, proof_at, shown_at
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.qr import qr_data
from kiosk.web.schema.answers import Answer, answer, joined
from kiosk.web.schema.bodies import Identifier, MayBeEmpty
from kiosk.web.schema.routes import Routes, idempotency_key
from ticketing.matters.matters import Matter
from ticketing.model import Actor, StateError, UnknownError
from ticketing.terminals import Proof


class FormPath(TerminalPath):
    """The terminal's id, and the form's."""

    form: str = Field(max_length=64)


class FormBody(MayBeEmpty):
    """Whose form: by a slip and a second proof, or without one by the card that lies there; and for which matter."""

    code: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    id_tail: Annotated[str, Field(max_length=64)] | None = None
    matter: Identifier | None = None


class FilledBody(FormBody):
    """The same with the answers to what was asked, by key; a date is `YYYY-MM-DD`."""

    answers: Annotated[dict[Identifier, Annotated[str, Field(max_length=LONGEST)]], Field(max_length=MOST_FIELDS)] = (
        Field(default_factory=dict)
    )


class HandInBody(FilledBody):
    """The same; without a slip a number is taken for the matter's service, or for this one."""

    service: Identifier | None = None


class FormAnswer(Answer):
    """A form that can be filled in here, and the matters it is for."""

    id: str
    name: str
    name_en: str
    matters: list[str]


class FormsAnswer(Answer):
    """All of them; `prints`: whether they come out on paper here."""

    prints: bool
    forms: list[FormAnswer]


class ChoiceAnswer(Answer):
    """A value to choose."""

    value: str
    label_en: str


class FieldAnswer(Answer):
    """A field; `ask`: the resident is asked for its value. One without value that is not asked is left for the pen."""

    key: str
    label: str
    label_en: str
    kind: Literal["text", "number", "date", "choice", "pen"]
    required: bool
    longest: int
    pattern: str
    pattern_words: str
    pattern_words_en: str
    choices: list[ChoiceAnswer]
    value: str
    ask: bool


class BegunAnswer(FormAnswer):
    """A form as far as it is filled in."""

    fields: list[FieldAnswer]


class PrintedAnswer(Answer):
    """What went to the printer; `by_hand`: fields with a character that cannot be printed here."""

    pages: int
    by_hand: list[str]


class HandedInAnswer(Answer):
    """The number it was handed in with; `new`: taken for it now, and its slip is printed."""

    number: str
    ahead: int
    new: bool
    qr: str = Field("", description="the code of a slip that is not printed, as a `data:` address of an SVG")


@dataclass(frozen=True)
class _Asked:
    """A form that somebody fills in at a terminal, and by what proof."""

    form: Form
    who: Actor
    matter: Matter | None
    proof: Proof
    known: filling.Known


def routes(hall: Hall) -> Routes:
    """The routes of forms."""
    api = Routes("forms", "Forms filled in at terminals")
    prints: printing.Prints[PrintedAnswer] = printing.Prints()

    def asked(path: FormPath, body: FormBody) -> _Asked:
        form = hall.forms.get(path.form)
        if form is None:
            raise UnknownError("unknown_form")
        who, matter = own_terminal(path.terminal), matter_of(form, body.matter)
        shown = shown_at(hall, path.terminal, body.code, body.id_tail)
        if shown.ticket is None:
            hall.terminals.look(shown.resident, who)
        number, today = shown.ticket.number if shown.ticket else None, hall.office.ledger.today()
        known = filling.Known(shown.resident, shown.agent, matter, number, today)
        return _Asked(form, who, matter, proof_at(hall, path.terminal, body.id_tail), known)

    def matter_of(form: Form, wanted: str | None) -> Matter | None:
        known = hall.matters.listed().by_id
        there = [one for one in form.file.matters if one in known]
        matter = wanted or (there[0] if len(there) == 1 else None)
        return hall.matters.find(matter) if matter else None

    @api.get("/terminals/<terminal>/forms", summary="Forms to fill in here", responses={"200": FormsAnswer})
    @allow("terminal", terminal=True)
    def listed(path: TerminalPath) -> Response:
        own_terminal(path.terminal)
        forms = [_form(one) for one in hall.forms.values()]
        return answer(FormsAnswer(prints=bool(hall.settings.forms.printer), forms=forms))

    @api.post("/terminals/<terminal>/forms/<form>", summary="Begin a form", responses={"200": BegunAnswer})
    @allow("terminal", terminal=True)
    def begin(path: FormPath, body: FormBody) -> Response:
        """Filled in as far as card, slip and matter say; each look is an entry in the audit log."""
        one = asked(path, body)
        fields = [
            FieldAnswer.of(joined(entry.field, value=entry.value, ask=entry.ask))
            for entry in filling.begin(one.form, one.known)
        ]
        return answer(BegunAnswer(**_form(one.form).model_dump(), fields=fields))

    @api.post("/terminals/<terminal>/forms/<form>/print", summary="Print it on A4", responses={"200": PrintedAnswer})
    @allow("terminal", terminal=True)
    def print_form(path: FormPath, body: FilledBody) -> Response:
        """Repeated with its `Idempotency-Key`, since the page gave up before CUPS took it, it is printed once."""
        settings, key = hall.settings.forms, idempotency_key()
        if not settings.printer:
            raise StateError("form_not_printed")
        one = asked(path, body)
        entries = filling.fill(one.form, one.known, body.answers)
        # Imported here: a hall without forms has no library for PDF.
        from kiosk.forms import paper

        def send() -> PrintedAnswer:
            made = paper.print_form(one.form, entries, settings.font, hall.settings.hall.name, hall.clock())
            printing.send(made.pdf, settings.printer)
            return PrintedAnswer(pages=made.pages, by_hand=list(made.by_hand))

        told = {entry.field.key: entry.value for entry in entries}
        return answer(prints.once(key and f"{one.who.who}\n{key}", (one.form.id, told), send))

    @api.post("/terminals/<terminal>/forms/<form>/hand-in", summary="For the window", responses={"200": HandedInAnswer})
    @allow("terminal", terminal=True)
    def hand_in(path: FormPath, body: HandInBody) -> Response:
        """Sealed under the code of the slip, which opens it at the window; without a slip, a number is taken for it."""
        one = asked(path, body)
        form = filling.filled_form(one.form, filling.fill(one.form, one.known, body.answers))
        if body.code is not None:
            ticket = hall.terminals.hand_in(body.code, one.proof, one.who, form)
            return answer(HandedInAnswer(number=ticket.number, ahead=ticket.ahead, new=False))
        service = one.matter.service if one.matter else body.service
        if service is None:
            raise StateError("form_needs_slip")
        issued = hall.office.issue(
            service,
            one.who,
            resident=one.known.resident,
            matters=[one.matter.id] if one.matter else [],
            print=hall.printing.present,
            key=idempotency_key(),
        )
        hall.terminals.hand_in(issued.code, Proof(card=one.known.resident), one.who, form)
        if issued.print_job is not None:
            hall.printing.wake()
        qr = "" if hall.printing.present else qr_data(code_url(hall.settings.hall.public_host, issued.code))
        ticket = issued.ticket
        return answer(HandedInAnswer(number=ticket.number, ahead=ticket.ahead, new=True, qr=qr))

    return api


def _form(form: Form) -> FormAnswer:
    return FormAnswer(id=form.id, name=form.file.name, name_en=form.file.name_en, matters=list(form.file.matters))

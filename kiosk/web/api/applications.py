"""``/terminals/{t}/applications``, ``/windows/{w}/applications``: what residents apply for, and windows take up (申请).

``/desk/applications``: how one stands, for the guide desk.

What stands in an application is opened by its receipt alone, so its lists hold nothing of anybody. The receipt is
printed from memory: its code is in no store, so that what did not come out of the printer is shown on the screen.
"""

from collections import OrderedDict
from datetime import date
from types import SimpleNamespace
from typing import Annotated, ClassVar, Literal

from flask import Response
from pydantic import Field

from display.paper.receipt import Receipt, lay_out_receipt
from kiosk.exchange.papers import code_url
from kiosk.forms import filling
from kiosk.resident.slips import items_of
from kiosk.web.api.cases import ProgressAnswer, with_names
from kiosk.web.api.forms import FilledBody
from kiosk.web.api.terminals import TerminalPath, WhoseBody, card_at, own_terminal, shown_at
from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.qr import qr_data
from kiosk.web.schema.answers import Answer, FilledFormAnswer, Instant, ResidentAnswer, answer, joined
from kiosk.web.schema.bodies import Body, Identifier
from kiosk.web.schema.routes import Routes, WindowPath, idempotency_key
from ticketing.cases.applications import Application
from ticketing.day.form_answers import FilledForm
from ticketing.day.residents import Holders
from ticketing.matters.matters import Matter
from ticketing.model import StateError, UnknownError

RECEIPTS_KNOWN = 50
"""Receipts whose print can be asked for."""


class ReceiptPath(TerminalPath):
    """The terminal's id, and the case's."""

    unknown: ClassVar[str] = "unknown_case"
    case: int = Field(ge=1, lt=2**63)


class TakeUpPath(WindowPath):
    """The window's id, and the case's."""

    unknown: ClassVar[str] = "unknown_case"
    case: int = Field(ge=1, lt=2**63)


class ApplicationBody(FilledBody):
    """A matter to apply for, by the same proof as a form of it, which is filled in here where it has one."""

    matter: Identifier
    later: Annotated[
        list[Annotated[int, Field(ge=0, lt=1000)]],
        Field(max_length=100, description="which of its papers are handed in later, counted from 0"),
    ] = Field(default_factory=list)


class TakeBackBody(WhoseBody):
    """An application, by its receipt, or by the card that lies there and its matter."""

    matter: Identifier | None = None


class ScannedReceiptBody(Body):
    """What was scanned or typed."""

    code: str = Field(min_length=1, max_length=512)


class ApplicationPaperAnswer(Answer):
    """A paper that it takes; `later`: it is brought afterwards."""

    name: str
    name_en: str
    later: bool


class ApplicationAnswer(Answer):
    """An application; nothing in it says whose it is. The day is promised once a window has taken it up."""

    id: int
    matter: str | None
    matter_name: str
    matter_name_en: str
    service: str
    service_name: str
    service_name_en: str
    state: Literal["submitted", "open", "ready", "returned", "closed"]
    applied_at: Instant
    updated_at: Instant
    promised_on: date | None
    note: str | None
    papers: list[ApplicationPaperAnswer]


class ApplicationsAnswer(Answer):
    """Applications that are not closed, oldest first."""

    applications: list[ApplicationAnswer]


class AppliedAnswer(ApplicationAnswer):
    """What was applied for, with the code on its receipt, which is told nowhere else."""

    code: str
    qr: str = Field(description="the code as a `data:` address of an SVG, for a receipt that is not printed")
    printing: bool = Field(description="whether this box prints the receipt")


class OpenedApplicationAnswer(ApplicationAnswer):
    """The same with what the receipt opens, as much as the matter needs; `agent` applied for them."""

    resident: ResidentAnswer
    agent: ResidentAnswer | None
    forms: list[FilledFormAnswer]


class ReceiptPrintAnswer(Answer):
    """What became of a receipt: `unconfirmed` may be out, `failed` is not."""

    state: Literal["pending", "printed", "unconfirmed", "failed"]


class Receipts:
    """Prints the receipts of applications on this box. Safe to use from any thread: one step of a dictionary each."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._leaflets: OrderedDict[int, int] = OrderedDict()

    def print(self, made: Application, matter: Matter) -> bool:
        """Print one; False where no printer takes it."""
        hall, case, code = self._hall, made.case, made.case.receipt or ""
        receipt = Receipt(
            hall=hall.settings.hall.name,
            service=matter.name,
            service_en=matter.name_en,
            outcome=case.outcome,
            promised_on=None,
            number=f"办件 {case.id}",
            ended_at=case.ended_at,
            link=code_url(hall.settings.hall.public_host, code, "P"),
            code=code,
        )
        layout = hall.in_force.papers().receipt
        try:
            self._leaflets[case.id] = hall.printing.print_leaflet(
                f"application {case.id}", lambda columns: items_of(lay_out_receipt(receipt, columns, layout))
            )
        except StateError:
            # The page shows the code instead, and says so.
            return False
        while len(self._leaflets) > RECEIPTS_KNOWN:
            self._leaflets.popitem(last=False)
        return True

    def state(self, case: int) -> Literal["pending", "printed", "unconfirmed", "failed"]:
        """What became of one; of a box that began anew since, ``failed``."""
        leaflet = self._leaflets.get(case)
        if leaflet is None:
            return "failed"
        try:
            became = self._hall.printing.leaflet(leaflet)
        except UnknownError:
            return "failed"
        return became.state if became else "pending"


def routes(hall: Hall) -> Routes:
    """The routes of applications."""
    api = Routes("applications", "What residents apply for at terminals")
    receipts = Receipts(hall)

    def told(one: Application, **more: object) -> SimpleNamespace:
        return joined(with_names(hall, one.case), applied_at=one.case.ended_at, papers=one.papers, **more)

    @api.post("/terminals/<terminal>/applications", summary="Apply for a matter", responses={"201": AppliedAnswer})
    @allow("terminal", terminal=True)
    def apply(path: TerminalPath, body: ApplicationBody) -> Response:
        """At any hour. By the card that lies there; with a slip, also by its second proof."""
        who, matter = own_terminal(path.terminal), hall.matters.find(body.matter)
        shown = shown_at(hall, path.terminal, body.code, body.id_tail)
        filled: FilledForm | None = None
        if matter.applies and matter.form:
            form = hall.forms.get(matter.form)
            if form is None:
                raise UnknownError("unknown_form")
            known = filling.Known(shown.resident, shown.agent, matter, None, hall.office.ledger.today())
            filled = filling.filled_form(form, filling.fill(form, known, body.answers))
        made, new = hall.applications.apply(
            matter.id,
            Holders(shown.resident, shown.agent),
            who,
            later=body.later,
            form=filled,
            key=idempotency_key(),
        )
        printing = receipts.print(made, matter) if new else receipts.state(made.case.id) != "failed"
        code = made.case.receipt or ""
        qr = qr_data(code_url(hall.settings.hall.public_host, code, "P"))
        return answer(AppliedAnswer.of(told(made, code=code, qr=qr, printing=printing)), 201)

    @api.get(
        "/terminals/<terminal>/applications/<int:case>/receipt",
        summary="Whether a receipt is printed",
        responses={"200": ReceiptPrintAnswer},
    )
    @allow("terminal", terminal=True)
    def receipt(path: ReceiptPath) -> Response:
        own_terminal(path.terminal)
        return answer(ReceiptPrintAnswer(state=receipts.state(path.case)))

    @api.post(
        "/terminals/<terminal>/applications/take-back",
        summary="Take an application back",
        responses={"200": ProgressAnswer},
    )
    @allow("terminal", terminal=True)
    def take_back(path: TerminalPath, body: TakeBackBody) -> Response:
        """While no window has taken it up; what it holds of its resident is removed."""
        who = own_terminal(path.terminal)
        with hall.wrong_codes.watch(f"terminal {path.terminal}", body.code or ""):
            if body.code is not None:
                over = hall.applications.take_back(who, receipt=body.code)
            else:
                card = card_at(hall, path.terminal)
                over = hall.applications.take_back(who, card=card, matter=body.matter)
        return answer(ProgressAnswer.of(with_names(hall, over)))

    @api.get("/applications", summary="All that is applied for", responses={"200": ApplicationsAnswer})
    @allow("desk", "manager")
    def listed() -> Response:
        return answer(ApplicationsAnswer.of({"applications": [told(one) for one in hall.applications.listed()]}))

    @api.post("/desk/applications", summary="Find one by its receipt", responses={"200": ApplicationAnswer})
    @allow("desk")
    def find(body: ScannedReceiptBody) -> Response:
        """How it stands; what was handed in with it opens at a window of its service alone."""
        with hall.wrong_codes.watch(actor().who, body.code):
            return answer(ApplicationAnswer.of(told(hall.applications.find(body.code))))

    @api.get("/windows/<window>/applications", summary="For this window", responses={"200": ApplicationsAnswer})
    @allow("clerk", window=True)
    def at_window(path: WindowPath) -> Response:
        """Those of the services that it serves."""
        found = hall.applications.listed(window=path.window)
        return answer(ApplicationsAnswer.of({"applications": [told(one) for one in found]}))

    @api.post(
        "/windows/<window>/applications",
        summary="Open one by its receipt",
        responses={"200": OpenedApplicationAnswer},
    )
    @allow("clerk", window=True)
    def open_one(path: WindowPath, body: ScannedReceiptBody) -> Response:
        """Each look is an entry in the audit log."""
        with hall.wrong_codes.watch(actor().who, body.code):
            opened = hall.applications.open(path.window, body.code, actor())
        return answer(OpenedApplicationAnswer.of(told(opened.application, **vars(opened.holders))))

    @api.post(
        "/windows/<window>/applications/<int:case>/take-up",
        summary="Accept an application",
        responses={"200": ApplicationAnswer},
    )
    @allow("clerk", window=True)
    def take_up(path: TakeUpPath) -> Response:
        """From then on it has a promised day, and goes on by `POST /cases/{id}/progress`."""
        case = hall.applications.take_up(path.window, path.case, actor())
        papers = hall.applications.papers([case.id]).get(case.id, ())
        return answer(ApplicationAnswer.of(told(Application(case, papers))))

    return api

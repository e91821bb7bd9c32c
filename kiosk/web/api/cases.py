"""``/cases``, ``/progress``: what was done for somebody, and how it goes on."""

from datetime import date
from types import SimpleNamespace
from typing import Annotated, ClassVar, Literal

from flask import Response
from pydantic import Field

from kiosk.web.api.tickets import CodePath
from kiosk.web.api.windows import CaseBody
from kiosk.web.auth import actor, allow, gate, public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, CaseAnswer, Instant, answer, joined, named
from kiosk.web.schema.bodies import Body, Line
from kiosk.web.schema.routes import NamedPath, Routes, WindowPath
from ticketing.cases.cases import LONGEST_NOTE, Case, Further
from ticketing.line.supplements import Back

State = Literal["open", "ready", "returned", "closed"]
"""What a case is moved to; an application is ``submitted`` before."""


class CasePath(NamedPath):
    """The case's id."""

    unknown: ClassVar[str] = "unknown_case"
    case: int = Field(ge=1, lt=2**63)


class ProgressBody(Body):
    """How a case goes on; `note` is for whoever holds the receipt, and holds nothing personal."""

    state: State
    note: Annotated[Line, Field(max_length=LONGEST_NOTE)] | None = None


class BroughtAnswer(Answer):
    """A paper that is still to be brought."""

    name: str
    name_en: str


class ProgressAnswer(Answer):
    """How a case goes on; nothing in it says whose it is."""

    service: str
    service_name: str
    service_name_en: str
    matter: str | None = Field(description="what it is of")
    matter_name: str
    matter_name_en: str
    outcome: str = Field(description="`applied`: it was applied for at a terminal")
    state: State | Literal["submitted"] | None = Field(
        description="null: it was over at once; `submitted`: no window has taken up the application yet"
    )
    promised_on: date | None
    updated_at: Instant
    note: str | None
    to_bring: list[BroughtAnswer] = Field(description="papers of an application that were to be handed in later")


class MovedAnswer(ProgressAnswer):
    """The same for those who work on it."""

    id: int


class BackAnswer(Answer):
    """The place in the queue of somebody who brought missing papers; `new`: with a number of today."""

    number: str
    service: str
    state: str
    ahead: int
    code: str
    new: bool


def with_names(hall: Hall, case: Case) -> SimpleNamespace:
    """A case with the names of its service and matter, and the papers that are still to be brought."""
    matter = next(iter(hall.matters.of([case.matter] if case.matter else [])), None)
    papers = hall.applications.papers([case.id] if case.is_application else []).get(case.id, ())
    return joined(
        case,
        named(hall.service(case.service), case.service),
        matter_name=matter.name if matter else "",
        matter_name_en=matter.name_en if matter else "",
        to_bring=[one for one in papers if one.later],
    )


def of_back(hall: Hall, back: Back) -> BackAnswer:
    """A place in the queue; its slip is printed."""
    if back.print_job is not None:
        hall.printing.wake()
    return BackAnswer.of(joined(back.ticket, back))


def routes(hall: Hall) -> Routes:
    """The routes of cases."""
    api = Routes("cases", "What was done, and how it goes on")

    @api.post("/windows/<window>/cases", summary="Another case on the ticket here", responses={"201": CaseAnswer})
    @allow("clerk", window=True)
    def record(path: WindowPath, body: CaseBody) -> Response:
        """Before the ticket is finished, which records its own case."""
        further = Further(body.service, body.outcome, body.promise_days, body.matter)
        case = hall.cases.record_here(path.window, actor(), further, print=hall.printing.present)
        if case.receipt:
            hall.printing.wake()
        return answer(CaseAnswer.of(case), 201)

    @api.get("/progress/<code>", summary="How a case goes on, by its receipt", responses={"200": ProgressAnswer})
    @public
    def progress(path: CodePath) -> Response:
        with hall.wrong_codes.watch(gate().address(), path.code):
            return answer(ProgressAnswer.of(with_names(hall, hall.cases.progress(path.code))))

    @api.post("/cases/<int:case>/progress", summary="Tell how a case goes on", responses={"200": MovedAnswer})
    @allow("clerk", "desk")
    def move(path: CasePath, body: ProgressBody) -> Response:
        """`returned`: papers are missing, and its resident comes back with them without a new wait."""
        case = hall.cases.move(path.case, body.state, body.note or None, actor())
        return answer(MovedAnswer.of(with_names(hall, case)))

    @api.post("/cases/<int:case>/print", summary="Print a receipt again, marked 补打", responses={"204": None})
    @allow("clerk", "desk")
    def print_again(path: CasePath) -> Response:
        hall.cases.reprint(path.case, actor())
        hall.printing.wake()
        return Response(status=204)

    @api.post("/tickets/<code>/supplement", summary="Back with missing papers", responses={"200": BackAnswer})
    @public
    def come_back(path: CodePath) -> Response:
        """By the code of the receipt, or of the ticket, once for each case.

        On the same day the number is the same; on another it is a new one, first in its service's line.
        """
        with hall.wrong_codes.watch(gate().address(), path.code):
            return answer(of_back(hall, hall.supplements.by_code(path.code, "resident", print=False)))

    @api.post("/desk/cases/<code>/supplement", summary="Let somebody back with papers", responses={"200": BackAnswer})
    @allow("desk", "kiosk")
    def let_back(path: CodePath) -> Response:
        """The same, and a new number is printed here."""
        with hall.wrong_codes.watch(actor().who, path.code):
            back = hall.supplements.by_code(path.code, actor().who, print=hall.printing.present)
        return answer(of_back(hall, back))

    return api

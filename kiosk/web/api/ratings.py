"""Ratings (好差评): grades from phones and from the tablet at a window, and the work that low ones make.

The tablet's way in is its own: a token of role ``terminal`` bound to that window. A clerk's log-in or token never is,
nor the clerk's box.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from flask import Response
from pydantic import Field, model_validator

from kiosk.web.api.tickets import CodePath
from kiosk.web.auth import actor, allow, gate, public
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import Answer, Instant, answer, joined, named
from kiosk.web.schema.bodies import Body, Line, QueryString
from kiosk.web.schema.routes import NamedPath, Routes, WindowPath
from ticketing.cases.ratings import LONGEST_NOTE, Via

Grade = Annotated[int, Field(ge=1, le=5, description="5 非常满意, 4 满意, 3 基本满意, 2 不满意, 1 非常不满意")]
Reason = Literal["slow", "attitude", "repeated_trips", "unclear", "extra_papers", "other"]
Reasons = Annotated[list[Reason], Field(max_length=6, description="grades 1 and 2 need one")]


class WorkPath(NamedPath):
    """The item's id."""

    unknown: ClassVar[str] = "unknown_work"
    item: int = Field(ge=1, lt=2**63)


class RatingBody(Body):
    """A grade."""

    grade: Grade
    reasons: Reasons = Field([])
    case: Annotated[int, Field(ge=1, lt=2**63, description="of a ticket's cases; else the oldest")] | None = None


class WindowRatingBody(Body):
    """A grade given at the window, for the case it asked about."""

    case: Annotated[int, Field(ge=1, lt=2**63)]
    grade: Grade
    reasons: Reasons = Field([])


class WorkBody(Body):
    """What was done about a low grade."""

    contacted: bool = False
    settled: bool = False
    note: Annotated[Line, Field(max_length=LONGEST_NOTE)] | None = None

    @model_validator(mode="after")
    def _something(self) -> "WorkBody":
        if not (self.contacted or self.settled or self.note):
            raise ValueError("nothing was done")
        return self


class WorkQuery(QueryString):
    """Which items."""

    open: Literal["0", "1"] = "1"


class RatingAnswer(Answer):
    """A grade that was given."""

    grade: int
    reasons: list[str]
    late: bool


class AskedAnswer(Answer):
    """What the tablet asks about now."""

    case: int
    service: str
    service_name: str
    service_name_en: str


class WorkAnswer(Answer):
    """What a low grade asks for; nothing in it says whose it is."""

    id: int
    case: int
    service: str
    window: str
    day: date
    grade: int
    reasons: list[str]
    made_at: Instant
    contact_by: Instant
    settle_by: Instant
    contacted_at: Instant | None
    settled_at: Instant | None
    who: str | None
    note: str | None


class WorkListAnswer(Answer):
    """Items of work."""

    items: list[WorkAnswer]


class WindowGradesAnswer(Answer):
    """How many of each grade a window's cases got in the last whole week; null while there are fewer than five."""

    first: date
    last: date
    grades: dict[str, int] | None


def routes(hall: Hall) -> Routes:
    """The routes of ratings."""
    api = Routes("ratings", "What residents think of it")

    @api.post("/tickets/<code>/rating", summary="Rate a case, once", responses={"201": RatingAnswer})
    @public
    def rate(path: CodePath, body: RatingBody) -> Response:
        """By the code of the ticket or of the receipt, also on a later day; it cannot be changed.

        Staff choose no grade: it is refused with a log-in, and with a token other than a terminal's or a kiosk's.
        """
        principal = gate().asker().principal
        if principal and principal.role not in ("terminal", "kiosk"):
            raise RequestError(403, "forbidden")
        with hall.wrong_codes.watch(gate().address(), path.code):
            given = hall.ratings.rate(path.code, body.grade, body.reasons, body.case, _via())
        return answer(RatingAnswer.of(given), 201)

    @api.get(
        "/windows/<window>/rating",
        summary="The case that the tablet at a window asks about",
        responses={"200": AskedAnswer, "204": None},
    )
    @allow("terminal", window=True)
    def asked(path: WindowPath) -> Response:
        """204 when none was finished there in the last minutes, or it is rated."""
        case = hall.ratings.asked_at(path.window)
        if case is None:
            return Response(status=204)
        return answer(AskedAnswer.of(joined(case, named(hall.service(case.service)), case=case.id)))

    @api.post("/windows/<window>/rating", summary="Rate it at the window", responses={"201": RatingAnswer})
    @allow("terminal", window=True)
    def rate_here(path: WindowPath, body: WindowRatingBody) -> Response:
        return answer(RatingAnswer.of(hall.ratings.rate_at(path.window, body.case, body.grade, body.reasons)), 201)

    @api.get("/windows/<window>/grades", summary="A window's grades", responses={"200": WindowGradesAnswer})
    @allow("clerk", window=True)
    def grades(path: WindowPath) -> Response:
        """Of the last whole week, so that nobody at the window learns who gave which."""
        found = hall.ratings.of_window(path.window)
        counts = {str(grade): number for grade, number in (found.grades or {}).items()}
        return answer(WindowGradesAnswer.of(joined(found, grades=counts or None)))

    @api.get("/ratings/work", summary="What low grades ask for", responses={"200": WorkListAnswer})
    @allow("manager")
    def work(query: WorkQuery) -> Response:
        """Open items, most pressing first; with `open=0` all, newest first."""
        items = hall.ratings.work(only_open=query.open == "1")
        return answer(WorkListAnswer.of({"items": items}))

    @api.post("/ratings/work/<int:item>", summary="Somebody saw to it", responses={"200": WorkAnswer})
    @allow("manager")
    def see_to(path: WorkPath, body: WorkBody) -> Response:
        done = hall.ratings.see_to(
            path.item, actor(), contacted=body.contacted, settled=body.settled, note=body.note or None
        )
        return answer(WorkAnswer.of(done))

    return api


def _via() -> Via:
    principal = gate().asker().principal
    return "terminal" if principal and principal.role == "terminal" else "phone"

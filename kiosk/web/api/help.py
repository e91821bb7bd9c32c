"""``/help``: who wants help, who goes, and emergency calls between clerks."""

from typing import ClassVar, Literal

from flask import Response
from pydantic import Field, RootModel

from display.staff.help_words import REASONS
from kiosk.web.api.tickets import CodePath
from kiosk.web.auth import actor, allow, gate, public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, Instant, SaidAnswer, answer, joined
from kiosk.web.schema.bodies import Identifier, MayBeEmpty
from kiosk.web.schema.routes import NamedPath, Routes, WindowPath
from ticketing.help.help_calls import HelpCall, Place, Reason
from ticketing.model import ForbiddenError, UnknownError
from ticketing.office import PHONE

staff = allow("clerk", "desk", "manager")


class HelpPath(NamedPath):
    """The call's id."""

    unknown: ClassVar[str] = "unknown_help"
    call: int = Field(ge=1, lt=2**63)


class HelpBody(MayBeEmpty):
    """Why, if anybody wants to say; `""` is no reason."""

    reason: Reason = ""


class HelpHereBody(HelpBody):
    """The same; a clerk who is bound to several windows names the one where help is wanted."""

    window: Identifier | None = None


class HelpAnswer(Answer):
    """What whoever called is told: that somebody was called, or who goes."""

    call: int
    state: Literal["called", "answered", "done"]
    words: SaidAnswer


class HelpCallAnswer(Answer):
    """A call as staff see it; `who` is the account of who goes, `from_window` their window, empty for the desk."""

    id: int
    emergency: bool
    window: str | None = Field(description="where it came from, if from a window")
    kind: Literal["kiosk", "terminal", "window", "ticket"]
    place: SaidAnswer
    reason: SaidAnswer
    state: Literal["called", "answered", "done"]
    called_at: Instant
    answered_at: Instant | None
    who: str | None
    from_window: str


class HelpCallsAnswer(RootModel[list[HelpCallAnswer]]):
    """Open calls: emergencies first, then those that nobody goes to yet."""


def routes(hall: Hall) -> Routes:
    """The routes of help."""
    api = Routes("help", "Calls for help")
    calls, words = hall.help, hall.help_words

    def told(call: HelpCall, status: int = 200) -> Response:
        return answer(HelpAnswer.of(words.message(call)), status)

    def seen(call: HelpCall) -> HelpCallAnswer:
        reason = REASONS.get(call.reason, REASONS["other"])
        return HelpCallAnswer.of(
            joined(
                call,
                kind=call.place.kind,
                window=call.place.name if call.place.kind == "window" else None,
                place=words.place(call),
                reason=reason,
                state=call.state,
                who=call.answered_by,
                from_window=call.answered_from,
            )
        )

    @api.post("/help", summary="Call somebody", responses={"201": HelpAnswer})
    @allow("kiosk", "terminal", "clerk")
    def call_here(body: HelpHereBody) -> Response:
        """To where the token or the clerk is. Called again while nobody has come, it is the same call."""
        return told(calls.call(_place(hall, body.window), actor(), body.reason), 201)

    @api.get("/help/here", summary="The call that is open here", responses={"200": HelpAnswer, "204": None})
    @allow("kiosk", "terminal")
    def here() -> Response:
        found = calls.open_at(_place(hall))
        return Response(status=204) if found is None else told(found)

    @api.post("/tickets/<code>/help", summary="Call somebody from a phone", responses={"201": HelpAnswer})
    @public
    def call_by_code(path: CodePath, body: HelpBody) -> Response:
        """By whoever holds the ticket, while it is not over; three times a day at most."""
        with hall.wrong_codes.watch(gate().address(), path.code):
            return told(calls.call_by_code(path.code, PHONE, body.reason), 201)

    @api.get("/help", summary="Who wants help", responses={"200": HelpCallsAnswer})
    @staff
    def show() -> Response:
        """A window's page shows no emergency call of its own: whoever stands there may see it."""
        return answer(HelpCallsAnswer([seen(one) for one in calls.open()]))

    @api.post("/help/<int:call>/answer", summary="I go", responses={"200": HelpCallAnswer})
    @staff
    def go(path: HelpPath) -> Response:
        """Who called is told so. An emergency call is over with it; that is an entry in the audit log."""
        who = actor()
        window = _window_of(hall) if who.role == "clerk" else ""
        return answer(seen(calls.answer(path.call, who, window)))

    @api.post("/help/<int:call>/done", summary="It is over", responses={"200": HelpCallAnswer})
    @staff
    def done(path: HelpPath) -> Response:
        return answer(seen(calls.done(path.call, actor())))

    @api.post("/windows/<window>/emergency", summary="A silent call from a window", responses={"201": HelpCallAnswer})
    @allow("clerk", window=True)
    def emergency(path: WindowPath) -> Response:
        """To the desk, the other windows and the manager; an entry in the audit log. The hall sees nothing of it."""
        return answer(seen(calls.emergency(path.window, actor())), 201)

    return api


def _place(hall: Hall, window: str | None = None) -> Place:
    """Where the current request comes from.

    Raises:
        ForbiddenError: ``not_your_window``.
        UnknownError: ``unknown_window``: a clerk's, who sits at none and names none.
    """
    principal = gate().asker().principal
    if principal is None:
        raise ForbiddenError("forbidden")
    if principal.role == "kiosk":
        return Place("kiosk", hall.office.ledger.box)
    if principal.role == "terminal":
        return Place("terminal", principal.terminal or principal.name)
    if window is not None and not principal.may_use(window):
        raise ForbiddenError("not_your_window", window=window)
    found = window or _window_of(hall)
    if not found:
        raise UnknownError("unknown_window")
    return Place("window", hall.window(found).id)


def _window_of(hall: Hall) -> str:
    """The window where the clerk of the current request sits, or the only one they may use; "" for none."""
    principal = gate().asker().principal
    if principal is None:
        return ""
    only = principal.windows[0] if len(principal.windows) == 1 and "*" not in principal.windows else ""
    return hall.seat_of(principal.name) or only

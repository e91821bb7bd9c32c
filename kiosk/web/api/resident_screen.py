"""``/windows/{w}/resident-screen``: the second screen at a window, which faces the resident.

It asks by a token of role ``terminal`` that is bound to its window, as the tablet for grades does, or as a page of the
clerk who is logged in there. What it shows by itself is no secret at the window; the resident's data it gets apart,
while the clerk has them shown, and each time is an entry in the audit log.
"""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from flask import Response
from pydantic import Field

from display.matters import days_words, paper_words
from kiosk.audience import Stream
from kiosk.exchange.papers import code_url
from kiosk.web.auth import actor, allow, gate
from kiosk.web.hall import Hall
from kiosk.web.qr import qr_data
from kiosk.web.schema.answers import Answer, FilledFormAnswer, ResidentAnswer, SaidAnswer, answer
from kiosk.web.schema.bodies import Body
from kiosk.web.schema.routes import STREAM, Routes, WindowPath
from kiosk.web.streams import Streams
from ticketing.cases.cases import Case
from ticketing.day.serving import Shown
from ticketing.line.resident_screen import ScreenView, ShownData
from ticketing.matters.matters import Matter
from ticketing.model import Ticket

Seconds = Annotated[int, Field(description="seconds; by the box's clock, whatever the screen's says")]


class SaidOfShownBody(Body):
    """What the resident says of the data shown back: that they are right, or not, and which field is not."""

    id: int = Field(ge=1, lt=2**63, description="of the showing")
    right: bool
    field: Annotated[str, Field(max_length=130, pattern=r"^[A-Za-z0-9_-]+$")] | None = None


class ScreenPaperAnswer(Answer):
    """A paper of a matter, and what is wanted of it."""

    name: SaidAnswer
    wanted: SaidAnswer


class ScreenMatterAnswer(Answer):
    """What the ticket is for."""

    name: SaidAnswer
    papers: list[ScreenPaperAnswer]
    fee: SaidAnswer | None
    days: SaidAnswer | None


class ScreenTicketAnswer(Answer):
    """Who is called or served."""

    number: str
    state: Literal["called", "serving"]
    service: SaidAnswer
    bring: SaidAnswer | None = Field(description="of the service, where no matter says what to bring")
    matters: list[ScreenMatterAnswer]


class ShownBackAnswer(Answer):
    """That data are shown back, and what the resident said; `right` is null before that."""

    id: int
    left: Seconds
    fields: list[str] | None = Field(description="which; null for all that are open")
    seen: bool = Field(description="whether a screen has asked for them")
    right: bool | None
    wrong: list[str] = Field(description="names of fields")


class ScreenReceiptAnswer(Answer):
    """The receipt of a case that was just recorded; the code is derived anew for each answer and kept nowhere."""

    service: SaidAnswer
    code: str
    qr: str = Field(description="a `data:` address of an SVG")
    promised_on: str | None


class PayAnswer(Answer):
    """Where fees are paid."""

    at: SaidAnswer
    text: SaidAnswer


class ToRateAnswer(Answer):
    """The case whose resident is asked for a grade."""

    case: int
    service: SaidAnswer


class ScreenWindowAnswer(Answer):
    """The window."""

    id: str
    name: str
    state: Literal["open", "paused", "closed"]
    pause_text: str
    pause_text_en: str


class ResidentScreenAnswer(Answer):
    """What a second screen shows, without any of the resident's data."""

    window: ScreenWindowAnswer
    ticket: ScreenTicketAnswer | None
    shown: ShownBackAnswer | None
    readable: bool = Field(description="false where other boxes can open the data of this service, and this one cannot")
    pay: PayAnswer | None
    receipts: list[ScreenReceiptAnswer]
    receipts_left: Seconds
    to_rate: ToRateAnswer | None = Field(description="for a terminal's token alone: no grade comes from a clerk's page")
    connected: bool = Field(description="whether a second screen follows this window at this box")


class ShownDataAnswer(Answer):
    """The data to be checked; what is not to be is null."""

    id: int
    left: Seconds
    resident: ResidentAnswer
    agent: ResidentAnswer | None
    forms: list[FilledFormAnswer]


screen = allow("clerk", "terminal", window=True)
"""What data of a resident are for."""
watching = allow("clerk", "terminal", window=True, resting=True)
"""What holds none, also beside a clerk's page that is locked."""


def routes(hall: Hall, streams: Streams) -> Routes:
    """The routes of second screens."""
    api = Routes("resident_screen", "The second screen at a window")
    screens = hall.resident_screens

    @api.get(
        "/windows/<window>/resident-screen",
        summary="What the second screen shows",
        responses={"200": ResidentScreenAnswer},
    )
    @watching
    def show(path: WindowPath) -> Response:
        view = screens.view(path.window)
        return answer(ResidentScreenAnswer.of(_told(hall, view)))

    @api.get(
        "/windows/<window>/resident-screen/events", summary="News for a second screen", responses={"200": dict(STREAM)}
    )
    @watching
    def follow(path: WindowPath) -> Response:
        """`refresh`: something changed at this window, look again."""
        hall.window(path.window)
        begin = hall.screen_news.listen(path.window)

        async def heard(stream: Stream) -> None:
            await begin(stream)
            # The clerk's page says that a screen is there.
            hall.news.tell(path.window, "screen", {})

        return streams.answer(heard)

    @api.get(
        "/windows/<window>/resident-screen/data", summary="The data to be checked", responses={"200": ShownDataAnswer}
    )
    @screen
    def data(path: WindowPath) -> Response:
        """While the clerk has them shown, two minutes at most. Every look is an entry in the audit log."""
        found = screens.look(path.window, actor())
        return answer(ShownDataAnswer.of(_data(found)))

    @api.post("/windows/<window>/resident-screen/data", summary="Say whether they are right", responses={"204": None})
    @screen
    def say(path: WindowPath, body: SaidOfShownBody) -> Response:
        """The clerk's page is told at once. Fields that are wrong add up; the same once more changes nothing."""
        screens.answer(path.window, actor(), body.id, body.right, body.field)
        return Response(status=204)

    @api.post("/windows/<window>/show-back", summary="Show the data to their resident", responses={"204": None})
    @allow("clerk", window=True)
    def show_back(path: WindowPath) -> Response:
        """On the second screen, to be checked: all that is open at the window, or what went into a form last."""
        filled = hall.filled.get(path.window)
        screens.show_back(path.window, actor(), dict([filled]) if filled else None)
        return Response(status=204)

    @api.post("/windows/<window>/take-back", summary="Show them no more", responses={"204": None})
    @allow("clerk", window=True)
    def take_back(path: WindowPath) -> Response:
        screens.take_back(path.window, actor())
        return Response(status=204)

    return api


def _told(hall: Hall, view: ScreenView) -> dict[str, object]:
    principal, pay = gate().asker().principal, hall.settings.terminal.pay
    has_fee = any(one.fee for one in view.matters)
    by_screen = principal is not None and principal.role == "terminal"
    to_rate = view.to_rate if by_screen else None
    return {
        "window": {name: getattr(view.window, name) for name in ScreenWindowAnswer.model_fields},
        "ticket": view.ticket and _ticket(hall, view.ticket, view.matters),
        "shown": view.shown and _shown(view.shown, view.left),
        "readable": view.readable,
        "pay": {"at": _said(pay.at, pay.at_en), "text": _said(pay.text, pay.text_en)} if pay and has_fee else None,
        "receipts": [_receipt(hall, one) for one in view.receipts],
        "receipts_left": _seconds(view.receipts_left),
        "to_rate": to_rate and {"case": to_rate.id, "service": _service(hall, to_rate.service)},
        "connected": hall.screen_news.is_heard(view.window.id),
    }


def _ticket(hall: Hall, ticket: Ticket, matters: Sequence[Matter]) -> dict[str, object]:
    service = hall.service(ticket.service)
    has_papers = any(one.papers for one in matters)
    return {
        "number": ticket.number,
        "state": ticket.state,
        "service": _service(hall, ticket.service),
        "bring": _said(service.bring, service.bring_en) if service and service.bring and not has_papers else None,
        "matters": [_matter(one) for one in matters],
    }


def _matter(one: Matter) -> dict[str, object]:
    days = days_words(one)
    return {
        "name": _said(one.name, one.name_en),
        "papers": [{"name": _said(paper.name, paper.name_en), "wanted": paper_words(paper)} for paper in one.papers],
        "fee": _said(one.fee, one.fee_en) if one.fee else None,
        "days": days,
    }


def _shown(shown: Shown, left: timedelta) -> dict[str, object]:
    told = {name: getattr(shown, name) for name in ("fields", "seen", "right", "wrong")}
    return {**told, "id": shown.since, "left": _seconds(left)}


def _receipt(hall: Hall, case: Case) -> dict[str, object]:
    code = case.receipt or ""
    return {
        "service": _service(hall, case.service),
        "code": code,
        "qr": qr_data(code_url(hall.settings.hall.public_host, code, "P")),
        "promised_on": case.promised_on and case.promised_on.isoformat(),
    }


def _data(found: ShownData) -> dict[str, object]:
    holders = found.holders
    return {
        "id": found.shown.since,
        "left": _seconds(found.left),
        "resident": holders.resident,
        "agent": holders.agent,
        "forms": holders.forms,
    }


def _service(hall: Hall, service: str) -> dict[str, str]:
    found = hall.service(service)
    return _said(found.name, found.name_en) if found else _said(service)


def _said(zh: str, en: str = "") -> dict[str, str]:
    return {"zh": zh, "en": en or zh}


def _seconds(left: timedelta) -> int:
    return max(0, math.ceil(left.total_seconds()))

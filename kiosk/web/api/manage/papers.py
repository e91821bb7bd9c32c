"""``/setup/papers``: the layouts of slip and receipt tried out before they are published: as a picture, and printed."""

from base64 import b64encode
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field

from config.hall_file import check
from display.paper.slip import LONGEST, Layout
from drivers.printer.escpos import compose
from drivers.printer.glyphs import draw_line
from drivers.printer.profiles import PROFILES, ProfileName
from kiosk.devices.testing import advised
from kiosk.exchange.hall_files import BadSetupError, fault_of
from kiosk.exchange.papers import COLUMNS, Paper, lay_out_sample, layout_of, papers_of, too_long
from kiosk.resident.slips import items_of
from kiosk.web.api.setup import sets_up
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.problems import Fault
from kiosk.web.schema.answers import Answer, SaidAnswer, answer
from kiosk.web.schema.bodies import Body
from kiosk.web.schema.routes import Routes
from ticketing.model import StateError

_MODELS: dict[int, ProfileName] = {80: "epson", 58: "epson-58"}
"""The model of printer that a paper of so many millimetres is drawn as."""


class PaperBody(Body):
    """A layout, as `slip` and `receipt` of `GET /setup` have it; null for the usual one."""

    paper: Paper
    layout: dict[str, Any] | None = None


class PreviewBody(PaperBody):
    """The same on paper of this width."""

    width: Literal[80, 58] = 80


class UsualLine(Answer):
    """A line of a layout."""

    shows: str
    size: int
    bold: bool
    dots: int


class UsualAnswer(Answer):
    """The usual layouts, for a hall that has none of its own."""

    slip: list[UsualLine]
    receipt: list[UsualLine]
    code_dots: int
    most: int = Field(description="bytes that a paper may have")


class PreviewAnswer(Answer):
    """What comes out: `png` is the paper as the simulated printer sets the very bytes that a real one gets."""

    png: Annotated[str, Field(description="base64")]
    bytes: int
    most: int
    problems: list[Fault]


def routes(hall: Hall) -> Routes:
    """The routes of papers."""
    api = Routes("papers", "Layouts of slip and receipt")
    settings = hall.settings.hall

    @api.get("/setup/papers", summary="The usual layouts", responses={"200": UsualAnswer})
    @allow("manager")
    def usual() -> Response:
        papers = papers_of("")
        lines = {
            name: [UsualLine(shows=one.shows, size=one.size, bold=one.bold, dots=one.dots) for one in layout.parts]
            for name, layout in vars(papers).items()
        }
        return answer(UsualAnswer.of(lines | {"code_dots": papers.slip.code_dots, "most": LONGEST}))

    @api.post("/setup/papers/preview", summary="See a layout", responses={"200": PreviewAnswer})
    @allow("manager")
    def preview(body: PreviewBody) -> Response:
        """With the names of the service for which the paper becomes longest."""
        # Imported here: Pillow, which draws, is loaded once somebody looks.
        from drivers.simulators.printer.typesetter import typeset

        layout, services = said(body)
        profile = PROFILES[_MODELS[body.width]]
        lines = lay_out_sample(body.paper, layout, settings, services[0], COLUMNS[body.width])
        data = compose(items_of(lines), profile, draw_line)
        problem = too_long(body.paper, layout, settings, services)
        told = {
            "png": b64encode(typeset(data, profile.width)[0].png()).decode(),
            "bytes": len(data),
            "most": LONGEST,
            "problems": [fault_of(problem)] if problem else [],
        }
        return answer(PreviewAnswer.of(told))

    @api.post("/setup/papers/print", summary="Print a layout", responses={"200": SaidAnswer})
    @allow("manager")
    def try_out(body: PaperBody) -> Response:
        """On this box's printer, with a code that opens nothing. Says how it went."""
        sets_up()
        layout, services = said(body)
        if problem := too_long(body.paper, layout, settings, services):
            raise BadSetupError([problem])
        outcome = hall.printing.try_out(
            lambda columns: items_of(lay_out_sample(body.paper, layout, settings, services[0], columns))
        )
        if outcome is None:
            raise StateError("no_slip_printer")
        if outcome.state == "printed":
            return answer(SaidAnswer.of({"zh": "已打印一张样张", "en": "A sample was printed"}))
        words = advised(outcome.reason or "no_confirmation")
        return answer(SaidAnswer.of({"zh": words.zh, "en": words.en}))

    def said(body: PaperBody) -> tuple[Layout, list[tuple[str, str]]]:
        """The layout, and the names of the draft's services, the longest first; raises ``bad_setup``."""
        found = drafted_services()
        if body.layout is None:
            return getattr(papers_of(""), body.paper), found
        whole, problems = check({body.paper: body.layout})
        if whole is None:
            raise BadSetupError(problems)
        return layout_of(getattr(whole, body.paper)), found

    def drafted_services() -> list[tuple[str, str]]:
        rows = hall.drafts.read().document.get("services") or []
        named = [(str(one.get("name") or ""), str(one.get("name_en") or "")) for one in rows]
        return sorted(named, key=lambda one: -len(one[0])) or [("业务名称", "Name of a service")]

    return api

"""Pages about cases: grades, progress of a case, tablet and second screen at a window, the self-service terminal.

Grades and progress are forms that need no JavaScript. Tablet, second screen and terminal have no keyboard to log in:
their page is opened once with the device's token behind a ``#``, which no server and no log sees; the page keeps the
token and removes it from its address. A second screen without one asks with the log-in of the clerk whose PC it is at.
"""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from display import nationalities
from kiosk.web.api.cases import with_names
from kiosk.web.auth import check_same_site, gate, public
from kiosk.web.hall import Hall
from kiosk.web.pages.public import form_page, page
from kiosk.web.schema.answers import see_other
from ticketing.cases.cases import OUTCOMES
from ticketing.cases.ratings import GRADES, REASONS
from ticketing.model import StateError

GRADES_EN = {5: "Very good", 4: "Good", 3: "Fair", 2: "Poor", 1: "Very poor"}
REASON_WORDS = {
    "slow": ("等得太久、办得太慢", "Too slow"),
    "attitude": ("态度不好", "Unfriendly"),
    "repeated_trips": ("跑了好几趟", "Had to come again and again"),
    "unclear": ("没有讲清楚", "Not explained clearly"),
    "extra_papers": ("多要了材料", "Asked for papers that are not needed"),
    "other": ("其他", "Something else"),
}
STATES = {
    None: ("已办结", "Done"),
    "submitted": ("已提交，等窗口受理", "Submitted: a window has yet to take it up"),
    "open": ("办理中", "In progress"),
    "ready": ("可以领取结果", "Ready to be fetched"),
    "returned": ("请补齐材料", "Papers are missing"),
    "closed": ("已结束", "Closed"),
}


def case_pages(hall: Hall) -> Blueprint:
    """The pages of cases of ``hall``."""
    blueprint = Blueprint("cases", __name__)

    def to_rate(code: str) -> list[dict[str, Any]]:
        """For ``rating.html``: the cases behind a code that are not rated."""
        names = {one.id: one for one in hall.office.services()}
        return [
            {"id": case.id, "name": names[case.service].name if case.service in names else case.service}
            for case in hall.ratings.to_rate(code)
        ]

    grades = [(grade, zh, GRADES_EN[grade]) for grade, zh in GRADES.items()]
    reasons = [(code, *REASON_WORDS[code]) for code in REASONS]
    blueprint.app_context_processor(
        lambda: {"cases_to_rate": to_rate, "rating_grades": grades, "rating_reasons": reasons}
    )

    @blueprint.get("/grade/<code>")
    @public
    def grade(code: str) -> Response:
        with hall.wrong_codes.watch(gate().address(), code):
            hall.ratings.to_rate(code)
        return form_page("grade.html", {}, code=code, done=request.args.get("done", ""))

    @blueprint.post("/grade/<code>")
    @public
    def give_grade(code: str) -> Response:
        check_same_site(request)
        then = "done=yes"
        try:
            with hall.wrong_codes.watch(gate().address(), code):
                hall.ratings.rate(
                    code,
                    request.form.get("grade", 0, int),
                    [one for one in request.form.getlist("reason") if one in REASONS],
                    request.form.get("case", None, int),
                )
        except StateError as error:
            then = f"refused={error.code}"
        return see_other(f"/grade/{quote(code)}?{then}")

    @blueprint.get("/p/<code>")
    @blueprint.get("/P/<code>")
    @public
    def progress(code: str) -> Response:
        with hall.wrong_codes.watch(gate().address(), code):
            case = hall.cases.progress(code)
        return form_page(
            "progress.html",
            {},
            code=code,
            case=with_names(hall, case),
            outcome="受理" if case.is_application else OUTCOMES.get(case.outcome, ""),
            state=STATES[case.state],
            done=request.args.get("done", ""),
        )

    @blueprint.post("/p/<code>/supplement")
    @blueprint.post("/P/<code>/supplement")
    @public
    def come_back(code: str) -> Response:
        check_same_site(request)
        try:
            with hall.wrong_codes.watch(gate().address(), code):
                back = hall.supplements.by_code(code, "resident", print=False)
        except StateError as error:
            return see_other(f"/p/{quote(code)}?refused={error.code}")
        return see_other(f"/t/{quote(back.code)}")

    @blueprint.get("/rate/<window>")
    @public
    def rate(window: str) -> Response:
        return page("rate.html", window=hall.window(window))

    @blueprint.get("/window/<window>/resident")
    @public
    def resident_screen(window: str) -> Response:
        return page("resident.html", window=hall.window(window), nationalities=nationalities.TABLE)

    @blueprint.get("/terminal")
    @public
    def terminal() -> Response:
        matters = hall.matters.listed().matters
        return page(
            "terminal.html",
            appointments=hall.settings.appointments,
            pay=hall.settings.terminal.pay,
            forms=bool(hall.forms),
            matters=bool(matters),
            applies=any(one.applies for one in matters),
            kept_days=hall.settings.privacy.cases_days,
            nationalities=nationalities.TABLE,
        )

    return blueprint

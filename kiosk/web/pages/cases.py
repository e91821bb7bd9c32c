"""Pages about cases: grades, progress of a case, the tablet at a window, the self-service terminal.

Grades and progress are forms that need no JavaScript. The tablet and the terminal have no keyboard to log in: their
page is opened once with the device's token behind a ``#``, which no server and no log sees; the page keeps the token
and removes it from its address.
"""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request

from display.refusals import CODES, words
from kiosk.web.auth import caller, check_same_site
from kiosk.web.hall import Hall
from kiosk.web.pages.public import page
from ticketing.cases.cases import OUTCOMES
from ticketing.cases.ratings import GRADES, REASONS
from ticketing.model import StateError, UnknownError

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
    "open": ("办理中", "In progress"),
    "ready": ("可以领取结果", "Ready to be fetched"),
    "returned": ("请补齐材料", "Papers are missing"),
    "closed": ("已结束", "Closed"),
}


def case_pages(hall: Hall) -> Blueprint:
    """The pages of cases of ``hall``."""
    blueprint = Blueprint("cases", __name__)

    def watched(code: str) -> Any:
        return hall.wrong_codes.watch(caller(request, hall.settings.server)[0], code)

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

    def form_page(name: str, code: str, **values: Any) -> Response:
        refused = request.args.get("refused", "")
        said = words(refused) if refused in CODES else None
        response = page(name, code=code, refused=said, done=request.args.get("done", ""), **values)
        # With "no-referrer" the browser would send the form with "Origin: null" (Fetch, 3.1).
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @blueprint.get("/grade/<code>")
    def grade(code: str) -> Response:
        with watched(code):
            hall.ratings.to_rate(code)
        return form_page("grade.html", code)

    @blueprint.post("/grade/<code>")
    def give_grade(code: str) -> Response:
        check_same_site(request)
        then = "done=yes"
        try:
            with watched(code):
                hall.ratings.rate(
                    code,
                    request.form.get("grade", 0, int),
                    [one for one in request.form.getlist("reason") if one in REASONS],
                    request.form.get("case", None, int),
                )
        except StateError as error:
            then = f"refused={error.code}"
        return _to(f"/grade/{quote(code)}?{then}")

    @blueprint.get("/p/<code>")
    @blueprint.get("/P/<code>")
    def progress(code: str) -> Response:
        with watched(code):
            case = hall.cases.progress(code)
        service = next((one for one in hall.office.services() if one.id == case.service), None)
        outcome = OUTCOMES.get(case.outcome, "")
        return form_page("progress.html", code, case=case, service=service, outcome=outcome, state=STATES[case.state])

    @blueprint.post("/p/<code>/supplement")
    @blueprint.post("/P/<code>/supplement")
    def come_back(code: str) -> Response:
        check_same_site(request)
        try:
            with watched(code):
                back = hall.supplements.by_code(code, "resident", print=False)
        except StateError as error:
            return _to(f"/p/{quote(code)}?refused={error.code}")
        return _to(f"/t/{quote(back.code)}")

    @blueprint.get("/rate/<window>")
    def rate(window: str) -> Response:
        found = next((one for one in hall.office.windows() if one.id == window), None)
        if found is None:
            raise UnknownError("unknown_window")
        return page("rate.html", window=found)

    @blueprint.get("/terminal")
    def terminal() -> Response:
        return page("terminal.html", appointments=hall.settings.appointments)

    return blueprint


def _to(address: str) -> Response:
    response: Response = redirect(address, 303)  # type: ignore[assignment]
    response.headers["Cache-Control"] = "no-store"
    return response

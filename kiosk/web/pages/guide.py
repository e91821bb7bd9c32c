"""The service encyclopedia (服务百科): what residents come for, and what to bring, in the hall and on phones.

Its pages work without JavaScript; on a screen of the hall, which has a token, they also search, print and begin anew.
"""

from flask import Blueprint, Response, request

from display.matters import days_words, paper_words
from kiosk.web.api.matters import guide
from kiosk.web.auth import public
from kiosk.web.hall import Hall
from kiosk.web.pages.public import page
from kiosk.web.qr import qr_svg
from ticketing.matters.matters import Listed
from ticketing.model import UnknownError

AUDIENCES = {"personal": ("个人办事", "For yourself"), "business": ("企业办事", "For a business")}


def guide_pages(hall: Hall) -> Blueprint:
    """The pages of the guide of ``hall``."""
    blueprint = Blueprint("guide", __name__)

    @blueprint.get("/guide")
    @public
    def themes() -> Response:
        """All themes, or the matters of one: ``?for=`` its audience, ``&theme=`` its name."""
        audience, theme = request.args.get("for", ""), request.args.get("theme", "")
        by_theme: dict[tuple[str, str, str], list[Listed]] = {}
        for one in hall.matters.listed().matters:
            by_theme.setdefault((one.audience, one.theme, one.theme_en), []).append(one)
        chosen = next((key for key in by_theme if key[:2] == (audience, theme)), None)
        return page(
            "guide.html",
            audiences={
                one: (said, [(*key[1:], len(found)) for key, found in by_theme.items() if key[0] == one])
                for one, said in AUDIENCES.items()
            },
            chosen=chosen,
            matters=by_theme[chosen] if chosen else [],
        )

    @blueprint.get("/guide/<matter>")
    @public
    def about(matter: str) -> Response:
        found = hall.matters.find(matter)
        return page(
            "guide_matter.html",
            matter=found,
            papers=[(one, paper_words(one)) for one in found.papers],
            days=days_words(found),
            place=guide.place_of(hall, found),
            url=guide.page_url(hall, found.id),
        )

    @blueprint.get("/guide/<matter>/code.svg")
    @public
    def code(matter: str) -> Response:
        url = guide.page_url(hall, hall.matters.find(matter).id)
        if not url:
            raise UnknownError("not_found")
        return Response(qr_svg(url), mimetype="image/svg+xml")

    return blueprint

"""Public pages: kiosk and screens.

A ticket's page is in ``ticket``, the staff's pages are in ``staff``.
"""

import hashlib
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from display.climate import zone_words
from display.prompts import Words, card_notice
from display.refusals import CODES, words
from kiosk.web.auth import allow, public
from kiosk.web.hall import Hall
from kiosk.web.languages import ASKED, COOKIE, Languages
from kiosk.web.qr import qr_svg
from kiosk.web.schema.answers import answer
from ticketing.model import UnknownError

PHONE = frozenset({"ticket.html", "progress.html", "grade.html", "booking.html", "guide.html", "guide_matter.html"})
"""Pages that are read on phones, without scripts if need be: they are put into a further language here."""
TOUCHED = frozenset({"kiosk.html", "terminal.html", "rate.html", "resident.html"})
"""Pages on which a resident chooses a language and goes on: their scripts do it."""


def pages(hall: Hall) -> Blueprint:
    """The public pages of ``hall``. Text that must be readable without JavaScript is rendered here."""
    blueprint = Blueprint("pages", __name__)
    blueprint.app_context_processor(lambda: {"hall": hall.settings.hall})

    @blueprint.get("/")
    @public
    def index() -> Response:
        return page("index.html", windows=hall.office.windows(), bench=hall.virtual_hall is not None)

    @blueprint.get("/kiosk")
    @public
    def kiosk() -> Response:
        if hall.kiosk is None:
            raise UnknownError("no_kiosk")
        notice = card_notice(hall.settings.privacy.retention_days)
        theme = _theme("large", "contrast")
        return page("kiosk.html", card_notice=notice, earphones=hall.reading_aloud is not None, theme=theme)

    @blueprint.get("/kiosk/code.svg")
    @allow("kiosk")
    def kiosk_code() -> Response:
        ticket = hall.kiosk.view().ticket if hall.kiosk else None
        if ticket is None:
            raise UnknownError("unknown_ticket")
        response = Response(qr_svg(ticket.url), mimetype="image/svg+xml")
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/languages/<language>.json")
    @public
    def words_of(language: str) -> Response:
        found = _languages().by_id.get(language)
        if found is None:
            raise UnknownError("not_found")
        response = answer(found.language.words)
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:20])
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response

    @blueprint.get("/screen")
    @public
    def screen() -> Response:
        zone = request.args.get("zone", "")[:64]
        board, cut_off = hall.board(zone)
        shown = {"board": board, "themes": hall.waiting_by_theme(board), "zone": zone, "theme": _theme("light")}
        return page("screen.html", **shown, cut_off=cut_off, now=hall.clock(), climate=_climate(hall))

    @blueprint.get("/screen/window/<window>")
    @public
    def screen_window(window: str) -> Response:
        view, cut_off = hall.counter.at_hand.window_view(window), hall.counter.goes_on
        seq = hall.feed.seq if cut_off else hall.office.last_seq()
        shown = {"view": view, "seq": seq, "cut_off": cut_off, "theme": _theme("light")}
        return page("screen_window.html", **shown, now=hall.clock())

    return blueprint


def _theme(*known: str) -> str:
    """How a technician has the page look, by ``?theme=``; "" for the usual way."""
    wanted = request.args.get("theme", "")
    return wanted if wanted in known else ""


def _languages() -> Languages:
    found: Languages = current_app.extensions["languages"]
    return found


def _climate(hall: Hall) -> list[Words]:
    """The values of the zones that have any."""
    said = (zone_words(one.zone, one.temperature, one.humidity) for one in hall.climate.views())
    return [words for words in said if words]


def page(name: str, **values: Any) -> Response:
    """A page that no cache keeps; 304 if the browser has it already.

    One for a phone speaks the language that its holder chose by ``?language=``, which a cookie keeps from then on.
    """
    languages = _languages()
    spoken = languages.chosen(request) if name in PHONE else None
    values |= {"offered": languages.offered if name in PHONE | TOUCHED else [], "language": spoken and spoken.language}
    text = render_template(name, **values)
    response = make_response(spoken.html(text) if spoken else text)
    if name in PHONE and ASKED in request.args:
        tls = request.scheme == "https"
        response.set_cookie(COOKIE, request.args[ASKED][:40], secure=tls, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:20])
    response.make_conditional(request)
    return response


def form_page(name: str, facts: dict[str, Any], **values: Any) -> Response:
    """A page with a form that works without JavaScript; ``?refused=`` says why the last one was refused.

    Nothing is sent to other sites, as with "no-referrer"; but with that the browser would also send the page's own
    forms with "Origin: null" (Fetch, 3.1). The words of the refusal need ``facts``; ``values`` are the template's.
    """
    refused = request.args.get("refused", "")
    response = page(name, refused=words(refused, facts) if refused in CODES else None, **values)
    response.headers["Referrer-Policy"] = "same-origin"
    return response

"""Pages for staff: window, guide desk, manager, devices, log-in, and the virtual hall of the demonstration.

The pages contain no data but names of windows; they fetch the rest from the API, which checks the log-in. A visitor who
is not logged in is sent to the log-in page instead of to a page that would stay empty.
"""

from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request

from display import nationalities
from display.advice import DEVICES, REASONS, DeviceWords, advice
from display.refusals import CODES, words
from drivers.kinds import KINDS
from kiosk.web.api.login import own_path
from kiosk.web.auth import gate, remember
from kiosk.web.hall import Hall
from kiosk.web.pages.public import form_page, page
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import see_other
from ticketing.model import LimitError, Role, UnknownError
from ticketing.people.people import Principal


def staff_pages(hall: Hall, visitor: tuple[str, str] | None = None) -> Blueprint:
    """The staff's pages of ``hall``; ``/bench`` logs in with name and password of ``visitor``, where there is one."""
    blueprint = Blueprint("staff", __name__)

    @blueprint.context_processor
    def lock() -> dict[str, object]:
        """What the lock of a page is told."""
        asker = gate().asker()
        watched = asker.principal is not None and asker.by == "login"
        return {
            "idle_seconds": hall.settings.accounts.idle_minutes * 60 if watched else 0,
            "locked": asker.principal is not None and asker.principal.locked,
        }

    def staff(role: Role) -> Principal:
        """Who is logged in, in that role; a visitor who is not is sent to the log-in."""
        principal = gate().asker().principal
        if principal is None:
            abort(_to_login())
        if principal.must:
            abort(see_other(f"/account?{urlencode({'next': request.path})}"))
        if principal.role != role:
            raise RequestError(403, "forbidden")
        return principal

    @blueprint.get("/window/<window>")
    def window(window: str) -> Response:
        found, clerk = hall.window(window), staff("clerk")
        if not clerk.may_use(window):
            raise RequestError(403, "not_your_window", window=window)
        return page("window.html", window=found, username=clerk.name, nationalities=nationalities.TABLE)

    @blueprint.get("/desk")
    def desk() -> Response:
        return page("desk_page.html", username=staff("desk").name, classes=hall.settings.queue.classes)

    @blueprint.get("/devices")
    def devices() -> Response:
        principal = gate().asker().principal
        if not _may_see_devices(principal) and not (hall.virtual_hall and gate().asker().at_kiosk):
            if principal is None:
                return _to_login()
            raise RequestError(403, "forbidden")
        reasons = {reason: advice(reason) for reason in sorted(REASONS)}
        return page("devices.html", kinds=_kinds(), reasons=reasons, username=principal.name if principal else None)

    @blueprint.get("/manage")
    def manage() -> Response:
        return page("manage.html", username=staff("manager").name, today=hall.office.ledger.today())

    @blueprint.get("/login")
    def login() -> Response:
        if not gate().asker().secure:
            raise RequestError(403, "tls_required")
        failed = request.args.get("failed", "")
        said = words(failed) if failed in CODES else None
        return form_page(
            "login.html", {}, next=request.args.get("next", ""), failed=said, second=failed.startswith("totp_")
        )

    @blueprint.get("/account")
    def account() -> Response:
        principal = gate().asker().principal
        if principal is None:
            abort(_to_login())
        if gate().asker().by != "login":
            raise RequestError(403, "forbidden")
        back = own_path(request.args.get("next", ""))
        return page("account.html", username=principal.name, next=back, must=principal.must)

    @blueprint.get("/bench")
    def bench() -> Response:
        asker = gate().asker()
        if hall.virtual_hall is None or not asker.at_kiosk:
            raise UnknownError("not_found")
        shown = page("bench.html", kinds=_kinds())
        if visitor is not None and asker.principal is None and (secret := _let_in(hall, visitor)):
            remember(shown, secret, hall.people.device(visitor[0]))
        return shown

    return blueprint


def _kinds() -> list[tuple[str, tuple[str, ...], DeviceWords]]:
    """Each driver, its drawing and its words, for the pages that show devices."""
    return [(driver, kind.icon, DEVICES[driver]) for driver, kind in KINDS.items()]


def _let_in(hall: Hall, visitor: tuple[str, str]) -> str | None:
    """A log-in for the visitor; None if the account does not exist, or too many log in just now."""
    try:
        return hall.people.login(*visitor, hall.clock())
    except LimitError:
        return None


DEVICE_ROLES: tuple[Role, ...] = ("technician", "manager")


def _may_see_devices(principal: Principal | None) -> bool:
    return principal is not None and principal.role in DEVICE_ROLES


def _to_login() -> Response:
    return see_other(f"/login?{urlencode({'next': request.path})}")

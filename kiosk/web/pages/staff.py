"""Pages for staff: window, guide desk, manager, devices, log-in, and the virtual hall of the demonstration.

The pages contain no data but names of windows; they fetch the rest from the API, which checks the log-in. A visitor who
is not logged in is sent to the log-in page instead of to a page that would stay empty.
"""

from datetime import timedelta

from flask import Blueprint, Response, request

from display import nationalities
from display.refusals import CODES, words
from display.staff.advice import DEVICES, REASONS, Advice, DeviceWords, advice
from drivers.kinds import KINDS
from kiosk.web.api.people.login import STAFF, logged_in, own_path
from kiosk.web.auth import actor, allow, gate, public
from kiosk.web.hall import Hall
from kiosk.web.pages.public import form_page, page
from kiosk.web.problems import RequestError


def staff_pages(hall: Hall) -> Blueprint:
    """The staff's pages of ``hall``."""
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

    @blueprint.get("/window/<window>")
    @allow("clerk", page=True, window=True)
    def window(window: str) -> Response:
        username = actor().who
        return page("window.html", window=hall.window(window), username=username, nationalities=nationalities.TABLE)

    @blueprint.get("/window/<window>/applications")
    @allow("clerk", page=True, window=True)
    def applications(window: str) -> Response:
        at, username = hall.window(window), actor().who
        return page("applications.html", window=at, username=username, nationalities=nationalities.TABLE)

    @blueprint.get("/desk")
    @allow("desk", page=True)
    def desk() -> Response:
        return page("desk_page.html", username=actor().who, classes=hall.settings.queue.classes)

    @blueprint.get("/desk/applications")
    @allow("desk", page=True)
    def desk_applications() -> Response:
        return page("desk_applications.html", username=actor().who)

    # In the virtual hall whoever has the kiosk's token sees what the technician sees; the page brings the token.
    @blueprint.get("/devices")
    @(public if hall.virtual_hall else allow("technician", "manager", page=True))
    def devices() -> Response:
        principal = gate().asker().principal
        may_see = principal is not None and principal.role in ("technician", "manager")
        username = principal.name if principal and may_see else None
        windows = hall.office.windows()
        zones = sorted({one.zone for one in windows if one.zone})
        about = {"kinds": _kinds(), "reasons": _reasons(), "windows": windows, "zones": zones}
        terminals = hall.terminal_cards.with_reader
        return page("devices.html", username=username, bench=not may_see, terminals=terminals, **about)

    @blueprint.get("/manage")
    @allow("manager", page=True)
    def manage() -> Response:
        return page("manage.html", username=actor().who)

    @blueprint.get("/manage/matters")
    @allow("manager", page=True)
    def matters() -> Response:
        return page("manage_matters.html", username=actor().who)

    @blueprint.get("/manage/figures")
    @allow("manager", page=True)
    def figures() -> Response:
        return page("manage_figures.html", username=actor().who, today=hall.office.ledger.today())

    @blueprint.get("/manage/what-if")
    @allow("manager", page=True)
    def what_if() -> Response:
        windows, yesterday = hall.office.windows(), hall.office.ledger.today() - timedelta(days=1)
        services = {one.id: [one.name, one.name_en or one.name] for one in hall.office.services()}
        return page(
            "manage_what_if.html", username=actor().who, windows=windows, services=services, yesterday=yesterday
        )

    @blueprint.get("/manage/replay")
    @allow("manager", page=True)
    def replay() -> Response:
        return page("manage_replay.html", username=actor().who, today=hall.office.ledger.today())

    @blueprint.get("/manage/setup")
    @allow("manager", page=True)
    def setup() -> Response:
        return page("manage_setup.html", username=actor().who)

    @blueprint.get("/manage/layout")
    @allow("manager", page=True)
    def layout() -> Response:
        return page("manage_layout.html", username=actor().who)

    @blueprint.get("/manage/accounts")
    @allow("manager", page=True)
    def accounts() -> Response:
        return page("manage_accounts.html", username=actor().who)

    @blueprint.get("/manage/changes")
    @allow("manager", page=True)
    def changes() -> Response:
        return page("manage_changes.html", username=actor().who)

    @blueprint.get("/manage/notices")
    @allow("manager", page=True)
    def notices() -> Response:
        return page("manage_notices.html", username=actor().who)

    @blueprint.get("/audit")
    @allow("auditor", page=True)
    def audit() -> Response:
        return page("audit.html", username=actor().who, today=hall.office.ledger.today())

    @blueprint.get("/fill")
    @allow("clerk", "technician", "manager", page=True, login=True)
    def fill() -> Response:
        return page("fill.html", username=actor().who, role=actor().role)

    @blueprint.get("/fill/extension.zip")
    @allow("clerk", "technician", "manager", page=True, login=True)
    def extension() -> Response:
        # Imported here: few ask for it.
        from kiosk.web.api.fill.extension import packed

        scheme = "https" if gate().arrival().tls else "http"
        return Response(
            packed(f"{scheme}://{request.host}"),
            content_type="application/zip",
            headers={"Content-Disposition": "attachment; filename=quhao-fill.zip", "Cache-Control": "no-store"},
        )

    @blueprint.get("/login")
    @public
    def login() -> Response:
        if not gate().arrival().secure:
            raise RequestError(403, "tls_required")
        failed = request.args.get("failed", "")
        said = words(failed) if failed in CODES else None
        return form_page(
            "login.html", {}, next=request.args.get("next", ""), failed=said, second=failed.startswith("totp_")
        )

    @blueprint.get("/account")
    @allow(*STAFF, page=True, login=True, resting=True)
    def account() -> Response:
        principal, _ = logged_in()
        back = own_path(request.args.get("next", ""))
        return page("account.html", username=principal.name, next=back, must=principal.must)

    if hall.virtual_hall:

        @blueprint.get("/bench")
        @public
        def bench() -> Response:
            return page("bench.html", kinds=_kinds(), reasons=_reasons())

    return blueprint


def _reasons() -> dict[str, Advice]:
    """What drivers give as reasons, in words."""
    return {reason: advice(reason) for reason in sorted(REASONS)}


def _kinds() -> list[tuple[str, tuple[str, ...], DeviceWords]]:
    """Each driver, its drawing and its words, for the pages that show devices."""
    return [(driver, kind.icon, DEVICES[driver]) for driver, kind in KINDS.items()]

"""Who may use which route: one table, held against the running server and against the description of the API.

``logged in``: for people alone; the table is asked by tokens, which are refused. ``of this window`` and
``of this terminal``: an account or token that is bound to another one is refused. A kiosk's
token that names a box is refused on any other one. A new route needs a line here.
"""

import http.client
import json
from contextlib import closing
from typing import Any

import pytest

from ticketing.model import ROLES

API = """
GET   /hall                                                         anyone
GET   /board                                                        anyone
GET   /events                                                       anyone
GET   /climate                                                      anyone

GET   /tickets/<code>                                               anyone
GET   /tickets/<code>/why                                           anyone
POST  /tickets/<code>/cancel                                        anyone
POST  /tickets/<code>/return                                        anyone
POST  /tickets/<code>/supplement                                    anyone
POST  /tickets/<code>/rating                                        anyone
GET   /progress/<code>                                              anyone
POST  /tickets                                                      kiosk, desk
POST  /tickets/<int:ticket>/print                                   kiosk, desk

GET   /kiosk                                                        kiosk
GET   /kiosk/events                                                 kiosk
POST  /kiosk/choose                                                 kiosk
POST  /kiosk/reprint                                                kiosk
POST  /kiosk/typed                                                  kiosk
POST  /kiosk/agent                                                  kiosk
POST  /kiosk/stay                                                   kiosk
POST  /kiosk/cancel                                                 kiosk
POST  /kiosk/speak                                                  kiosk
POST  /kiosk/volume                                                 kiosk

GET   /windows/<window>                                             clerk, of this window
GET   /windows/<window>/events                                      clerk, of this window
GET   /windows/<window>/away                                        clerk, of this window
GET   /windows/<window>/grades                                      clerk, of this window
GET   /windows/<window>/resident                                    clerk, of this window
POST  /windows/<window>/open                                        clerk, of this window
POST  /windows/<window>/pause                                       clerk, of this window
POST  /windows/<window>/close                                       clerk, of this window
POST  /windows/<window>/call                                        clerk, of this window
POST  /windows/<window>/call-next                                   clerk, of this window
POST  /windows/<window>/recall                                      clerk, of this window
POST  /windows/<window>/start                                       clerk, of this window
POST  /windows/<window>/hold                                        clerk, of this window
POST  /windows/<window>/return                                      clerk, of this window
POST  /windows/<window>/no-show                                     clerk, of this window
POST  /windows/<window>/transfer                                    clerk, of this window
POST  /windows/<window>/finish                                      clerk, of this window
POST  /windows/<window>/undo                                        clerk, of this window
POST  /windows/<window>/scan                                        clerk, of this window
POST  /windows/<window>/cases                                       clerk, of this window
GET   /windows/<window>/rating                                      terminal, of this window
POST  /windows/<window>/rating                                      terminal, of this window
GET   /windows/<window>/resident-screen                             clerk, terminal, of this window
GET   /windows/<window>/resident-screen/events                      clerk, terminal, of this window
GET   /windows/<window>/resident-screen/data                        clerk, terminal, of this window
POST  /windows/<window>/resident-screen/data                        clerk, terminal, of this window
POST  /windows/<window>/show-back                                   clerk, of this window
POST  /windows/<window>/take-back                                   clerk, of this window

GET   /terminals/<terminal>/forms                                   terminal, of this terminal
POST  /terminals/<terminal>/forms/<form>                            terminal, of this terminal
POST  /terminals/<terminal>/forms/<form>/print                      terminal, of this terminal
POST  /terminals/<terminal>/forms/<form>/hand-in                    terminal, of this terminal
POST  /terminals/<terminal>/applications                            terminal, of this terminal
GET   /terminals/<terminal>/applications/<int:case>/receipt         terminal, of this terminal
POST  /terminals/<terminal>/applications/take-back                  terminal, of this terminal
GET   /applications                                                 desk, manager
POST  /desk/applications                                            desk
GET   /windows/<window>/applications                                clerk, of this window
POST  /windows/<window>/applications                                clerk, of this window
POST  /windows/<window>/applications/<int:case>/take-up             clerk, of this window
GET   /terminals/<terminal>                                         terminal, of this terminal
POST  /terminals/<terminal>/code                                    terminal, of this terminal
POST  /terminals/<terminal>/tickets                                 terminal, of this terminal
GET   /terminals/<terminal>/events                                  terminal, of this terminal
POST  /terminals/<terminal>/scan                                    terminal, of this terminal
POST  /terminals/<terminal>/progress                                terminal, of this terminal
POST  /terminals/<terminal>/supplement                              terminal, of this terminal
POST  /terminals/<terminal>/appointments                            terminal, of this terminal
POST  /terminals/<terminal>/appointments/mine                       terminal, of this terminal
POST  /terminals/<terminal>/appointments/<int:appointment>/cancel   terminal, of this terminal
POST  /terminals/<terminal>/appointments/<int:appointment>/take-back  terminal, of this terminal

GET   /appointments/days                                            anyone
GET   /appointments/slots                                           anyone
GET   /appointments/<code>                                          anyone
POST  /appointments/<code>/cancel                                   anyone
POST  /appointments/<code>/take-back                                anyone
POST  /appointments                                                 terminal, desk
GET   /appointments                                                 desk, manager
POST  /appointments/import                                          manager
POST  /desk/appointments/<int:appointment>/cancel                   desk, manager
POST  /desk/appointments/<int:appointment>/take-back                desk, manager

GET   /desk/tickets                                                 desk
POST  /desk/tickets/<int:ticket>/cancel                             desk
POST  /desk/tickets/<int:ticket>/hold                               desk
POST  /desk/tickets/<int:ticket>/return                             desk
POST  /desk/tickets/<int:ticket>/priority                           clerk, desk
POST  /desk/cases/<code>/supplement                                 kiosk, desk
POST  /cases/<int:case>/print                                       clerk, desk
POST  /cases/<int:case>/progress                                    clerk, desk

GET   /notices                                                      anyone
GET   /notices/all                                                  desk, manager
GET   /boxes                                                        manager, technician
POST  /boxes/<box>/noted                                            manager, technician
DELETE /boxes/<box>                                                 manager, technician
POST  /screens/report                                               anyone
GET   /screens                                                      manager, technician
GET   /screens/hours                                                anyone
POST  /screens/bind                                                 manager, technician
PUT   /screens/<int:screen>                                         manager, technician
DELETE /screens/<int:screen>                                        manager, technician
POST  /notices                                                      manager
PUT   /notices/<int:notice>                                         manager
POST  /notices/<int:notice>/withdraw                                desk, manager
POST  /messages                                                     desk, manager
GET   /media                                                        manager, technician
GET   /media/<name>                                                 anyone
POST  /media                                                        manager
POST  /media/<upload>/part                                          manager
POST  /media/<name>/trouble                                         anyone
POST  /help                                                         kiosk, clerk, terminal
GET   /help/here                                                    kiosk, terminal
GET   /help                                                         clerk, desk, manager
POST  /help/<int:call>/answer                                       clerk, desk, manager
POST  /help/<int:call>/done                                         clerk, desk, manager
POST  /tickets/<code>/help                                          anyone
POST  /windows/<window>/emergency                                   clerk, of this window

GET   /fill/mappings                                                clerk, manager, technician, logged in
PUT   /fill/mappings/<mapping>                                      technician, logged in
DELETE /fill/mappings/<mapping>                                     technician, logged in
GET   /fill/mappings/<mapping>/values                               clerk, logged in
GET   /setup                                                        manager
PUT   /setup                                                        manager
GET   /setup/draft                                                  manager
POST  /setup/draft/changes                                          manager
POST  /setup/draft/discard                                          manager
POST  /setup/draft/publish                                          manager
POST  /setup/draft/keep-back                                        manager
GET   /setup/changes                                                manager
POST  /setup/changes/<int:publication>/bring-back                   manager
GET   /setup/papers                                                 manager
POST  /setup/papers/preview                                         manager
POST  /setup/papers/print                                           manager
GET   /live                                                         manager
GET   /what-if                                                      manager
GET   /expected                                                     manager
GET   /replay                                                       manager
GET   /alerts                                                       desk, manager
GET   /matters                                                      anyone
GET   /matters/<matter>                                             anyone
PUT   /matters                                                      manager
POST  /matters/<matter>/print                                       kiosk, clerk, desk
GET   /matters/<matter>/print/<int:leaflet>                         kiosk, clerk, desk
GET   /matters/file                                                 manager
GET   /matters/figures                                              manager
POST  /matters/file                                                 manager
PUT   /matters/<matter>                                             manager
DELETE /matters/<matter>                                            manager
GET   /reports                                                      manager
GET   /reports/day                                                  manager
GET   /reports/span                                                 manager
GET   /ratings/work                                                 manager
POST  /ratings/work/<int:item>                                      manager
GET   /climate/day                                                  manager, technician
POST  /climate/<device>/override                                    manager, technician
GET   /devices                                                      manager, technician
POST  /devices/<device>/test                                        manager, technician
GET   /audit                                                        auditor
POST  /audit/subject                                                auditor
POST  /audit/closing-slip                                             auditor
GET   /audit/closing-slip/<int:job>                                   auditor
POST  /audit/verify                                                 auditor

POST  /login                                                        anyone
POST  /logout                                                       anyone
GET   /me                                                           any role
GET   /me/account                                                   clerk, desk, manager, technician, auditor, logged in
POST  /me/active                                                    clerk, desk, manager, technician, auditor, logged in
POST  /me/password                                                  clerk, desk, manager, technician, auditor, logged in
GET   /me/sessions                                                  clerk, desk, manager, technician, auditor, logged in
POST  /me/sessions/<session>/end                                    clerk, desk, manager, technician, auditor, logged in
POST  /me/totp                                                      clerk, desk, manager, technician, auditor, logged in
POST  /me/totp/confirm                                              clerk, desk, manager, technician, auditor, logged in
POST  /me/totp/remove                                               clerk, desk, manager, technician, auditor, logged in
POST  /lock                                                         clerk, desk, manager, technician, auditor, logged in
POST  /unlock                                                       clerk, desk, manager, technician, auditor, logged in
GET   /accounts                                                     manager, logged in
POST  /accounts                                                     manager, logged in
POST  /accounts/<account>                                           manager, logged in
POST  /accounts/<account>/password                                  manager, logged in
POST  /accounts/<account>/remove                                    manager, logged in
GET   /tokens                                                       manager, logged in
POST  /tokens                                                       manager, logged in
POST  /tokens/<token>/remove                                        manager, logged in
POST  /accounts/<account>/sessions/end                              manager, logged in
POST  /accounts/<account>/totp/remove                               manager, logged in
"""
PAGES = """
GET   /                                                             anyone
GET   /kiosk                                                        anyone
GET   /languages/<language>.json                                    anyone
GET   /screen                                                       anyone
GET   /screen/window/<window>                                       anyone
GET   /guide                                                        anyone
GET   /guide/<matter>                                               anyone
GET   /guide/<matter>/code.svg                                      anyone
GET   /rate/<window>                                                anyone
GET   /window/<window>/resident                                     anyone
GET   /terminal                                                     anyone
GET   /t/<code>                                                     anyone
GET   /T/<code>                                                     anyone
POST  /t/<code>/cancel                                              anyone
POST  /T/<code>/cancel                                              anyone
GET   /plan.svg                                                     anyone
POST  /t/<code>/help                                                anyone
POST  /T/<code>/help                                                anyone
POST  /t/<code>/return                                              anyone
POST  /T/<code>/return                                              anyone
GET   /p/<code>                                                     anyone
GET   /P/<code>                                                     anyone
POST  /p/<code>/supplement                                          anyone
POST  /P/<code>/supplement                                          anyone
GET   /b/<code>                                                     anyone
GET   /B/<code>                                                     anyone
POST  /b/<code>/cancel                                              anyone
POST  /b/<code>/take-back                                           anyone
GET   /grade/<code>                                                 anyone
POST  /grade/<code>                                                 anyone
GET   /fill                                                         clerk, manager, technician, logged in
GET   /fill/extension.zip                                           clerk, manager, technician, logged in
GET   /login                                                        anyone
POST  /login                                                        anyone
GET   /static/<path:filename>                                       anyone
GET   /openapi                                                      anyone
GET   /openapi/openapi.json                                         anyone
GET   /openapi/start.js                                             anyone
GET   /openapi/swagger/<path:name>                                  anyone
GET   /healthz                                                      anyone
GET   /readyz                                                       anyone
GET   /metrics                                                      technician, this box

GET   /kiosk/code.svg                                               kiosk
GET   /window/<window>                                              clerk, of this window
GET   /window/<window>/applications                                 clerk, of this window
GET   /desk                                                         desk
GET   /desk/applications                                            desk
GET   /manage                                                       manager
GET   /manage/matters                                               manager
GET   /manage/accounts                                              manager
GET   /manage/changes                                               manager
GET   /manage/layout                                                manager
GET   /manage/setup                                                 manager
GET   /manage/notices                                               manager
GET   /manage/figures                                               manager
GET   /manage/what-if                                               manager
GET   /manage/replay                                                manager
GET   /devices                                                      manager, technician
GET   /audit                                                        auditor
GET   /account                                                      clerk, desk, manager, technician, auditor, logged in
"""
PREFIX = "/api/v1"
BOX, WINDOW, TERMINAL = "test", "3", "t1"
REFUSALS = {"not_logged_in", "forbidden", "not_your_window", "not_your_terminal"}


def rows(table: str, prefix: str = "") -> dict[tuple[str, str], str]:
    """By method and rule, who may use it."""
    cells = [line.split(None, 2) for line in table.strip().splitlines() if line]
    return {(method, prefix + rule): who.strip() for method, rule, who in cells}


MATRIX = rows(API, PREFIX) | rows(PAGES)


def expected(who: str, role: str | None) -> str:
    """What the table says of a role, of nobody (None), each bound to the route's window and terminal."""
    if who == "anyone" or (role is None and "this box" in who):
        return "in"
    if role is None:
        return "not_logged_in"
    if who.endswith("logged in"):
        return "forbidden"
    return "in" if who == "any role" or role in who.partition(", of this")[0].split(", ") else "forbidden"


def asked(connection: http.client.HTTPConnection, method: str, rule: str, token: str | None) -> str:
    """The refusal by the gate; ``in`` for a request that got past it, whatever came of it."""
    path = rule.replace("<window>", WINDOW).replace("<terminal>", TERMINAL).replace("<code>", "0" * 16)
    path = path.replace("<session>", "0" * 12).replace("<account>", "nobody").replace("<matter>", "no-such")
    path = path.replace("<device>", "lamp").replace("<path:filename>", "shared/tokens.css")
    path = path.replace("<path:name>", "css/swagger-ui.css")
    path = "/".join("1" if part.startswith("<int:") else part for part in path.split("/"))
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    # No route takes a list: nothing is done that a later question would stumble over.
    connection.request(method, path, b"[]" if method != "GET" else None, headers)
    response = connection.getresponse()
    if response.headers["Content-Type"].startswith("text/event-stream"):
        connection.close()
        return "in"
    body = response.read()
    if response.status == 303 and response.headers["Location"].startswith("/login?next="):
        return "not_logged_in"
    code = json.loads(body)["code"] if response.status in (401, 403) else ""
    return code if code in REFUSALS else "in"


def test_the_table_has_every_route_and_none_that_is_not_there(busy: Any) -> None:
    there = {
        (method, rule.rule)
        for rule in busy.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == set(MATRIX)


def test_the_description_says_of_every_call_what_the_table_says(busy: Any) -> None:
    described = busy.ask("GET", "/openapi/openapi.json").json["paths"]
    for (method, rule), who in MATRIX.items():
        if rule.startswith(PREFIX):
            path = rule.replace("<int:", "<").replace("<", "{").replace(">", "}")
            assert described[path][method.lower()]["description"].endswith(f"For: {who}"), (method, rule)


@pytest.mark.parametrize("role", [None, *ROLES], ids=lambda role: role or "anonymous")
def test_each_role_gets_in_where_the_table_says_so_and_nowhere_else(busy: Any, role: Any) -> None:
    place = BOX if role == "kiosk" else TERMINAL
    token = role and busy.hall.people.add_token(f"own-{role}", role, (WINDOW,), place)
    with closing(busy.connect()) as connection:
        for (method, rule), who in MATRIX.items():
            found = asked(connection, method, rule, token)
            assert found == expected(who, role), (method, rule)


def test_what_is_bound_elsewhere_is_refused_where_the_table_says_so(busy: Any) -> None:
    clerk = busy.hall.people.add_token("foreign-clerk", "clerk", ("1",))
    tablet = busy.hall.people.add_token("foreign-tablet", "terminal", ("1",), TERMINAL)
    terminal = busy.hall.people.add_token("foreign-terminal", "terminal", (WINDOW,), "t2")
    kiosk = busy.hall.people.add_token("foreign-kiosk", "kiosk", (), "another-box")
    with closing(busy.connect()) as connection:
        for (method, rule), who in MATRIX.items():
            if who.endswith("of this window"):
                token = clerk if who.startswith("clerk") else tablet
                assert asked(connection, method, rule, token) == "not_your_window", (method, rule)
            if who.endswith("of this terminal"):
                assert asked(connection, method, rule, terminal) == "not_your_terminal", (method, rule)
            if "kiosk" in who or who == "any role":
                assert asked(connection, method, rule, kiosk) == "not_your_terminal", (method, rule)

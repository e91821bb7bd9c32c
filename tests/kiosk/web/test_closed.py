"""What is closed by default, what a setting opens or closes, and what every answer carries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ticketing.model import ROLES

PASSWORD = "Kaimen-dajia-hao"


@pytest.mark.parametrize("path", ["/forgotten", "/api/v1/forgotten"])
def test_a_route_that_says_nothing_is_open_to_nobody(start: Callable[..., Any], path: str) -> None:
    """A page was open to anybody, unless somebody remembered to close it."""
    here = start()
    here.app.add_url_rule(path, view_func=lambda: "everything", endpoint="forgotten")
    for token in (None, *(here.hall.people.add_token(role, role, ("*",), "test") for role in ROLES)):
        refused = here.ask("GET", path, token=token)
        assert (refused.status, refused.code) == (403, "forbidden")


@pytest.mark.parametrize(
    ("setting", "anybody", "technician"), [("box", 200, 200), ("token", 401, 200), ("off", 404, 404)]
)
def test_metrics_are_for_programs_of_this_box_and_a_technician(
    start: Callable[..., Any], setting: str, anybody: int, technician: int
) -> None:
    here = start(metrics=setting)
    assert here.ask("GET", "/metrics").status == anybody
    assert here.ask("GET", "/metrics", token=here.token("technician")).status == technician
    if setting != "off":
        assert here.ask("GET", "/metrics", headers={"Via": "1.1 proxy"}).status == 401
        assert here.ask("GET", "/metrics", token=here.token("clerk")).code == "forbidden"


@pytest.mark.parametrize(
    ("setting", "anybody", "clerk"), [("public", 200, 200), ("login", 303, 200), ("off", 404, 404)]
)
def test_the_description_is_for_those_whom_the_settings_name(
    start: Callable[..., Any], setting: str, anybody: int, clerk: int
) -> None:
    here = start(openapi=setting)
    for path in ("/openapi", "/openapi/openapi.json", "/openapi/start.js", "/openapi/swagger/css/swagger-ui.css"):
        assert here.ask("GET", path).status == anybody
        assert here.ask("GET", path, token=here.token("clerk")).status == clerk


def test_over_tls_browsers_are_told_to_come_by_tls_alone_and_to_keep_other_sites_apart(
    start: Callable[..., Any], certificate: tuple[Path, Path]
) -> None:
    plain, by_tls = start(trusted_proxy="127.0.0.1"), start(tls_cert=certificate[0], tls_key=certificate[1])
    proxied = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    for path in ("/healthz", "/kiosk", "/api/v1/board", "/api/v1/nothing", "/static/shared/tokens.css"):
        for answer in (by_tls.ask("GET", path), plain.ask("GET", path, headers=proxied)):
            assert answer.headers["strict-transport-security"] == "max-age=31536000", path
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        for headers in ({}, proxied | {"X-Forwarded-Proto": "http"}):
            assert "strict-transport-security" not in plain.ask("GET", path, headers=headers).headers


def test_nothing_but_what_never_changes_is_kept_by_a_browser(here: Any) -> None:
    """So nothing has to be cleared at the log-out."""
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    cookie = here.hall.people.login("wang", PASSWORD, here.now())
    for path in (
        "/window/3",
        "/manage",
        "/login",
        "/kiosk",
        "/api/v1/windows/3",
        "/api/v1/nothing",
        "/t/none",
        "/metrics",
    ):
        assert here.ask("GET", path, cookie=cookie).headers["cache-control"] == "no-store", path
    assert "no-store" not in here.ask("GET", "/static/shared/tokens.css").headers["cache-control"]

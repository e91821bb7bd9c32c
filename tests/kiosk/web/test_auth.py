"""Who may do what, over real HTTP: from this box, from elsewhere, by TLS."""

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "Kaimen-dajia-hao"
ISSUE = {"service": "licence"}


def login(here: Any, name: str = "wang", role: Any = "clerk", windows: tuple[str, ...] = ("3",)) -> str:
    """The cookie of an account that has logged in."""
    here.hall.people.add_account(name, role, windows, PASSWORD)
    answer = here.post("/login", {"username": name, "password": PASSWORD})
    assert answer.status == 200, answer.body
    return cookie_of(answer)


def cookie_of(answer: Any) -> str:
    (cookie,) = (one for one in answer.cookies if one.removeprefix("__Host-").startswith("quhao="))
    return str(cookie.partition(";")[0].partition("=")[2])


def device_of(answer: Any) -> str:
    """The cookie by which the browser is known from then on, as it sends it."""
    (cookie,) = (one for one in answer.cookies if one.removeprefix("__Host-").startswith("quhao-device="))
    return str(cookie.partition(";")[0])


# -- credentials -------------------------------------------------------------------------------------------------------


def test_an_address_gives_nobody_a_role_and_a_token_does(here: Any) -> None:
    for method, path in (("GET", "/me"), ("GET", "/kiosk"), ("POST", "/tickets"), ("GET", "/windows/3/rating")):
        refused = here.ask(method, f"/api/v1{path}", ISSUE if method == "POST" else None)
        assert (refused.status, refused.code) == (401, "not_logged_in"), path
    token = here.token("kiosk", name="hall-kiosk")
    assert here.get("/me", token=token).json == {"username": "hall-kiosk", "role": "kiosk", "windows": ["*"]}
    assert here.get("/kiosk", token=token).status == 200
    assert here.post("/tickets", ISSUE, token=token).status == 201


def test_somebody_who_logs_in_gets_a_cookie_that_scripts_and_other_sites_cannot_use(here: Any) -> None:
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    answer = here.post("/login", {"username": "wang", "password": PASSWORD})
    assert answer.json == {"username": "wang", "role": "clerk", "windows": ["3"]}
    attributes = {part.strip().lower() for part in answer.cookies[0].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= attributes
    assert "secure" not in attributes  # plain HTTP on this box alone
    assert here.get("/me", cookie=cookie_of(answer)).json["username"] == "wang"


def test_whoever_logs_out_is_out(here: Any) -> None:
    cookie = login(here)
    answer = here.post("/logout", cookie=cookie)
    assert answer.status == 204
    assert cookie_of(answer) == ""
    assert here.get("/windows/3", cookie=cookie).code == "not_logged_in"


def test_a_login_ends_after_a_working_day(here: Any) -> None:
    cookie = login(here)
    here.pass_time(hours=13)
    assert here.get("/windows/3", cookie=cookie).status == 401


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(here: Any) -> None:
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    wrong = here.post("/login", {"username": "wang", "password": "nicht-so"})
    unknown = here.post("/login", {"username": "nobody", "password": PASSWORD})
    assert wrong.code == unknown.code == "wrong_password"
    assert (wrong.status, wrong.body) == (unknown.status, unknown.body) == (401, wrong.body)


def test_guessing_is_slowed_down(here: Any) -> None:
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    answers = [here.post("/login", {"username": "wang", "password": f"guess {n}"}) for n in range(7)]
    assert answers[-1].status == 429
    assert answers[-1].code == "too_many_tries"
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_browser_that_logged_in_before_is_known_by_a_cookie_that_opens_nothing(start: Callable[..., Any]) -> None:
    here = start(trusted_proxy="127.0.0.1")
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    far = {"X-Forwarded-For": "203.0.113.9"}
    answer = here.post("/login", {"username": "wang", "password": PASSWORD}, headers=far)
    attributes = next(one for one in answer.cookies if "quhao-device=" in one).lower().split("; ")[1:]
    assert {"secure", "httponly", "samesite=strict", "path=/", "max-age=34560000"} <= set(attributes)
    device = device_of(answer)
    assert here.get("/windows/3", headers=far | {"Cookie": device}).code == "not_logged_in"
    # Logged in again it is the same device, logged out it stays one.
    cookie = cookie_of(answer)
    assert here.post("/logout", cookie=f"{cookie}; {device}", headers=far).cookies[0].startswith("__Host-quhao=;")
    again = here.post("/login", {"username": "wang", "password": PASSWORD}, headers=far | {"Cookie": device})
    assert device_of(again) == device


def test_guessing_from_one_address_keeps_out_neither_a_known_device_nor_another_address(
    start: Callable[..., Any],
) -> None:
    here = start(trusted_proxy="127.0.0.1")
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)

    def log_in(address: str, password: str = PASSWORD, **cookie: str) -> Any:
        headers = {"X-Forwarded-For": address} | cookie
        return here.post("/login", {"username": "wang", "password": password}, headers=headers)

    device = device_of(log_in("192.0.2.7"))
    codes = [log_in(f"2001:db8:1:2::{number:x}", "wrong").code for number in range(7)]
    assert codes == ["wrong_password"] * 5 + ["too_many_tries"] * 2
    assert log_in("2001:db8:1:2::99").code == "too_many_tries"
    assert log_in("2001:db8:1:2::99", Cookie=device).status == 200
    assert log_in("192.0.2.8").status == 200
    assert log_in("2001:db8:1:2::99", Cookie=device.replace(device[-4:], "0000")).code == "too_many_tries"


def test_a_token_opens_its_own_windows_alone(here: Any) -> None:
    token = here.token("clerk", "1")
    assert here.get("/windows/1", token=token).status == 200
    refused = here.get("/windows/3", token=token)
    assert (refused.status, refused.code) == (403, "not_your_window")


def test_a_removed_token_opens_nothing_from_then_on(here: Any) -> None:
    token = here.token("clerk", "3", name="machine")
    assert here.get("/windows/3", token=token).status == 200
    here.hall.people.remove_tokens("machine")
    refused = here.get("/windows/3", token=token)
    assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Bearer realm="quhao"')


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer quhao_nonsense", "Basic d2FuZzpwYXNz", "Bearer \xff"])
def test_a_bad_credential_is_refused_and_never_taken_for_none(shared: Any, value: str) -> None:
    refused = shared.post("/tickets", ISSUE, headers={"Authorization": value})
    assert (refused.status, refused.code) == (401, "bad_token")


# -- other sites -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing_through_a_browser_of_ours(shared: Any, headers: dict[str, str]) -> None:
    cookie = login(shared)
    assert shared.post("/windows/3/call-next", cookie=cookie, headers=headers).code == "cross_site"
    assert shared.post("/logout", cookie=cookie, headers=headers).code == "cross_site"
    assert shared.post("/login", {"username": "wang", "password": PASSWORD}, headers=headers).code == "cross_site"
    assert shared.get("/windows/3", cookie=cookie).json["ticket"] is None


def test_our_own_pages_are_not_another_site(here: Any) -> None:
    own = {"Origin": here.server.address, "Sec-Fetch-Site": "same-origin"}
    cookie = login(here, "li", "desk", ())
    assert here.post("/tickets", ISSUE, cookie=cookie, headers=own).status == 201


def test_a_token_needs_no_page_of_ours(here: Any) -> None:
    """A browser does not send it by itself, so no other site can make it."""
    token = here.token("desk")
    assert here.post("/tickets", ISSUE, token=token, headers={"Origin": "http://office.example"}).status == 201


# -- elsewhere ---------------------------------------------------------------------------------------------------------


def ask_from(address: str, here: Any, method: str, path: str, **headers: str) -> tuple[int, str]:
    """A request to that address of this machine, which then is the one it comes from, too."""
    connection = http.client.HTTPConnection(address, here.server.port, timeout=30)
    try:
        connection.request(method, f"/api/v1{path}", headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read()).get("code", "")
    finally:
        connection.close()


def test_from_elsewhere_credentials_in_the_clear_are_refused_even_when_right(
    start: Callable[..., Any], lan_address: str
) -> None:
    here = start(host="0.0.0.0")
    token, cookie = here.token("clerk"), login(here)
    assert ask_from(lan_address, here, "GET", "/board") == (200, "")
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"quhao={cookie}"}):
        assert ask_from(lan_address, here, "GET", "/windows/3", **headers) == (403, "tls_required")
    assert ask_from(lan_address, here, "GET", "/windows/3") == (401, "not_logged_in")
    connection = http.client.HTTPConnection(lan_address, here.server.port, timeout=30)
    body = json.dumps({"username": "wang", "password": PASSWORD})
    connection.request("POST", "/api/v1/login", body, {"Content-Type": "application/json"})
    assert json.loads(connection.getresponse().read())["code"] == "tls_required"
    connection.close()


def test_by_tls_people_and_machines_get_in_from_elsewhere(
    start: Callable[..., Any], lan_address: str, certificate: tuple[Path, Path]
) -> None:
    here = start(host="0.0.0.0", tls_cert=certificate[0], tls_key=certificate[1])
    token = here.token("clerk")
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    connection = http.client.HTTPSConnection(lan_address, here.server.port, timeout=30, context=here.context)
    try:
        connection.request("GET", "/api/v1/windows/3", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        body = json.dumps({"username": "wang", "password": PASSWORD})
        connection.request("POST", "/api/v1/login", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        cookies = response.headers.get_all("Set-Cookie") or []
        assert [one.partition("=")[0] for one in cookies] == ["__Host-quhao", "__Host-quhao-device"]
        for one in cookies:
            attributes = one.lower().split("; ")[1:]
            assert {"secure", "path=/"} <= set(attributes)
            assert not [part for part in attributes if part.startswith("domain")]
        # By the name without the prefix somebody else could have planted it.
        secret = cookies[0].partition(";")[0].removeprefix("__Host-")
        connection.request("GET", "/api/v1/windows/3", headers={"Cookie": secret})
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["code"]) == (401, "not_logged_in")
    finally:
        connection.close()


def test_plain_http_on_the_tls_port_is_told_so(start: Callable[..., Any], certificate: tuple[Path, Path]) -> None:
    here = start(tls_cert=certificate[0], tls_key=certificate[1])
    connection = http.client.HTTPConnection("127.0.0.1", here.server.port, timeout=30)
    try:
        connection.request("GET", "/api/v1/board")
        response = connection.getresponse()
        assert (response.status, response.read()) == (400, b"This port speaks HTTPS: use https:\n")
    finally:
        connection.close()


# -- the form ----------------------------------------------------------------------------------------------------------

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("%2Fwindow%2F3", "/window/3"),
        ("", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
        ("%2F%2Fevil.example", "/"),
        ("%2F%5Cevil.example", "/"),
        ("%2F%0D%0ASet-Cookie:x", "/"),
    ],
)
def test_the_form_leads_on_to_a_page_of_ours_and_nowhere_else(shared: Any, wanted: str, got: str) -> None:
    shared.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    body = f"username=wang&password={PASSWORD}&next={wanted}".encode()
    answer = shared.ask("POST", "/login", body, headers=FORM)
    assert (answer.status, answer.headers["location"]) == (303, got)
    assert shared.get("/me", cookie=cookie_of(answer)).json["username"] == "wang"


def test_a_form_with_a_wrong_password_leads_back_to_the_form(here: Any) -> None:
    answer = here.ask("POST", "/login", b"username=wang&password=wrong&next=/window/3", headers=FORM)
    assert answer.status == 303
    assert answer.headers["location"] == "/login?next=%2Fwindow%2F3&failed=wrong_password"
    assert answer.cookies == []


# -- what is no address ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://[x", "//", "https://127.0.0.1"])
def test_an_origin_that_is_not_ours_to_the_letter_is_another_site(shared: Any, origin: str) -> None:
    headers = {"Origin": origin, "Host": "127.0.0.1"}
    assert shared.post("/tickets", ISSUE, cookie=login(shared), headers=headers).code == "forbidden"
    assert shared.post("/windows/3/call-next", cookie=login(shared), headers=headers).code == "cross_site"


def test_credentials_in_the_clear_are_refused_where_none_are_needed_too(
    start: Callable[..., Any], lan_address: str
) -> None:
    """Whoever sends them should learn at once that they are for anybody to read."""
    here = start(host="0.0.0.0")
    for headers in ({"Authorization": f"Bearer {here.token('clerk')}"}, {"Cookie": "quhao=x"}):
        assert ask_from(lan_address, here, "GET", "/board", **headers) == (403, "tls_required")
        assert ask_from(lan_address, here, "GET", "/nothing", **headers) == (403, "tls_required")
    assert ask_from(lan_address, here, "GET", "/board", Cookie="language=en") == (200, "")

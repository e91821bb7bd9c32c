"""The browser extension in a real Chromium: a form of another origin, over HTTPS, filled by one press."""

import http.server
import io
import json
import re
import ssl
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from axe import violations
from certificates import make_certificate
from conftest import CHROMIUM, PASSWORD, QUIET, DemoHall
from drivers.simulators.card_reader.cards import CARDS
from kiosk.card_holder import resident_of
from kiosk.exchange.form_mappings import FormMapping, FormMappings
from kiosk.web.api.fill.extension import packed
from ticketing.model import Actor
from wires import wait_until

FORM = """<!doctype html><html lang="zh-CN"><title>企业登记</title><main><h1>企业登记</h1>
<form autocomplete="off">
  <label>姓名 <input id="applicant"></label>
  <label>证件号码 <input name="idcard" data-typed></label>
  <label>出生日期 <input id="born"></label>
  <label>有效期起 <input type="date" id="from"></label>
  <label>民族 <select id="nation"><option value="">请选择</option><option value="9">满族</option>
    <option value="1">汉族</option></select></label>
  <fieldset><legend>性别</legend>
    <label><input type="radio" name="sex" value="F">女性</label>
    <label><input type="radio" name="sex" value="M">男性</label></fieldset>
  <iframe title="地址" srcdoc="<label>住址 <textarea id='home'></textarea></label>"></iframe>
  <label>办件号 <input id="closed" readonly></label>
</form><script>
  // As frameworks do: what is entered is taken from events alone.
  document.querySelector("[data-typed]").addEventListener("input", (event) => { document.title = event.target.value; });
</script></main></html>"""
MAPPING = {
    "name": "企业登记",
    "pages": ["https://127.0.0.1:{port}/register*"],
    "inputs": [
        {"field": "name", "selector": "#applicant", "date": ""},
        {"field": "id_number", "selector": 'input[name="idcard"]', "date": ""},
        {"field": "birth_date", "selector": "#born", "date": "YYYY年MM月DD日"},
        {"field": "valid_from", "selector": "#from", "date": ""},
        {"field": "ethnicity", "selector": "#nation", "date": ""},
        {"field": "sex", "selector": 'input[type="radio"][name="sex"]', "date": ""},
        {"field": "address", "selector": "#home", "date": ""},
        {"field": "pass_number", "selector": "#pass", "date": ""},
    ],
}
LISTENS = """async () => {
    if (self.registration.active?.state !== "activated" || !chrome.action.onClicked.hasListeners()) return false;
    await chrome.runtime.getPlatformInfo();  // the browser has heard of the listener before it answers this
    return true;
}"""
"""Whether the extension's worker hears of its button."""
TECHNICIAN = "a-technicians-password"
DESK = Actor("desk", "desk", "desk")


class BusinessSystem(http.server.BaseHTTPRequestHandler):
    """A business system with one form."""

    form = FORM

    def do_GET(self) -> None:
        body = self.form.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; connect-src 'none'")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def business(tmp_path: Path) -> Iterator[str]:
    """Its form's address, on HTTPS."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), BusinessSystem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/register/new?case=7"
    server.shutdown()
    server.server_close()
    thread.join(10)


def mappings(hall: DemoHall) -> FormMappings:
    return FormMappings(hall.program.hall.settings.fill.folder)


class Extended:
    """A browser with the extension that the box gives to whoever is logged in."""

    def __init__(self, chromium: Browser, hall: DemoHall, folder: Path, user: str, password: str) -> None:
        self.folder, self.profile = folder / "extension", folder / "profile"
        self.context: BrowserContext = chromium.browser_type.launch_persistent_context(
            str(self.profile),
            executable_path=CHROMIUM,
            args=[*QUIET, "--enable-unsafe-extension-debugging"],
            ignore_default_args=["--disable-extensions"],
            ignore_https_errors=True,
            viewport={"width": 1366, "height": 768},
        )
        self.page = self.context.new_page()
        self.page.request.post(f"{hall.url}/api/v1/login", data={"username": user, "password": password})
        packed = self.page.request.get(f"{hall.url}/fill/extension.zip")
        assert packed.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(packed.body())) as content:
            content.extractall(self.folder)
        self.browser: CDPSession = self.context.browser.new_browser_cdp_session()  # type: ignore[union-attr]
        self.id = self.browser.send("Extensions.loadUnpacked", {"path": str(self.folder / "quhao-fill")})["id"]
        # What is pressed before its script has run once is told to nobody.
        worker = next(iter(self.context.service_workers), None) or self.context.wait_for_event("serviceworker")
        wait_until(lambda: worker.evaluate(LISTENS))

    def press(self) -> None:
        """The extension's button, as Alt+Q does, in the page that is open."""
        everything = [{"type": "tab", "exclude": False}]
        tabs = self.browser.send("Target.getTargets", {"filter": everything})["targetInfos"]
        tab = next(one["targetId"] for one in tabs if one["url"] == self.page.url)
        self.browser.send("Extensions.triggerAction", {"id": self.id, "targetId": tab})

    def kept(self) -> str:
        """What is in the profile's files of extensions and in what pages may keep, as text."""
        places = ("Default/Local Extension Settings", "Default/Sync Extension Settings", "Default/IndexedDB")
        places += (
            "Default/Extension State",
            "Default/Extension Rules",
            "Default/Local Storage",
            "Default/Service Worker",
        )
        files = (file for place in places for file in (self.profile / place).rglob("*") if file.is_file())
        return "".join(file.read_bytes().decode("latin-1") for file in files)


def told(page: Page, words: str) -> None:
    """The extension has said this, a regular expression, in the page."""
    expect(page.locator("quhao-line")).to_have_attribute("data-zh", re.compile(words))


@pytest.fixture
def extended(chromium: Browser, hall: DemoHall, tmp_path: Path) -> Iterator[Callable[[str, str], Extended]]:
    browsers: list[Extended] = []

    def start(user: str, password: str) -> Extended:
        browsers.append(Extended(chromium, hall, tmp_path, user, password))
        return browsers[-1]

    yield start
    for one in browsers:
        one.context.close()


def at_the_window(hall: DemoHall, page: Page, card: str) -> None:
    """A resident with this invented card is served at window 3 by the clerk who is logged in."""
    office, sample = hall.office, next(one.card for one in CARDS if one.id == card)
    issued = office.issue("business-licence", DESK, resident=resident_of(sample), print=False)
    for verb, body in (("open", {}), ("call-next", {}), ("scan", {"code": issued.code})):
        answered = page.request.post(f"{hall.url}/api/v1/windows/3/{verb}", data=body)
        assert answered.ok, answered.text()


def test_a_form_of_another_origin_is_filled_by_one_press(
    hall: DemoHall, business: str, extended: Callable[[str, str], Extended]
) -> None:
    port = business.split(":")[2].split("/")[0]
    said = MAPPING | {"pages": [page.format(port=port) for page in MAPPING["pages"]]}
    mappings(hall).put("company", FormMapping.model_validate(said))
    clerk = extended("clerk", PASSWORD)
    page = clerk.page

    page.goto(business)
    clerk.press()
    told(page, "您没有在任何窗口值守，请先在窗口页面开窗")
    at_the_window(hall, page, "wang")
    wang = resident_of(next(one.card for one in CARDS if one.id == "wang"))
    clerk.press()
    expect(page.locator("#applicant")).to_have_value(wang.name)
    # The card says 满, the form 满族.
    expect(page.locator("#nation option:checked")).to_have_text(re.compile(f"^{wang.ethnicity.label}"))
    expect(page.locator("#from")).to_have_value(wang.valid_from.isoformat())
    expect(page.locator("#born")).to_have_value(f"{wang.birth_date:%Y年%m月%d日}")
    expect(page.get_by_label("男性" if wang.sex.code == "1" else "女性")).to_be_checked()
    expect(page.frame_locator("iframe").locator("#home")).to_have_value(wang.address)
    # The page's own script was told, as if it was typed.
    expect(page).to_have_title(wang.id_number)
    told(page, "填好 7 项；证件上没有 1 项")

    # What went into the form, and no more, is what its resident is to check on the second screen.
    at = f"{hall.url}/api/v1/windows/3"
    assert page.request.post(f"{at}/show-back").ok
    filled = {one["field"] for one in MAPPING["inputs"]} - {"pass_number"}  # type: ignore[attr-defined]
    assert set(page.request.get(f"{at}/resident-screen").json()["shown"]["fields"]) == filled

    # The form changes: what cannot be filled is named, the rest is filled.
    page.reload()
    page.evaluate(
        "document.querySelector('#applicant').id = 'renamed'; document.querySelector('#born').readOnly = true"
    )
    clerk.press()
    expect(page.locator("quhao-line")).to_have_attribute(
        "data-zh", re.compile(r"填好 5 项，2 项没填上（name、birth_date）")
    )
    expect(page.locator("#renamed")).to_have_value("")

    # The service is over: nothing more is given. Each look was an entry.
    page.request.post(f"{hall.url}/api/v1/windows/3/finish", data={"outcome": "done"})
    page.reload()
    clerk.press()
    told(page, "窗口现在没有人")
    expect(page.locator("#applicant")).to_have_value("")
    page.goto(business.replace("/register", "/other"))
    clerk.press()
    told(page, "还没有设置填表")
    [worker] = clerk.context.service_workers
    assert worker.evaluate("[typeof chrome.storage, typeof chrome.cookies, typeof localStorage]") == ["undefined"] * 3
    assert worker.evaluate("indexedDB.databases().then((all) => all.length)") == 0
    clerk.context.close()
    kept = clerk.kept()
    assert wang.id_number not in kept
    assert wang.name.encode().decode("latin-1") not in kept


def test_a_technician_maps_a_form_by_clicking(
    hall: DemoHall, business: str, extended: Callable[[str, str], Extended]
) -> None:
    hall.program.hall.people.add_account("shi", "technician", (), TECHNICIAN)
    technician = extended("shi", TECHNICIAN)
    page = technician.page
    page.goto(business)
    technician.press()
    panel = page.locator("quhao-panel")
    for field, pick in (
        ("name", lambda: page.locator("#applicant").click()),
        ("id_number", lambda: page.locator("[data-typed]").click()),
        ("sex", lambda: page.get_by_text("女性").click()),
        ("birth_date", lambda: page.locator("#born").click()),
        ("address", lambda: page.frame_locator("iframe").locator("#home").click()),
    ):
        panel.locator(f"[data-field={field}]").click()
        expect(panel.locator(f"[data-field={field}]")).to_have_attribute("aria-pressed", "true")
        pick()
        expect(panel.locator(f"[data-field={field}]")).to_have_class(re.compile("set"))
    assert not page.get_by_label("女性").is_checked()  # it was mapped, not pressed
    with technician.context.expect_page() as opened:
        panel.get_by_role("button", name="完成").click()
    review = opened.value
    expect(review.locator("#inputs tr")).to_have_count(5)
    assert "#" not in review.url
    assert violations(review) == []
    review.locator("[data-switch-language]").click()
    expect(review.get_by_role("heading", name="Look the mapping over and keep it")).to_be_visible()
    assert violations(review) == []
    review.locator("#id").fill("company")
    review.locator("#inputs select").select_option("YYYYMMDD")
    review.get_by_role("button", name="Keep").click()
    expect(review.locator("#forms li")).to_have_count(1)
    assert mappings(hall).find("company").model_dump() == {
        "name": "企业登记",
        "pages": (business.partition("?")[0],),
        "inputs": (
            {"field": "name", "selector": "#applicant", "date": ""},
            {"field": "sex", "selector": 'input[type="radio"][name="sex"]', "date": ""},
            {"field": "birth_date", "selector": "#born", "date": "YYYYMMDD"},
            {"field": "id_number", "selector": 'input[name="idcard"]', "date": ""},
            {"field": "address", "selector": "#home", "date": ""},
        ),
    }
    review.get_by_role("button", name="Remove").click()
    expect(review.locator("#none")).to_be_visible()


def test_the_extension_may_do_no_more_than_it_needs(hall: DemoHall) -> None:
    with zipfile.ZipFile(io.BytesIO(packed(hall.url))) as content:
        said = json.loads(content.read("quhao-fill/manifest.json"))
        scripts = "".join(content.read(name).decode() for name in content.namelist() if name.endswith(".js"))
    assert said["permissions"] == ["activeTab", "scripting"]
    assert said["host_permissions"] == [f"{hall.url}/*"]
    assert "content_scripts" not in said
    assert packed(hall.url) == packed(hall.url)
    assert "localStorage" not in scripts
    assert "innerHTML" not in scripts

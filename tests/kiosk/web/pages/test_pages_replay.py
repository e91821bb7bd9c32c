"""A past day on the manager's page and by ``quhao replay``, against what a browser saw of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Response, expect

import console
from axe import violations
from conftest import DemoHall
from ticketing.events import TYPES
from ticketing.model import Actor

CLERK = Actor("wang", "clerk", "1")
SECRET = "manager-password"
HEAR = """(types) => {
  globalThis.heard = [];
  const stream = new EventSource("/api/v1/events?after=0");
  for (const type of types) {
    stream.addEventListener(type, ({ lastEventId, data }) => heard.push([Number(lastEventId), type, JSON.parse(data)]));
  }
}"""


def command_line(hall: DemoHall, folder: Path, *arguments: str) -> str:
    """What a command says beside the running hall."""
    settings = hall.program.hall.settings
    file = folder / "beside.toml"
    file.write_text(
        f'[hall]\nid = "{settings.hall.id}"\nname = "大厅"\ntimezone = "{settings.hall.timezone}"\n'
        f'[store]\nurl = "{settings.store.url}"\nkey_file = "{settings.store.key_file}"\n',
        "utf-8",
    )
    done = console.say(file, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_replay_tells_event_for_event_what_a_screen_showed(
    hall: DemoHall, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    boards: list[Response] = []
    screen = new_page(1920, 1080)
    screen.on("response", lambda one: boards.append(one) if one.url.endswith("/api/v1/board") else None)
    screen.goto(f"{hall.url}/screen")
    screen.evaluate(HEAR, list(TYPES))
    office = hall.office
    rows, band = screen.locator("#rows li"), screen.locator(".band .number")
    for service in ("business-licence", "social-security", "business-licence", "tax"):
        office.issue(service, CLERK, print=False)
    first = office.call_next("1", CLERK).ticket
    expect(band).to_have_text(first.number)
    office.recall("1", CLERK)
    office.start("1", CLERK)
    office.finish("1", CLERK)
    second = office.call_next("2", CLERK).ticket
    expect(rows.filter(has_text=second.number).or_(band.filter(has_text=second.number)).first).to_be_visible()
    office.hold("2", CLERK)
    expect(screen.locator("#waiting b").first).to_have_text("1")
    office.return_number("2", second.number, CLERK)
    office.pause_window("3", CLERK, "午餐", "Lunch")
    office.call_number("2", second.number, CLERK, "资料齐了")
    office.no_show("2", CLERK)
    last = office.last_seq()
    screen.wait_for_function("(last) => heard.at(-1)?.[0] === last", arg=last)
    today = office.ledger.today().isoformat()
    told = [json.loads(line) for line in command_line(hall, tmp_path, "replay", today, "--json").splitlines()]
    heard = [[one["seq"], one["type"], one["data"] | {"at": one["at"]}] for one in told]
    assert heard == screen.evaluate("heard")
    shown = [one.json() for one in boards]
    by_seq = {one["seq"]: one for one in told}
    assert {one["seq"] for one in shown} & set(by_seq), "the screen asked while something happened"
    for board in shown:
        if board["seq"] in by_seq:
            past = by_seq[board["seq"]]
            assert (past["calls"], past["waiting"]) == (board["calls"], board["waiting"])


def test_a_manager_goes_back_in_the_day(hall: DemoHall, new_page: Callable[..., Page], tmp_path: Path) -> None:
    office = hall.office
    numbers = [office.issue("business-licence", CLERK, print=False).ticket.number for _ in range(2)]
    office.open_window("2", CLERK)
    office.call_next("1", CLERK)
    today = office.ledger.today().isoformat()
    hall.program.hall.people.add_account("zhou", "manager", (), SECRET)
    page = new_page()
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "zhou", "password": SECRET})
    page.goto(f"{hall.url}/manage/replay")
    expect(page.locator("#calls li")).to_have_text([f"{numbers[0]}1号窗口"])
    expect(page.locator("#queue tbody th")).to_have_text([numbers[1]])
    assert violations(page) == []
    # To the day's beginning by the slider's own key, and by the next change to what happened first.
    page.locator("#second").press("Home")
    expect(page.locator("#calls li")).to_have_count(0)
    expect(page.locator("#earlier")).to_be_disabled()
    # As the demonstration is set up.
    expect(page.locator(".window-card.open")).to_have_count(3)
    # The address is what an answer to a complaint names.
    expect(page).to_have_url(re.compile(f"date={today}&at=00:00:00"))
    page.get_by_role("button", name="下一个变化").click()
    expect(page.locator("#earlier + #later")).to_be_visible()
    expect(page).not_to_have_url(re.compile("at=00:00:00"))
    page.reload()
    expect(page.locator("#told")).not_to_be_empty()
    expect(page).not_to_have_url(re.compile("at=00:00:00"))
    page.goto(f"{hall.url}/manage/replay?date={today}&at=23:59:59")
    expect(page.locator("#calls li")).to_have_count(1)
    expect(page.locator("#later")).to_be_disabled()
    page.locator("[data-switch-language]").click()
    expect(page.locator("h1")).to_have_text("Replay")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#date").fill("2020-01-02")
    expect(page.locator("#told")).to_have_text("Nothing is recorded of this day")
    assert numbers[0] in command_line(hall, tmp_path, "replay", today, "--at", "23:59")
    assert "ticket.called" in command_line(hall, tmp_path, "replay", today)

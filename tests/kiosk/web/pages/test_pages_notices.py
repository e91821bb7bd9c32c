"""Notices in a real browser: a manager writes them, screens show them between calls."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from axe import violations
from program import Client
from ticketing.model import Actor
from ticketing.notices.notices import Draft
from wires import wait_until

MANAGER, DESK, CLERK = Actor("zhou", "manager"), Actor("desk", "desk"), Actor("clerk", "clerk", "1")
FILM = """async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
    const pen = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start();
    for (let at = 0; at < 20; at += 1) {
        pen.fillStyle = at % 2 ? "red" : "blue";
        pen.fillRect(0, 0, 64, 36);
        await new Promise((done) => setTimeout(done, 50));
    }
    await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
}"""
"""Has the browser make a film of a second."""


def picture(path: Path) -> Path:
    file = io.BytesIO()
    Image.new("RGB", (320, 180), "teal").save(file, "PNG")
    path.write_bytes(file.getvalue())
    return path


def test_a_manager_publishes_changes_and_withdraws_a_notice_with_a_picture(
    hall: Any, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    hall.program.hall.people.add_account("zhou", "manager", (), "manager-password")
    page = new_page()
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "zhou", "password": "manager-password"})
    page.goto(f"{hall.url}/manage/notices")
    expect(page.locator("#none")).to_be_visible()
    assert violations(page) == []
    page.fill("#text", "体检请到二楼")
    page.fill("#text-en", "Health checks are upstairs")
    page.set_input_files("#file", picture(tmp_path / "stairs.png"))
    page.fill("#ends", "2099-01-01T12:00")
    page.get_by_role("button", name="发布").click()
    row = page.locator("#list li")
    expect(row).to_contain_text("体检请到二楼")
    expect(row).to_contain_text("正在播放")
    expect(row.locator("img")).to_have_js_property("naturalWidth", 320)
    (made,) = hall.program.hall.notices.all()
    assert made.says.ends.isoformat()[:16] == "2099-01-01T12:00", "the hall's own time"
    assert violations(page) == []
    row.get_by_role("button", name="修改").click()
    page.fill("#text", "体检请到三楼")
    page.get_by_role("button", name="保存").click()
    expect(row).to_contain_text("体检请到三楼")
    assert hall.program.hall.notices.all()[0].says.media == made.says.media
    page.set_input_files("#file", {"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"no film at all"})
    page.fill("#text", "x")
    page.get_by_role("button", name="发布").click()
    expect(page.locator("#problem")).to_contain_text("不是能用的图片或影片")
    row.get_by_role("button", name="撤下").click()
    expect(page.locator("#none")).to_be_visible()
    assert hall.program.hall.media.all() == []


def test_the_desk_tells_those_who_wait_for_a_window(hall: Any, new_page: Callable[..., Page]) -> None:
    hall.program.hall.people.add_account("chen", "desk", (), "desk-password")
    code = hall.office.issue("tax", DESK, print=False).code
    desk = new_page()
    desk.request.post(f"{hall.url}/api/v1/login", data={"username": "chen", "password": "desk-password"})
    desk.goto(f"{hall.url}/desk")
    desk.locator("#message-box summary").click()
    desk.select_option("#message-about", "window 1")
    desk.fill("#message-words", "1号窗口稍有延误")
    desk.get_by_role("button", name="发到手机和屏幕").click()
    expect(desk.locator("#messages li")).to_contain_text("1号窗口：1号窗口稍有延误")
    assert violations(desk) == []
    phone = new_page(390, 844)
    phone.goto(f"{hall.url}/t/{code}")
    expect(phone.locator(".told")).to_contain_text("1号窗口稍有延误")
    desk.get_by_role("button", name="撤下").click()
    expect(desk.locator("#messages li")).to_have_count(0)
    phone.reload()
    expect(phone.locator(".told")).to_have_count(0)


@pytest.mark.long
def test_a_screen_shows_notices_between_calls_and_never_over_one(
    hall: Any, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    screen = new_page(1920, 1080, clock=True)
    screen.goto(hall.url)
    folder = hall.folder / "media"
    folder.mkdir()
    (folder / "film.webm").write_bytes(base64.b64decode(screen.evaluate(FILM)))
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(4000))
    picture(folder / "hall.png")
    hall.program.hall.notices.add(Draft("请保管好随身物品", "Mind your belongings"), MANAGER)
    with screen.expect_response("**/api/v1/notices"):
        screen.goto(f"{hall.url}/screen")
    room = screen.locator("#show")
    shown: set[str] = set()

    def see() -> bool:
        screen.clock.run_for(300)
        found = room.evaluate("(one) => one.hidden ? '' : one.querySelector('img, video')?.tagName ?? 'P'")
        shown.add(str(found))
        # A film takes its own time, whatever the page's clock says.
        wait_until(lambda: room.evaluate("(one) => one.querySelector('video')?.ended ?? true"))
        return {"P", "IMG", "VIDEO"} <= shown

    wait_until(see, 120)
    technician = hall.program.hall.people.add_token("technician", "technician")
    wait_until(lambda: screen.clock.run_for(300) or _troubles(hall, technician) == ["broken.mp4"])
    wait_until(lambda: screen.clock.run_for(300) or room.is_visible())
    assert violations(screen) == []
    expect(screen.locator(".notice-line")).to_be_visible()
    hall.office.issue("tax", DESK, print=False)
    hall.office.issue("tax", DESK, print=False)
    hall.office.call_next("1", CLERK)
    wait_until(lambda: screen.clock.run_for(15) or screen.locator(".band .number").inner_text() == "E001")
    assert room.is_hidden(), "at once"
    hall.office.call_next("3", CLERK)
    # The first stays in the band for six seconds of the page.
    wait_until(lambda: screen.clock.run_for(100) or screen.locator(".calls").inner_text().count("E00") == 2)
    for _ in range(20):
        screen.clock.run_for(1000)
        assert room.is_hidden(), "two are on the way, and the band has room for one"
    hall.office.start("1", CLERK)
    hall.office.start("3", CLERK)
    wait_until(lambda: screen.clock.run_for(1000) or room.is_visible())


def _troubles(hall: Any, token: str) -> list[str]:
    client = Client(int(hall.url.rpartition(":")[2]), token)
    found = [one["name"] for one in client.get("/media").body if one["trouble_at"]]
    client.close()
    return found

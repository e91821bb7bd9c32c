"""Matters on staff's pages in a real browser: the manager changes them, the clerk sees what a ticket is for."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from axe import violations
from spelt import put_demo_matters
from staff import sit_at
from ticketing.model import Actor
from wires import wait_until

SECRET = "manager-password"
DESK = Actor("desk", "desk")


def log_in(page: Page, hall: Any) -> Page:
    hall.program.hall.people.add_account("zhou", "manager", (), SECRET)
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "zhou", "password": SECRET})
    page.goto(f"{hall.url}/manage/matters")
    expect(page.locator("#rows tr").first).to_be_visible()
    return page


def test_a_manager_finds_changes_adds_and_takes_away(hall: Any, new_page: Callable[..., Page]) -> None:
    put_demo_matters(hall.program.hall)
    page = log_in(new_page(), hall)
    matters = hall.program.hall.matters
    expect(page.locator("#rows tr")).to_have_count(42)
    assert violations(page) == []
    page.get_by_label("查找").fill("sfz")
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_role("button", name="居民身份证换领").click()
    expect(page.get_by_role("heading", name="居民身份证换领")).to_be_focused()
    assert violations(page) == []
    page.get_by_label("收费", exact=True).fill("不收费")
    page.get_by_role("button", name="再加一份材料").click()
    page.get_by_label("名称").last.fill("一寸照片")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#said")).to_contain_text("已保存")
    changed = matters.find("id-card-renew")
    assert (changed.fee, changed.papers[-1].name, changed.guide_en[:5]) == ("不收费", "一寸照片", "Bring")
    # Somebody else has changed something meanwhile: nothing is lost, and it is said.
    page.get_by_role("button", name="居民身份证换领").click()
    matters.remove("card-pin", DESK)
    page.get_by_label("收费", exact=True).fill("10 元")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#faults")).to_contain_text("别人刚改过事项")
    page.reload()
    page.get_by_role("button", name="新增事项").click()
    page.get_by_label("编号", exact=True).fill("两个 字")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#faults")).to_contain_text("名称：")
    assert violations(page) == []
    for name, text in (("编号", "new-one"), ("名称", "新事项"), ("主题", "户籍")):
        page.get_by_label(name, exact=True).first.fill(text)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#said")).to_contain_text("已保存：新事项")
    page.get_by_label("查找").fill("new-one")
    page.get_by_role("button", name="新事项").click()
    page.get_by_role("button", name="撤销这个事项").click()
    page.locator("#ask-choices button").click()
    expect(page.locator("#said")).to_contain_text("已撤销")
    assert "new-one" not in matters.listed().by_id


def test_a_file_is_shown_before_it_is_taken_in(hall: Any, new_page: Callable[..., Page]) -> None:
    put_demo_matters(hall.program.hall)
    page = log_in(new_page(), hall)
    with page.expect_download() as found:
        page.get_by_role("link", name="导出 CSV").click()
    table = found.value.path().read_text("utf-8-sig")
    page.get_by_role("button", name="导入文件").click()

    def choose(text: str) -> None:
        page.locator("#file").set_input_files({"name": "m.csv", "mimeType": "text/csv", "buffer": text.encode("gbk")})

    choose(table + "a b,,,个人,,,,\n")
    expect(page.locator("#problems tbody tr")).to_have_count(4)
    expect(page.locator("#problems tbody tr").first).to_contain_text("id")
    expect(page.locator("#adopt")).to_be_disabled()
    assert violations(page) == []
    choose(table.replace("契税申报", "契税").replace(",tax,", ",taxes,", 1))
    expect(page.locator("#changes tbody tr")).to_have_count(2)
    expect(page.locator("#problems tbody tr")).to_contain_text(["没有业务 taxes"])
    assert violations(page) == []
    page.get_by_role("button", name="确认导入").click()
    expect(page.locator("#said")).to_contain_text("已导入")
    assert hall.program.hall.matters.find("tax-deed").name == "契税"
    page.locator("[data-switch-language]").click()
    expect(page.locator("h1")).to_have_text("Matters")
    assert violations(page) == []


def test_the_clerk_sees_the_matters_and_papers_and_prints_what_to_bring(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    put_demo_matters(hall.program.hall)
    page = sit_at(new_page(), hall)
    expect(page.locator("#matters")).to_be_hidden()
    hall.office.issue("household", DESK, print=False, matters=["id-card-lost", "name-change"])
    page.keyboard.press(" ")
    expect(page.locator("#matters h3")).to_have_text(["居民身份证补领", "姓名变更"])
    expect(page.locator("#matters .papers").last).to_contain_text("居民身份证 原件，复印件 1 份")
    assert violations(page) == []
    page.locator("#matters button").first.click()
    wait_until(lambda: len(hall.printer.papers) == 1)
    assert "居民身份证补领" in "".join(hall.printer.papers[0].texts)
    expect(page.locator("#message-text")).to_contain_text("一次性告知")
    # Space is still the page's own key.
    page.keyboard.press(" ")
    expect(page.locator("#ticket-state")).to_contain_text("办理中")

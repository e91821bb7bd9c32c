"""The hall is put back from a backup while it works: screens, windows and the printer go on with what is now."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from ticketing.backup.restore import Backups
from ticketing.model import Actor
from wires import wait_until

CLERK = Actor("clerk", "clerk", "3")
ROOT = Actor("root", "technician")


def test_screens_and_windows_show_the_hall_as_it_is_now(
    hall: Any, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    backups = Backups(hall.office.ledger)
    hall.office.issue("business-licence", CLERK, print=False)
    backups.write(tmp_path / "hall.backup")
    hall.office.issue("business-licence", CLERK, print=False)
    page = new_page()
    page.goto(f"{hall.url}/screen")
    called = hall.office.call_next("3", CLERK)
    expect(page.get_by_text(called.ticket.number).filter(visible=True)).to_have_count(1)
    strip = page.context.new_page()
    strip.goto(f"{hall.url}/screen/window/3")
    expect(strip.get_by_text(called.ticket.number).filter(visible=True)).to_have_count(1)

    backups.restore(tmp_path / "hall.backup", ROOT, replace=True)

    for screen in (page, strip):
        expect(screen.get_by_text(called.ticket.number).filter(visible=True)).to_have_count(0)
    assert hall.office.hall().services[0].waiting == 1
    assert hall.office.issue("business-licence", CLERK, print=False).ticket.ahead == 1


def test_the_printer_goes_on_after_a_slip_that_is_not_known_any_more(hall: Any, tmp_path: Path) -> None:
    backups = Backups(hall.office.ledger)
    backups.write(tmp_path / "hall.backup")
    hall.printer.hold_confirmations()
    hall.office.issue("business-licence", CLERK, print=True)
    hall.program.hall.printing.wake()
    wait_until(lambda: len(hall.printer.papers) == 1)
    backups.restore(tmp_path / "hall.backup", ROOT, replace=True)
    hall.printer.hold_confirmations(False)
    after = hall.office.issue("business-licence", CLERK, print=True)
    hall.program.hall.printing.wake()
    wait_until(lambda: hall.office.ticket(after.ticket.id).print == "printed")
    assert after.ticket.number == "A002"
    assert hall.printer.papers[-1].cut

"""After a day in the hall, nothing in the store, its journal or the logs tells who was there."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from conftest import DemoHall
from drivers.simulators.card_reader.cards import CARDS
from offices import CHEN, LI
from ticketing.backup.restore import Backups
from ticketing.model import Actor, ForbiddenError
from ticketing.setup import timetable
from ticketing.store import tables
from wires import wait_until

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """Everything that is logged, in full detail."""
    file = tmp_path / "quhao.log"
    handler = logging.FileHandler(file, encoding="utf-8")
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield file
    root.setLevel(level)
    root.removeHandler(handler)
    handler.close()


def find(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Which of ``words`` stand in which file, in any encoding a program might have used."""
    files = [(file.name, file.read_bytes()) for file in folder.rglob("*") if file.is_file()]
    return [
        (name, encoding)
        for name, content in files
        for word in words
        for encoding in ENCODINGS
        if word.encode(encoding) in content
    ]


def test_a_day_in_the_hall_leaves_no_name_number_or_code(
    start_hall: Callable[..., DemoHall], tmp_path: Path, log_file: Path
) -> None:
    hall = start_hall()
    clerk = Actor("clerk", "clerk", "3")
    kiosk = hall.program.hall.kiosk
    assert kiosk
    codes = []
    for sample in CARDS:
        hall.lay(sample.id)
        wait_until(lambda: kiosk.view().state == "choosing")
        ticket, code = kiosk.choose("business-licence")
        codes.append(code)
        wait_until(lambda: kiosk.view().state == "taking")
        hall.reader.lift()
        wait_until(lambda: kiosk.view().card_lies is False)
        called = hall.office.call_next("3", clerk)
        assert called
        hall.scanner("3").scan(hall.printer.papers[-1].codes[0])
        wait_until(lambda number=ticket.id: hall.office.ticket(number).state == "serving")
        assert hall.office.holders_at("3", clerk) is not None
        with pytest.raises(ForbiddenError, match="wrong_window"):
            hall.office.scan("1", code, Actor("clerk", "clerk", "1"))
        hall.office.finish("3", clerk, "done")
    names = [word for sample in CARDS for word in (sample.card.name, sample.card.name_en) if word]
    numbers = [word for sample in CARDS for word in (sample.card.id_number, sample.card.pass_number) if word]
    addresses = [sample.card.address for sample in CARDS if sample.card.address]
    secrets = [*names, *numbers, *addresses, *codes]
    assert min(map(len, secrets)) >= 2

    stored = [file.name for file in tmp_path.iterdir()]
    assert "quhao.db" in stored
    assert "quhao.db-wal" in stored
    assert log_file.stat().st_size > 0
    assert find(tmp_path, secrets) == [], "while the hall works"
    hall.stop()
    assert find(tmp_path, secrets) == [], "after it has closed"


def test_cases_appointments_agents_and_backups_tell_no_more(
    start_hall: Callable[..., DemoHall], tmp_path: Path, log_file: Path
) -> None:
    hall = start_hall()
    parts = hall.program.hall
    clerk = Actor("clerk", "clerk", "3")
    issued = hall.office.issue("business-licence", clerk, resident=LI, agent=CHEN, print=False, key="a request")
    hall.office.call_next("3", clerk)
    assert hall.office.scan("3", issued.code, clerk).resident == LI
    receipt = hall.office.conclude("3", clerk, "promised", print=True).cases[0].receipt
    tomorrow = hall.office.ledger.today() + timedelta(days=1)
    with hall.office.ledger.verb() as m:
        values = {"service_id": "business-licence", "weekday": tomorrow.isoweekday(), "from_at": 600, "to_at": 660}
        m.conn.execute(insert(tables.slot).values(capacity=1, **values))
        timetable.changed(m)
    booked = parts.appointments.book("business-licence", tomorrow, 600, CHEN, clerk, "api", key="another")
    parts.ratings.rate(issued.code, 2, ("slow",))
    Backups(hall.office.ledger).write(tmp_path / "hall.backup")
    wait_until(lambda: len(hall.printer.papers) == 1)

    secrets = [issued.code, receipt, booked.code]
    for resident in (LI, CHEN):
        secrets += [resident.name, resident.id_number, resident.address]
    assert all(secrets)
    assert find(tmp_path, secrets) == [], "while the hall works"
    hall.stop()
    assert find(tmp_path, secrets) == [], "after it has closed"


def test_the_search_itself_finds_what_is_there(tmp_path: Path) -> None:
    for encoding in ENCODINGS:
        (tmp_path / encoding).write_bytes(b"\0" + "张三".encode(encoding))
    assert {encoding for _, encoding in find(tmp_path, ["张三"])} == set(ENCODINGS)

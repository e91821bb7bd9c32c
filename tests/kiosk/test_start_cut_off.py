"""A program that is started while its database is away: it begins as one that was cut off while it ran."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from config.settings import CutOffSettings, StoreSettings
from conftest import DemoHall, demo_settings
from cut_wire import CutWire, socket_of
from kiosk.late_opening import open_without_the_store
from kiosk.opening import box_of
from kiosk.wiring import build
from postgres import EMPTY, OWNER, PostgresServer
from program import Client
from ticketing.model import Actor, StoreError
from ticketing.store.opening import open_store
from ticketing.store.tables import fact
from wires import wait_until

KIOSK = Actor("kiosk:test", "kiosk")


class Box:
    """One box's program, started any number of times on what the run before left, and its wire to the database."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.wire = CutWire(lambda: socket_of(server.folder / ".s.PGSQL.5432"))
        self.folder = folder
        database = server.create(EMPTY)
        self.direct = server.url(database)
        url = f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.wire.port}/{database}?sslmode=disable"
        self.settings = demo_settings(folder, store=StoreSettings(url=url, key_file=folder / "master.key"))
        self.halls: list[DemoHall] = []

    def start(self) -> DemoHall:
        program = build(self.settings)
        program.parts.start()
        self.halls.append(DemoHall(program, self.folder))
        return self.halls[-1]

    def close(self) -> None:
        for hall in self.halls:
            hall.stop()
        self.wire.close()


@pytest.fixture
def box(postgres: PostgresServer, tmp_path: Path) -> Iterator[Box]:
    box = Box(postgres, tmp_path)
    yield box
    box.close()


def ask(hall: DemoHall, token: str = "") -> Client:
    return Client(int(hall.url.rpartition(":")[2]), token)


def missing(client: Client) -> set[tuple[str, str]]:
    return {(one["what"], one["reason"]) for one in client.get("//readyz").body["missing"]}


def own_file(folder: Path) -> Path:
    (path,) = folder.glob("cut-off-*.db")
    return path


def in_own_file(folder: Path, name: str) -> Any:
    """What a fact of the box's own file says, while its program runs."""
    with closing(open_store(f"sqlite:///{own_file(folder)}", exclusive=False)) as store, store.read() as conn:
        return json.loads(conn.scalar(select(fact.c.value).where(fact.c.name == name)) or b"null")


def issue(hall: DemoHall, **options: Any) -> Any:
    counter = hall.program.hall.counter
    return counter.do(lambda office: office.issue("business-licence", KIOSK, **({"print": False} | options))).ticket


def test_a_box_goes_on_from_its_own_file_and_comes_back_without_another_start(box: Box, tmp_path: Path) -> None:
    before = box.start()
    people = before.program.hall.people
    people.add_account("lin", "clerk", ["1"], "a good password of lin")
    cookie = people.login("lin", "a good password of lin", before.program.hall.clock())
    kiosk_token, token = people.add_token("kiosk", "kiosk"), people.add_token("window-1", "clerk", ["1"])
    assert cookie
    assert people.principal_of_token(kiosk_token)
    assert people.principal_of_token(token)
    assert people.principal_of_login(cookie, before.program.hall.clock())
    waiting = issue(before)
    wait_until(lambda: (in_own_file(tmp_path, "lease") or {}).get("lasts"))
    wait_until(lambda: len((in_own_file(tmp_path, "known_people") or {"tokens": ()})["tokens"]) == 2)
    before.stop()
    box.wire.cut()

    hall = box.start()
    running, kiosk = hall.program.hall, hall.program.hall.kiosk
    assert kiosk
    hall.wait_for_devices()
    assert "与数据库断开，照常取号" in kiosk.view().message
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    taken, _ = kiosk.choose("business-licence")
    wait_until(lambda: any(taken.number in "".join(paper.texts) for paper in hall.printer.papers))
    assert taken.number != waiting.number
    hall.reader.lift()
    # A window that was known before calls it, and no other number: others may have called those.
    window, page = ask(hall, token), ask(hall, kiosk_token)
    try:
        assert page.get("/kiosk").status == 200
        assert window.post("/windows/1/call-next").body["ticket"]["number"] == taken.number
        assert window.get("/windows/1").body["cut_off"] is True
        assert running.people.principal_of_login(cookie, running.clock())
        told = window.get("/board").body
        assert (told["cut_off"], told["calls"][0]["number"]) == (True, taken.number)
        with pytest.raises(StoreError):
            running.office.windows()
        box.wire.mend()
        wait_until(lambda: not running.counter.away)
        assert window.post("/windows/1/finish").status == 200
    finally:
        window.close()
        page.close()
    kept = running.office.ticket(taken.id)
    assert (kept.number, kept.state, kept.window) == (taken.number, "done", "1")
    # The store goes on with its own numbers, and this run of the program with the store.
    later = issue(hall)
    assert len({waiting.number, taken.number, later.number}) == 3
    wait_until(lambda: running.feed.seq == running.office.last_seq())
    wait_until(lambda: hall.program.hall.counter.print_jobs(5) == [])


def restart_the_machine(folder: Path) -> None:
    """Have the box's own file be of another run of the machine than this one."""
    with closing(open_store(f"sqlite:///{own_file(folder)}", exclusive=True)) as store, store.write() as conn:
        lease = json.loads(conn.scalar(select(fact.c.value).where(fact.c.name == "lease")))
        changed = {"lease": lease | {"boot": "the run before"}, "store_clock": ["the run before", 0]}
        for name, value in changed.items():
            conn.execute(update(fact).where(fact.c.name == name).values(value=json.dumps(value).encode()))


def test_after_a_restart_of_the_machine_the_kiosk_says_that_it_gives_no_numbers_until_the_database_is_back(
    box: Box, tmp_path: Path
) -> None:
    before = box.start()
    token = before.program.hall.people.add_token("kiosk", "kiosk")
    assert before.program.hall.people.principal_of_token(token)
    wait_until(lambda: (in_own_file(tmp_path, "lease") or {}).get("lasts"))
    wait_until(lambda: (in_own_file(tmp_path, "known_people") or {"tokens": ()})["tokens"])
    before.stop()
    box.wire.cut()
    restart_the_machine(tmp_path)
    # What it would begin with is another hall's, or is not kept at all: then it waits for the store.
    for changed in (
        {"hall": box.settings.hall.model_copy(update={"id": "another"})},
        {"cut_off": CutOffSettings(numbers=0)},
    ):
        assert open_without_the_store(box.settings.model_copy(update=changed)) is None

    hall = box.start()
    page = ask(hall, token)
    try:
        shown = page.get("/kiosk")
        assert shown.status == 200
        assert "现在不能取号" in shown.body["message"]
        with pytest.raises(StoreError):
            issue(hall)
        assert page.get("//readyz").status == 503
        assert {("store", "store_gone"), ("numbers", "no_lease")} <= missing(page)
        # Not even a card that is laid gets anything but the way to the desk.
        hall.wait_for_devices()
        hall.lay("zhang")
        wait_until(lambda: (at := page.get("/kiosk").body)["resident"] and at["state"] == "fault")
        assert "现在不能取号" in page.get("/kiosk").body["message"]
        hall.reader.lift()
        # The database answers, and another machine has become the box of this name.
        with closing(open_store(box.direct, exclusive=True)) as other:
            other.claim(box_of(box.settings))
            box.wire.mend()
            wait_until(lambda: ("store", "store_in_use") in missing(page))
            assert "现在不能取号" in page.get("/kiosk").body["message"]
        wait_until(lambda: "现在不能取号" not in page.get("/kiosk").body["message"])
        assert issue(hall).number == "A001"
        wait_until(
            lambda: {one["what"] for one in page.get("//readyz").body["missing"]}.isdisjoint({"store", "numbers"})
        )
    finally:
        page.close()

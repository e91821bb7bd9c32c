"""A kiosk whose database is away: it goes on with the numbers that it holds, and says so."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.settings import StoreSettings
from conftest import DemoHall
from postgres import EMPTY, PostgresServer
from program import Client
from ticketing.model import Actor, StateError, StoreError, TicketingError
from ticketing.store import tables
from wires import wait_until


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def hall(server: PostgresServer, start_hall: Callable[..., DemoHall], tmp_path: Path) -> DemoHall:
    return start_hall(store=StoreSettings(url=server.url(server.create(EMPTY)), key_file=tmp_path / "master.key"))


def has_lease(hall: DemoHall) -> bool:
    with hall.office.ledger.store.read() as conn:
        return bool(conn.exec_driver_sql("SELECT count(*) FROM number_lease").scalar())


def test_a_card_gets_a_slip_while_the_database_is_away_and_the_window_calls_it_afterwards(
    hall: DemoHall, server: PostgresServer
) -> None:
    kiosk = hall.program.hall.kiosk
    assert kiosk
    wait_until(lambda: has_lease(hall))
    server.stop()
    # The page says so by itself, before anybody lays a card.
    wait_until(lambda: "与数据库断开" in kiosk.view().message)
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    papers = len(hall.printer.papers)
    ticket, _ = kiosk.choose("business-licence")
    wait_until(lambda: len(hall.printer.papers) > papers and ticket.number in "".join(hall.printer.papers[-1].texts))
    assert "与数据库断开时取号，号码照常有效" in "".join(hall.printer.papers[-1].texts)
    wait_until(lambda: kiosk.view().state == "taking")
    with pytest.raises(StoreError):
        hall.office.ticket(ticket.id)
    server.start()

    def merged() -> bool:
        try:
            return hall.office.ticket(ticket.id).print == "printed"
        except TicketingError:
            return False

    wait_until(merged)
    kept = hall.office.ticket(ticket.id)
    assert (kept.number, kept.issued_at, kept.state) == (ticket.number, ticket.issued_at, "waiting")
    hall.reader.lift()
    wait_until(lambda: "与数据库断开" not in kiosk.view().message)


def test_a_slip_of_a_number_that_this_box_gave_is_printed_again_while_the_database_is_away(
    hall: DemoHall, server: PostgresServer
) -> None:
    counter, kiosk = hall.program.hall.counter, hall.program.hall.kiosk
    assert kiosk
    wait_until(lambda: has_lease(hall))
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    before, _ = kiosk.choose("social-security")
    wait_until(lambda: counter.do(lambda office: office.ticket(before.id)).print == "printed")
    # The box has to know of it when the database goes.
    wait_until(lambda: before.number in numbers_of(hall))
    server.stop()
    wait_until(lambda: counter.goes_on)
    hall.reader.lift()
    wait_until(lambda: kiosk.view().state == "idle")
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    ticket, code = kiosk.choose("business-licence")
    wait_until(lambda: counter.do(lambda office: office.ticket(ticket.id)).print == "printed")
    hall.reader.lift()
    wait_until(lambda: kiosk.view().state == "idle")
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    with pytest.raises(StateError) as refused:
        kiosk.reprint("social-security")
    assert refused.value.code == "reprint_later"
    papers = len(hall.printer.papers)
    again, another = kiosk.reprint("business-licence")
    assert (again.number, another != code) == (ticket.number, True)
    wait_until(lambda: len(hall.printer.papers) > papers and hall.printer.papers[-1].cut)
    texts = "".join(hall.printer.papers[-1].texts)
    assert ticket.number in texts and "补打" in texts and "与数据库断开时取号" in texts
    server.start()
    wait_until(lambda: not counter.goes_on)
    assert hall.office.ticket_of_code(another).ticket.number == ticket.number


def numbers_of(hall: DemoHall) -> list[str]:
    """The numbers that the box's own file knows of."""
    box = hall.program.hall.counter._box
    assert box
    with box._ledger.peep() as m:
        return [one.number for one in m.conn.execute(tables.ticket.select())]


def test_a_window_calls_and_serves_what_was_taken_while_the_database_is_away(
    hall: DemoHall, server: PostgresServer
) -> None:
    people, running = hall.program.hall.people, hall.program.hall
    token, machine = people.add_token("window-1", "clerk", ["1"]), people.add_token("stranger", "clerk", ["1"])
    people.add_account("lin", "clerk", ["1"], "a good password of lin")
    cookie = people.login("lin", "a good password of lin", running.clock())
    assert cookie
    assert people.principal_of_login(cookie, running.clock())
    port = int(hall.url.rpartition(":")[2])
    window, stranger = Client(port, token), Client(port, machine)
    try:
        assert window.get("/windows/1").body["cut_off"] is False
        wait_until(lambda: has_lease(hall))
        server.stop()
        wait_until(lambda: running.counter.goes_on)
        kiosk = Actor("kiosk:test", "kiosk")
        issued = running.counter.do(lambda office: office.issue("business-licence", kiosk, print=False)).ticket
        assert window.post("/windows/1/call-next").body["ticket"]["number"] == issued.number
        # Strips and screens of this box show it.
        wait_until(lambda: issued.number in hall.strip("1").text)
        board = window.get("/board").body
        assert (board["cut_off"], board["calls"][0]["number"]) == (True, issued.number)
        assert window.get("/windows/1").body["cut_off"] is True
        assert window.post("/windows/1/start").body["state"] == "serving"
        later = window.post("/windows/1/scan", {"code": "0123456789ABCDEF"})
        assert (later.status, later.body["code"]) == (503, "needs_store")
        receipt = window.post("/windows/1/finish", {"outcome": "promised"})
        assert (receipt.status, receipt.body["code"]) == (409, "receipt_later")
        # Who was logged in here before is known; nobody else is.
        assert people.principal_of_login(cookie, running.clock())
        with pytest.raises(StoreError) as unknown:
            people.principal_of_login("x" * len(cookie), running.clock())
        assert unknown.value.code == "login_later"
        assert stranger.get("/windows/1").status == 503
        assert window.post("/windows/1/finish").body["cases"] == []
        wait_until(lambda: issued.number not in hall.strip("1").text)
        server.start()
        wait_until(lambda: not running.counter.goes_on)
        kept = hall.office.ticket(issued.id)
        assert (kept.state, kept.window, kept.clerk) == ("done", "1", "window-1")
        assert window.get("/windows/1").body["cut_off"] is False
        assert window.post("/windows/1/scan", {"code": "0123456789ABCDEF"}).body["code"] == "unknown_code"
    finally:
        window.close()
        stranger.close()

"""A kiosk whose database is away: it goes on with the numbers that it holds, and says so."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.settings import StoreSettings
from conftest import DemoHall
from postgres import EMPTY, PostgresServer
from ticketing.model import StateError, StoreError, TicketingError
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


def test_a_slip_is_not_printed_again_while_the_database_is_away(hall: DemoHall, server: PostgresServer) -> None:
    kiosk = hall.program.hall.kiosk
    assert kiosk
    wait_until(lambda: has_lease(hall))
    server.stop()
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    kiosk.choose("business-licence")
    hall.reader.lift()
    wait_until(lambda: kiosk.view().state == "idle")
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    chosen = {one.offer.service.id: one.has_ticket for one in kiosk.view().services}
    assert chosen["business-licence"]
    with pytest.raises(StateError) as refused:
        kiosk.reprint("business-licence")
    assert refused.value.code == "reprint_later"

"""The kiosk while its store is away: what devices tell is kept, no device waits, and the page goes on by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.settings import CutOffSettings, StoreSettings
from conftest import DemoHall
from listening import Ear
from postgres import EMPTY, PostgresServer
from wires import wait_until, within


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def hall(server: PostgresServer, start_hall: Callable[..., DemoHall], tmp_path: Path) -> DemoHall:
    store = StoreSettings(url=server.url(server.create(EMPTY)), key_file=tmp_path / "master.key")
    # A box that holds no numbers for that time; what one does that holds some: test_cut_off.
    return start_hall(store=store, cut_off=CutOffSettings(numbers=0))


def states(hall: DemoHall) -> dict[str, str]:
    return {one.name: one.state.state for one in hall.program.hall.devices}


def test_a_card_that_lies_through_an_outage_is_served_as_soon_as_the_store_is_back(
    hall: DemoHall, server: PostgresServer
) -> None:
    kiosk = hall.program.hall.kiosk
    assert kiosk
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    server.stop()
    hall.reader.lift()
    wait_until(lambda: not kiosk.view().card_lies)
    hall.lay("li")
    wait_until(lambda: (resident := kiosk.view().resident) and resident.name == "李*兰")
    shown = kiosk.view()
    assert (shown.state, shown.services) == ("fault", ())
    assert hall.program.hall.settings.hall.desk in shown.message
    # A reader that is lost and found again tells its supervisor so, whose callback draws the page, too.
    hall.reader.unplug()
    wait_until(lambda: states(hall)["reader"] == "offline")
    hall.reader.plug_in()
    wait_until(lambda: states(hall)["reader"] == "online")
    with Ear(hall.program.hall.screen.listen()) as stream:
        assert b'"state":"fault"' in next(stream)
        server.start()
        wait_until(lambda: b'"state":"choosing"' in next(stream))
    ticket, _ = kiosk.choose("business-licence")
    wait_until(lambda: hall.office.ticket(ticket.id).print == "printed")
    wait_until(lambda: kiosk.view().state == "taking")


def test_no_device_waits_for_a_store_that_says_nothing(hall: DemoHall, server: PostgresServer) -> None:
    with server.hanging():
        hall.lay("zhang")
        hall.scanner("3").scan("0123456789ABCDEF")
        wait_until(lambda: any(command == b"\x30\x01" for _, command in hall.reader.asked))
        hall.reader.unplug()
        hall.scanner("3").unplug()
        # Before the store is given up as silent, which takes twice as long: then nobody would wait for it any more.
        assert within(2.0, lambda: states(hall)["reader"] == states(hall)["scanner-3"] == "offline")

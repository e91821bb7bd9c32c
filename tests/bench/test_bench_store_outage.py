"""The database is stopped, again and again, in the middle of a hall's work: how soon all of it is back, by itself.

Real program, real PostgreSQL, devices that are not ours. When it is stopped, a card lies on the reader, slips are on
their way, the strip shows a number and screens follow. While it is away the card is lifted and laid again.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from foreign import ForeignPrinter, ForeignReader, ForeignStrip
from postgres import EMPTY, PostgresServer
from program import CONFIG, Client, Following, QuhaoProcess
from test_from_card_to_window import CARD, DEVICES
from wires import wait_until

SCREENS = 20
BACK_WITHIN = 5.0
PATIENCE = 60.0
SLIPS = 3


class Hall:
    """A hall on a database of its own."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self.server = server
        self.database = server.create(EMPTY)
        self.reader, self.printer, self.strip = ForeignReader(), ForeignPrinter(), ForeignStrip()
        for device in (self.reader, self.printer, self.strip):
            device.start()
        devices = DEVICES.format(reader=self.reader.path, printer=self.printer.port, strip=self.strip.port)
        # A box that holds no numbers for that time; what one does that holds some: test_bench_cut_off.
        config = CONFIG.replace("sqlite:///var/quhao.db", server.url(self.database)) + "[cut_off]\nnumbers = 0\n"
        self.quhao = QuhaoProcess(folder, devices, config, forked=True)
        token = self.quhao.token("kiosk")
        self.kiosk = Client(self.quhao.port, token)
        self.desk = Client(self.quhao.port, self.quhao.token("desk"))
        self.clerk = Client(self.quhao.port, self.quhao.token("clerk", "3"))
        self.quhao.start(ready="//readyz")
        self.screens = [Following(self.quhao.port) for _ in range(SCREENS)]
        self.page = Following(self.quhao.port, "/api/v1/kiosk/events", Authorization=f"Bearer {token}")

    def stop(self) -> None:
        for stream in (*self.screens, self.page):
            stream.close()
        for client in (self.kiosk, self.desk, self.clerk):
            client.close()
        self.quhao.stop()
        for device in (self.reader, self.printer, self.strip):
            device.stop()

    def shows(self, state: str) -> bool:
        """What the kiosk's page heard last."""
        return bool(self.page.events) and self.page.events[-1][1]["state"] == state

    def unfinished(self) -> int:
        states = "SELECT count(*) FROM print_job WHERE state IN ('pending', 'sending')"
        return int(self.server.execute(states, database=self.database)[0][0])

    def lose_the_store(self, seconds: float, within: float) -> float:
        """One outage; how long after the store's return everything had worked again, which may take ``within``."""
        self.reader.lay(CARD)
        wait_until(lambda: self.shows("choosing"), PATIENCE)
        for _ in range(SLIPS):
            assert self.desk.post("/tickets", {"service": "social-security"}).status == 201
        heard = [len(screen.events) for screen in self.screens]
        shown = len(self.strip.shown)
        self.server.stop()
        gone = time.monotonic()
        self.reader.lift()
        wait_until(lambda: self.shows("fault"), PATIENCE)
        # By its open stream: without the store no token is looked up.
        wait_until(lambda: self.page.events[-1][1]["reader_ready"], PATIENCE)
        reads = self.reader.reads
        self.reader.lay(CARD)
        wait_until(lambda: self.reader.reads > reads, PATIENCE)
        assert self.desk.post("/tickets", {"service": "social-security"}).status == 503
        threading.Event().wait(gone + seconds - time.monotonic())
        for client in (self.kiosk, self.desk, self.clerk):
            # The server has hung up on who said nothing for so long, as on any browser.
            client.close()
        self.server.start()
        back = time.monotonic()
        wait_until(lambda: self.shows("choosing"), within)
        chosen = self.kiosk.post("/kiosk/choose", {"service": "business-licence"})
        assert chosen.status == 201, chosen
        wait_until(lambda: chosen.body["number"] in "".join(paper.text for paper in self.printer.papers), within)
        called = self.clerk.post("/windows/3/call-next")
        assert called.status == 200, called
        number = called.body["ticket"]["number"]
        wait_until(lambda: any(number in text for text in self.strip.shown[shown:]), within)
        for screen, before in zip(self.screens, heard, strict=True):
            wait_until(
                lambda screen=screen, before=before: any(  # type: ignore[misc]
                    (kind, data.get("number")) == ("ticket.called", number) for kind, data, _ in screen.events[before:]
                ),
                within,
            )
        wait_until(lambda: self.shows("taking") and not self.unfinished(), within)
        # A device that got no turn on a busy machine is connected anew.
        wait_until(lambda: self.clerk.get("//readyz").status == 200, within)
        taken = time.monotonic() - back
        self.tidy_up()
        return taken

    def tidy_up(self) -> None:
        self.reader.lift()
        self.kiosk.post("/kiosk/cancel")
        self.clerk.post("/windows/3/finish", {"outcome": "done"})
        while self.clerk.post("/windows/3/call-next").status == 200:
            self.clerk.post("/windows/3/finish", {"outcome": "done"})
        wait_until(lambda: self.shows("idle") and not self.kiosk.get("/kiosk").body["card_lies"], PATIENCE)


@pytest.mark.timeout(1200)
def test_bench_store_outage(tmp_path: Path, whole: bool, figure: Callable[[str], None]) -> None:
    rounds, seconds = (10, 30.0) if whole else (2, 1.0)
    # How soon it is back is measured when whole, where nothing else runs; in short form, that it is.
    within = BACK_WITHIN if whole else PATIENCE
    server = PostgresServer()
    hall = Hall(tmp_path, server)
    try:
        times = [hall.lose_the_store(seconds, within) for _ in range(rounds)]
        originals = Counter(code for paper in hall.printer.papers if "补打" not in paper.text for code in paper.codes)
        assert max(originals.values()) == 1, "a slip came out twice unmarked"
        assert not whole or max(times) <= within
        figure(
            f"PostgreSQL stopped {rounds} times for {seconds:.0f} s: card, slip, strip and {SCREENS} screens worked "
            f"again {sum(times) / rounds:.1f} s after its return (at most {max(times):.1f} s)"
        )
    finally:
        hall.stop()
        server.close()

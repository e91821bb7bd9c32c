"""The main job, end to end: our program between devices that are not ours, spoken to by programs that are not ours."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreign import ForeignPaper, ForeignPrinter, ForeignReader, ForeignStrip, card_text
from program import Client, Following, QuhaoProcess
from wires import wait_until

PATIENCE = 60.0
"""Seconds for what devices and program do between them: one that gets no turn on a busy machine is connected anew."""
NAME, ADDRESS = "陈示例", "北京市西城区虚构胡同12号"


def checked(first17: str) -> str:
    """GB 11643's check digit, computed apart from the drivers."""
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    total = sum(int(digit) * weight for digit, weight in zip(first17, weights, strict=True))
    return first17 + "10X98765432"[total % 11]


ID_NUMBER = checked("11010119590307001")
CARD = card_text(NAME, "1", "01", "19590307", ADDRESS, ID_NUMBER, "北京市公安局西城分局", "20180521", "长期")

DEVICES = """
[[devices]]
name = "reader"
driver = "sam"
port = "{reader}"

[[devices]]
name = "printer"
driver = "escpos"
port = "tcp://127.0.0.1:{printer}"
profile = "epson"

[[devices]]
name = "strip-3"
driver = "led-bx"
port = "tcp://127.0.0.1:{strip}"
window = "3"
"""


class ForeignHall:
    def __init__(self, folder: Path) -> None:
        self.reader, self.printer, self.strip = ForeignReader(), ForeignPrinter(), ForeignStrip()
        for device in (self.reader, self.printer, self.strip):
            device.start()
        devices = DEVICES.format(reader=self.reader.path, printer=self.printer.port, strip=self.strip.port)
        self.quhao = QuhaoProcess(folder, devices)
        self.kiosk = Client(self.quhao.port, self.quhao.token("kiosk"))
        self.clerk = Client(self.quhao.port, self.quhao.token("clerk", "3"))
        self.other = Client(self.quhao.port, self.quhao.token("clerk", "4"))
        self.quhao.start(ready="//readyz")

    def stop(self) -> None:
        for client in (self.kiosk, self.clerk, self.other):
            client.close()
        self.quhao.stop()
        for device in (self.reader, self.printer, self.strip):
            device.stop()

    def take_ticket(self) -> ForeignPaper:
        """Lay the card, choose, and wait for the paper."""
        papers = len(self.printer.papers)
        self.reader.lay(CARD)
        wait_until(lambda: self.kiosk.get("/kiosk").body["state"] == "choosing", PATIENCE)
        assert self.kiosk.post("/kiosk/choose", {"service": "business-licence"}).status == 201
        wait_until(lambda: len(self.printer.papers) > papers, PATIENCE)
        return self.printer.papers[-1]

    def tidy_up(self) -> None:
        """Leave a hall with paper where nobody stands and nobody waits, whatever became of the test."""
        self.printer.has_paper = True
        self.reader.lift()
        self.kiosk.post("/kiosk/cancel")
        for client, window in ((self.clerk, "3"), (self.other, "4")):
            client.post(f"/windows/{window}/finish", {"outcome": "done"})
            while client.post(f"/windows/{window}/call-next").status == 200:
                client.post(f"/windows/{window}/finish", {"outcome": "done"})
        wait_until(lambda: self.kiosk.get("/kiosk").body["state"] == "idle", PATIENCE)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignHall]:
    hall = ForeignHall(tmp_path_factory.mktemp("hall"))
    yield hall
    hall.stop()


@pytest.fixture
def hall(running: ForeignHall) -> Iterator[ForeignHall]:
    """The hall of all tests here; one that fails in its middle leaves nothing that the next stumbles over."""
    yield running
    running.tidy_up()


def test_from_card_to_window_on_real_wires(hall: ForeignHall) -> None:
    following = Following(hall.quhao.port)
    papers, reads, shown = len(hall.printer.papers), hall.reader.reads, len(hall.strip.shown)
    hall.reader.lay(CARD)
    wait_until(lambda: hall.kiosk.get("/kiosk").body["state"] == "choosing", PATIENCE)
    greeting = hall.kiosk.get("/kiosk").body["resident"]
    assert greeting["name"] == "陈*例"
    assert greeting["id_number"] == "1101**************"

    issued = hall.kiosk.post("/kiosk/choose", {"service": "business-licence"})
    assert issued.status == 201
    number = issued.body["number"]
    assert re.fullmatch(r"A\d{3}", number)
    wait_until(lambda: len(hall.printer.papers) > papers, PATIENCE)
    paper = hall.printer.papers[papers]
    wait_until(lambda: hall.kiosk.get("/kiosk").body["state"] == "taking", PATIENCE)

    # The slip.
    assert len(paper.raw) <= 400
    assert max(size for line, size in paper.sizes.items() if number in line) >= 2
    assert "营业执照" in paper.text
    assert hall.printer.unknown == []
    for secret in (NAME, ID_NUMBER, ADDRESS, ID_NUMBER[-6:]):
        assert secret not in paper.text
    assert len(paper.codes) == 1
    assert paper.codes[0].startswith("HTTPS://Q.EXAMPLE.CN/T/")
    assert len(paper.codes[0].rsplit("/", 1)[1]) == 16

    # The card lies there: one lay is one ticket, and the reminder stays until it is lifted.
    assert hall.reader.reads == reads + 1
    hall.reader.lift()

    # The call, and the strip shows it.
    called = hall.clerk.post("/windows/3/call-next")
    assert called.status == 200
    assert called.body["ticket"]["number"] == number
    wait_until(lambda: any(number in text for text in hall.strip.shown[shown:]), PATIENCE)
    assert hall.kiosk.get("/board").body["calls"][0]["number"] == number

    # The scan brings the card's data, field by field.
    scanned = hall.clerk.post("/windows/3/scan", {"code": paper.codes[0]})
    assert scanned.status == 200
    assert scanned.body["ticket"]["state"] == "serving"
    assert scanned.body["resident"] == {
        "kind": "resident",
        "name": NAME,
        "name_en": None,
        "sex": {"code": "1", "label": "男"},
        "ethnicity": {"code": "01", "label": "汉"},
        "birth_date": "1959-03-07",
        "address": ADDRESS,
        "id_number": ID_NUMBER,
        "authority": "北京市公安局西城分局",
        "valid_from": "2018-05-21",
        "valid_until": None,
        "nationality": None,
        "pass_number": None,
        "issue_count": None,
        "renewal_count": None,
    }
    assert hall.clerk.get("/windows/3/resident").body == scanned.body["resident"]
    assert hall.other.get("/windows/3/resident").status == 403

    assert hall.clerk.post("/windows/3/finish", {"outcome": "done"}).body["state"] == "done"
    assert hall.clerk.post("/windows/3/call-next").status == 204
    wait_until(lambda: len(following.events) == 4, PATIENCE)
    assert [event for event, _, _ in following.events] == [
        "ticket.issued",
        "ticket.called",
        "ticket.started",
        "ticket.finished",
    ]
    following.close()


def test_a_second_tap_gives_the_same_ticket_and_one_slip(hall: ForeignHall) -> None:
    papers = len(hall.printer.papers)
    hall.reader.lay(CARD)
    wait_until(lambda: hall.kiosk.get("/kiosk").body["state"] == "choosing", PATIENCE)
    first = hall.kiosk.post("/kiosk/choose", {"service": "social-security"})
    second = hall.kiosk.post("/kiosk/choose", {"service": "social-security"})
    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] == second.body["id"]
    wait_until(lambda: hall.kiosk.get("/kiosk").body["state"] == "taking", PATIENCE)
    assert len(hall.printer.papers) == papers + 1
    hall.reader.lift()
    assert hall.clerk.post("/windows/3/call-next").body["ticket"]["number"] == first.body["number"]
    hall.clerk.post("/windows/3/finish", {"outcome": "done"})


def test_without_paper_the_number_is_kept_and_shown(hall: ForeignHall) -> None:
    hall.printer.has_paper = False
    # A slip that is under way when the paper ends waits for new paper; this one is for a printer known to have none.
    wait_until(lambda: hall.kiosk.get("/kiosk").body["state"] == "fault", PATIENCE)
    papers = len(hall.printer.papers)
    hall.reader.lay(CARD)
    wait_until(lambda: hall.kiosk.get("/kiosk").body["state"] == "choosing", PATIENCE)
    issued = hall.kiosk.post("/kiosk/choose", {"service": "business-licence"})
    assert issued.status == 201
    wait_until(lambda: hall.kiosk.get("/kiosk").body["state"] == "fault", PATIENCE)
    shown = hall.kiosk.get("/kiosk").body
    assert shown["ticket"]["number"] == issued.body["number"]
    assert "缺纸" in shown["message"]
    called = hall.clerk.post("/windows/3/call-next")
    assert called.body["ticket"]["number"] == issued.body["number"]
    # The kiosk knows of the trouble at once; the slip is given up a moment later.
    wait_until(lambda: hall.clerk.get("/windows/3").body["ticket"]["print"] == "failed", PATIENCE)
    assert len(hall.printer.papers) == papers
    hall.printer.has_paper = True
    hall.reader.lift()
    hall.clerk.post("/windows/3/finish", {"outcome": "done"})


def test_codes_that_are_not_for_this_window_say_why(hall: ForeignHall) -> None:
    paper = hall.take_ticket()
    hall.reader.lift()
    code = paper.codes[0]
    early = hall.clerk.post("/windows/3/scan", {"code": code})
    assert (early.status, early.body["code"]) == (409, "not_called")
    assert hall.other.post("/windows/4/call-next").status == 200
    wrong = hall.clerk.post("/windows/3/scan", {"code": code})
    assert (wrong.status, wrong.body["code"]) == (403, "wrong_window")
    for stranger in ("https://pay.example.com/abc", "'; DROP TABLE ticket; --", "A" * 5000, "\x00", ""):
        assert hall.clerk.post("/windows/3/scan", {"code": stranger}).status in (404, 422)
    overridden = hall.clerk.post("/windows/3/scan", {"code": code, "override_reason": "窗口4设备故障"})
    assert overridden.body["resident"]["name"] == NAME
    hall.other.post("/windows/4/finish", {"outcome": "done"})


def test_it_stops_at_once_when_told_to(running: ForeignHall) -> None:
    following = Following(running.quhao.port)
    assert running.quhao.terminate() == 0
    following.close()
    running.quhao.start(ready="//readyz")

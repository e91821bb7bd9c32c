"""Several boxes on one database: each a process of its own, spoken to over HTTP."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres import EMPTY, PostgresServer
from program import CONFIG, Client, Following, QuhaoProcess
from wires import wait_until, within

DEVICES = "".join(
    f'[[devices]]\nname = "{name}"\ndriver = "{driver}"\nport = "sim:"\n{more}\n'
    for name, driver, more in [
        ("reader", "sam", ""),
        ("printer", "escpos", ""),
        ("strip-3", "led-bx", 'window = "3"'),
        ("speaker", "speaker", ""),
    ]
)


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def server(own_server: PostgresServer) -> PostgresServer:
    """A server that a test may stop."""
    own_server.start()
    return own_server


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[Callable[..., QuhaoProcess]]:
    """Makes boxes on the database at ``url``; they have one key. Of one that ``ends``, it is the end that is tested."""
    made: list[QuhaoProcess] = []

    def make(url: str, name: str = "", devices: str = "", *, ends: bool = False) -> QuhaoProcess:
        folder = tmp_path / f"box{len(made)}"
        folder.mkdir()
        config = CONFIG.replace("sqlite:///var/quhao.db", url).replace("var/master.key", str(tmp_path / "master.key"))
        if name:
            config = config.replace('id = "test"', f'id = "test"\nbox = "{name}"')
        made.append(QuhaoProcess(folder, devices, config, forked=not ends))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def told(box: QuhaoProcess) -> str:
    return box.log.read_text("utf-8")


def boxes_at(box: QuhaoProcess, token: str) -> Any:
    """What a technician sees at ``/devices`` of a box."""
    with contextlib.closing(Client(box.port, token)) as technician:
        return technician.get("/boxes").body


def test_what_one_box_does_is_seen_on_the_other_at_once(shared_url: str, boxes: Callable[..., QuhaoProcess]) -> None:
    first, second = boxes(shared_url), boxes(shared_url)
    first.start()
    second.start()
    desk, clerk = Client(first.port, first.token("desk")), Client(second.port, second.token("clerk", "3"))
    stream = Following(second.port)
    try:
        assert desk.post("/tickets", {"service": "business-licence"}).body["number"] == "A001"
        wait_until(lambda: [event for event, _, _ in stream.events] == ["ticket.issued"])
        assert clerk.post("/windows/3/call-next").body["ticket"]["number"] == "A001"
    finally:
        stream.close()
        desk.close()
        clerk.close()


def test_two_boxes_of_one_name_do_not_work_together(shared_url: str, boxes: Callable[..., QuhaoProcess]) -> None:
    first, second = boxes(shared_url, "kiosk-1"), boxes(shared_url, "kiosk-1")
    first.start()
    token = first.token("technician")
    wait_until(lambda: boxes_at(first, token) != [])
    second.begin(None, "--patience", "0.5")
    assert second.process
    assert second.process.wait(60) == 1
    assert "hall.box" in told(second)
    (box,) = boxes_at(first, token)
    assert (box["name"], box["taken_by"].split(" ")[0]) == ("kiosk-1", socket.gethostname())


def test_a_box_waits_for_a_database_that_is_not_there_yet(
    server: PostgresServer, boxes: Callable[..., QuhaoProcess]
) -> None:
    url = server.url(server.create())
    server.stop()
    box, other = boxes(url), boxes(url)
    for one in (box, other):
        one.begin(None, "--patience", "0.5")
    for one in (box, other):
        wait_until(lambda one=one: "waiting for the store" in told(one))  # type: ignore[misc]
    assert other.terminate() == 0
    # Longer than it would wait for anything else.
    assert not within(1.0, lambda: box.process and box.process.poll() is not None)
    server.start()
    wait_until(lambda: "ready at" in told(box))
    assert box.terminate() == 0


def test_a_box_says_that_its_database_is_away_and_goes_on_when_it_is_back(
    server: PostgresServer, boxes: Callable[..., QuhaoProcess]
) -> None:
    box = boxes(server.url(server.create(EMPTY)))
    desk = Client(box.start().port, box.token("desk"))
    try:
        assert desk.post("/tickets", {"service": "business-licence"}).status == 201
        server.stop()
        refused = desk.post("/tickets", {"service": "business-licence"})
        assert (refused.status, refused.body["code"]) == (503, "store_gone")
        assert desk.get("//readyz").status == 503
        assert desk.get("//healthz").status == 200
        server.start()
        issued = desk.post("/tickets", {"service": "business-licence"})
        assert (issued.status, issued.body["number"]) == (201, "A002")
        assert desk.get("//readyz").status == 200
        server.stop()
        assert box.terminate() == 0
    finally:
        desk.close()


@pytest.mark.long
def test_a_database_that_hangs_holds_nobody_up_and_what_was_asked_meanwhile_is_done_once(
    server: PostgresServer, boxes: Callable[..., QuhaoProcess]
) -> None:
    url = server.url(server.create(EMPTY))
    box, other = boxes(url), boxes(url, ends=True)
    desk = Client(box.start().port, box.token("desk"))
    other.start()
    try:
        assert desk.post("/tickets", {"service": "business-licence"}, Idempotency_Key="one").status == 201
        with server.hanging():
            # It says nothing for as long as this lasts, and both are answered.
            refused = desk.post("/tickets", {"service": "business-licence"}, Idempotency_Key="two")
            assert refused.status == 503
            assert desk.get("//readyz").status == 503
            assert other.terminate() == 0
        wait_until(lambda: desk.get("//readyz").status == 200)
        issued = desk.post("/tickets", {"service": "business-licence"}, Idempotency_Key="two")
        assert (issued.status, issued.body["number"]) == (201, "A002")
        again = desk.post("/tickets", {"service": "business-licence"}, Idempotency_Key="two")
        assert again.body == issued.body
    finally:
        desk.close()


@pytest.mark.long
def test_a_box_whose_devices_are_at_work_ends_within_five_seconds_though_its_database_hangs(
    server: PostgresServer, boxes: Callable[..., QuhaoProcess]
) -> None:
    box = boxes(server.url(server.create(EMPTY)), devices=DEVICES, ends=True)
    hands = Client(box.start("//readyz").port, box.token("kiosk"))
    desk, clerk = Client(box.port, box.token("desk")), Client(box.port, box.token("clerk", "3"))
    asking: list[threading.Thread] = []
    try:
        for _ in range(2):
            assert desk.post("/tickets", {"service": "business-licence"}).status == 201
        assert clerk.post("/windows/3/call-next").status == 200
        hands.post("/bench/reader/lay", {"card": "zhang"})
        wait_until(lambda: hands.get("/kiosk").body["state"] == "choosing")
        assert hands.post("/kiosk/choose", {"service": "business-licence"}).status == 201
        with server.hanging():
            hands.post("/bench/reader/lift")
            hands.post("/bench/reader/lay", {"card": "li"})
            for path in ("/hall", "/board"):
                asking.append(threading.Thread(target=ask_in_vain, args=(box.port, path)))
                asking[-1].start()
            # It lives on, for so long that every part that looks at the store from time to time waits for it.
            assert not within(2.0, lambda: box.process and box.process.poll() is not None)
            assert box.terminate() == 0
    finally:
        for one in asking:
            one.join(60)
        for client in (hands, desk, clerk):
            client.close()


def ask_in_vain(port: int, path: str) -> None:
    client = Client(port)
    with contextlib.suppress(OSError, http.client.HTTPException):
        client.get(path)
    client.close()

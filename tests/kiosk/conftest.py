"""A hall without devices behind a real web server, and a plain HTTP client to ask it."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from werkzeug.exceptions import HTTPException

import empty_store
from certificates import make_certificate
from config.settings import (
    ClassSettings,
    HallSettings,
    QueueSettings,
    ScreenSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from drivers.card_reader.events import CardFound, CardLeft, CardRead
from drivers.card_reader.id_card import IdCard, check_digit
from drivers.climate.driver import Climate
from drivers.supervisor import Supervisor
from kiosk.devices.climate import HallClimate
from kiosk.event_feed import Channel, EventFeed, WindowNews
from kiosk.opening import open_office_parts
from kiosk.resident.controller import KioskController
from kiosk.resident.printing import PrintQueue
from kiosk.resident.session import KioskSession
from kiosk.web.app import Application, create_app
from kiosk.web.auth import access_of
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import kiosk_message
from kiosk.web.server import Server
from offices import CHEAP
from spelt import spell_once
from ticketing.matters.matters import Matters
from ticketing.model import Actor, Service, Window
from ticketing.office import Issued, Office
from ticketing.policy import PriorityClass, Rules
from ticketing.reports.climate import ClimateRecords
from ticketing.store.base import Store

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 11, 23, 9, 30, tzinfo=ZONE)
PASSWORD = "Kaimen-dajia-hao"


def id_number(born: date = date(1988, 3, 14), order: int = 123) -> str:
    """The number of nobody, with a correct check digit; 110000 is no county, so it is nobody's."""
    first = f"110000{born:%Y%m%d}{order:03}"
    return first + check_digit(first)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a refusal, which must be a whole problem."""
        assert self.headers["content-type"] == "application/problem+json", (self.status, self.body)
        problem = self.json
        assert problem["status"] == self.status
        assert problem["type"] and problem["title"] and problem["detail"] and problem["detail_en"]
        return str(problem["code"])


@dataclass
class Message:
    """One message of a stream."""

    event: str
    data: Any
    id: int | None


class Stream:
    """A real stream over a socket, read message by message."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self.response = response
        self.comments = 0
        self.retry: int | None = None

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        event, seq, data = "message", None, None
        while True:
            line = self.response.readline()
            if not line:
                raise StopIteration
            field_, _, value = line.decode().rstrip("\n").partition(": ")
            match field_:
                case "id":
                    seq = int(value)
                case "event":
                    event = value
                case "data":
                    data = json.loads(value)
                case "retry":
                    self.retry = int(value)
                case ":":
                    self.comments += 1
                case "" if data is not None:
                    return Message(event, data, seq)

    def until(self, event: str) -> Message:
        return next(message for message in self if message.event == event)

    def hang_up(self) -> None:
        """Close the way a browser does that is shut."""
        self.response.close()
        self._connection.close()


@dataclass
class TestHall:
    """A hall at work, with a clock in the test's hand."""

    __test__ = False

    hall: Hall
    store: Store
    app: Application
    server: Server
    folder: Path
    at: datetime = MORNING
    streams: list[Stream] = field(default_factory=list)
    context: ssl.SSLContext | None = None

    @cached_property
    def kiosk_token(self) -> str:
        """The token of this hall's kiosk."""
        return self.hall.people.add_token("the-kiosk", "kiosk")

    @property
    def office(self) -> Office:
        return self.hall.office

    def now(self) -> datetime:
        return self.at

    def pass_time(self, **span: float) -> None:
        self.at += timedelta(**span)

    def connect(self, timeout: float = 30.0) -> http.client.HTTPConnection:
        if self.context:
            return http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=timeout, context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        cookie: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own; ``body`` is sent as JSON, bytes as they are."""
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if cookie:
            by_tls = self.context or "X-Forwarded-For" in sent
            sent["Cookie"] = f"{'__Host-' * bool(by_tls)}quhao={cookie}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = self.connect()
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            cookies = [value for name, value in response.getheaders() if name.lower() == "set-cookie"]
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read(), cookies)
        finally:
            connection.close()

    def get(self, path: str, **options: Any) -> Answer:
        """A call of the API; for what the kiosk may do, with the kiosk's token where the test names no credentials."""
        return self.ask("GET", f"/api/v1{path}", **self._as_kiosk("GET", path, options))

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        """The same."""
        return self.ask("POST", f"/api/v1{path}", body, **self._as_kiosk("POST", path, options))

    def _as_kiosk(self, method: str, path: str, options: dict[str, Any]) -> dict[str, Any]:
        if not {"token", "cookie"}.isdisjoint(options) or "Authorization" in (options.get("headers") or {}):
            return options
        try:
            endpoint, _ = self.app.url_map.bind("").match(f"/api/v1{path.partition('?')[0]}", method)
        except HTTPException:
            return options
        access = access_of(self.app.view_functions[endpoint])
        for_kiosk = access is not None and "kiosk" in (access.roles or ())
        return options | {"token": self.kiosk_token} if for_kiosk else options

    def listen(self, path: str = "/events", token: str | None = None, headers: dict[str, str] | None = None) -> Stream:
        """Open a stream; closed at the end of the test."""
        connection = self.connect()
        token = self._as_kiosk("GET", path, {"token": token} if token else {}).get("token")
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        connection.request("GET", f"/api/v1{path}", headers=sent)
        stream = Stream(connection, connection.getresponse())
        self.streams.append(stream)
        return stream

    def token(self, role: Any = "clerk", *windows: str, name: str | None = None) -> str:
        return self.hall.people.add_token(name or f"a-{role}", role, windows or ("*",))

    def issue(self, service: str = "licence", **options: Any) -> Issued:
        """A ticket straight from the office."""
        return self.office.issue(service, Actor("desk", "desk"), print=False, **options)

    def lay_card(self, **changes: Any) -> None:
        """What the reader tells when a card is laid and read."""
        assert self.hall.kiosk
        self.hall.kiosk.on_card(CardFound())
        self.hall.kiosk.on_card(CardRead(a_card(**changes)))

    def lift_card(self) -> None:
        assert self.hall.kiosk
        self.hall.kiosk.on_card(CardLeft())

    def stop(self) -> None:
        for stream in self.streams:
            stream.hang_up()
        self.server.stop()
        self.hall.feed.close()
        if self.hall.kiosk:
            self.hall.kiosk.stop()
        for supervisor in self.hall.devices:
            supervisor.stop()
        self.store.close()


def a_card(**changes: Any) -> IdCard:
    """The card of somebody invented."""
    values: dict[str, Any] = {
        "kind": "resident",
        "name": "梁试问",
        "name_en": "",
        "sex_code": "2",
        "ethnicity_code": "01",
        "birth_date": date(1988, 3, 14),
        "address": "虚构省试验市样例路1号",
        "id_number": id_number(),
        "authority": "样例市公安局",
        "valid_from": date(2016, 5, 1),
        "valid_until": date(2036, 5, 1),
        "nationality": "",
        "pass_number": "",
        "issue_count": "",
        "renewal_count": "",
        "photo": b"",
    }
    return IdCard(**(values | changes))


def build(
    folder: Path,
    *,
    devices: Callable[[Callable[[], datetime]], list[Supervisor[Any]]] = lambda _now: [],
    zones: Sequence[Climate] = (),
    heartbeat: float = 15.0,
    kiosk: bool = True,
    steady: Callable[[], float] = time.monotonic,
    **server: Any,
) -> TestHall:
    """A hall with the parts of the program, on a store in ``folder`` and a free port."""
    settings = Settings(
        hall=HallSettings(id="test", name="试验大厅", public_host="Q.EXAMPLE.CN"),
        server=ServerSettings(port=0, **server),
        screen=ScreenSettings(media=folder / "media"),
        store=StoreSettings(url=f"sqlite:///{folder / 'hall.db'}", key_file=folder / "master.key"),
        queue=QueueSettings(
            classes=(
                ClassSettings(id="senior", name="65岁以上", name_en="over 65", head_start_minutes=30, min_age=65),
                ClassSettings(id="urgent", name="加急", name_en="urgent", head_start_minutes=60),
            )
        ),
    )
    empty_store.lay(folder / "hall.db")
    made: list[TestHall] = []

    def now() -> datetime:
        return made[0].at if made else MORNING

    store, vault, people = open_office_parts(settings, cost=CHEAP)
    rules = Rules(
        tuple(
            PriorityClass(one.id, one.name, one.name_en, timedelta(minutes=one.head_start_minutes), one.min_age)
            for one in settings.queue.classes
        )
    )
    office = Office(store, vault, rules, ZONE, now, "test")
    office.seed(
        [Service("licence", "营业执照", "Business licence", "A"), Service("tax", "税务登记", "Tax", "B")],
        [Window("1", "1号窗口", ("licence",), "open"), Window("3", "3号窗口", ("*",), "open")],
    )
    feed = EventFeed(office, store.on_commit, steady=steady)
    printing = PrintQueue(office, None, lambda _job: [])
    news = WindowNews(feed)
    controller: KioskController | None = None
    if kiosk:
        controller = KioskController(
            KioskSession(60, 6),
            office,
            printing,
            box="test",
            desk=("咨询台", "the information desk"),
            ticket_url=lambda code: f"HTTPS://Q.EXAMPLE.CN/T/{code}",
            clock=lambda: now().timestamp(),
            has_reader=False,
            on_change=lambda view: screen.tell(*kiosk_message(view)),
        )
    screen = Channel(lambda: kiosk_message(controller.view()) if controller else ("state", {}))
    climate = HallClimate(zones, ClimateRecords(office.ledger), now)
    hall = Hall(settings, office, people, feed, news, printing, controller, screen, devices(now), None, now, climate)
    hall.matters = Matters(office.ledger, spell_once)
    feed.follow(hall.screen_news.hear)
    app = create_app(hall, check_answers=True, heartbeat=heartbeat)
    running = TestHall(hall, store, app, Server(app, settings.server), folder)
    made.append(running)
    if settings.server.tls_cert:
        running.context = ssl.create_default_context(cafile=settings.server.tls_cert)
        running.context.check_hostname = False
    feed.start()
    if controller:
        controller.start()
    running.server.start()
    return running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., TestHall]]:
    """Starts halls, and stops them in the end."""
    halls: list[TestHall] = []

    def start(**options: Any) -> TestHall:
        folder = tmp_path / str(len(halls))
        folder.mkdir()
        halls.append(build(folder, **options))
        return halls[-1]

    yield start
    for hall in halls:
        hall.stop()


@pytest.fixture
def here(start: Callable[..., TestHall]) -> TestHall:
    """A hall of two services (A licence, B tax) and two windows (1 for licences, 3 for all), on a Monday morning."""
    return start()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHall]:
    """One hall like ``here`` for all tests of a file that are refused what they ask for: nothing happens in it."""
    hall = build(tmp_path_factory.mktemp("shared"))
    before = hall.office.last_seq()
    yield hall
    happened = hall.office.events_after(before, 100)
    hall.stop()
    assert happened == []


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHall]:
    """One hall like ``here`` for all tests of a file that do not mind what the others do in it."""
    hall = build(tmp_path_factory.mktemp("busy"))
    yield hall
    hall.stop()


@pytest.fixture
def lan_address() -> str:
    """An address of this machine that is not loopback, for requests from elsewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Sends nothing: it only asks which way a packet would go.
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this box by itself, and its key."""
    return make_certificate(tmp_path)

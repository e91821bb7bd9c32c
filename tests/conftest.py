"""What many tests share: a whole hall of simulators on real ptys and sockets, and a real browser to look at it."""

import gc
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import insert

import config
import empty_store
import forks
import kept_pages
import kept_sound
import once
import rules
import statements
from album import Album
from config.settings import Settings
from kiosk.settings import load
from profiles import Profiles
from wires import FORENOON, wait_until

if TYPE_CHECKING:
    from kiosk.wiring import Program
    from postgres import PostgresServer

CHROMIUM = "/usr/bin/chromium"
LIGHT_CHROMIUM = "/usr/bin/chromium-headless-shell"
"""The same browser without the windows around its pages, which cost as much as these; no extension runs in it."""
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
LEAN = ["--in-process-gpu", "--js-flags=--single-threaded"]
"""One process less; and scripts compiled and garbage collected by the thread that runs them: as all cores are at work
anyway, helpers only add to it, about a tenth."""
PASSWORD = "a-demo-password"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run soaks and benchmarks whole, not in their short form")
    # With a space instead of "=", pytest takes DIR for a folder of tests before it knows this option.
    parser.addoption("--beside", metavar="=DIR", type=Path, help="bench another checkout in turns with this one")
    parser.addoption("--profile", action="store_true", help="bench throughput with a sampler, and show where time goes")
    parser.addoption("--screenshots", action="store_true", help="put the pages' pictures into kiosk/screenshots")


def pytest_configure(config: pytest.Config) -> None:
    """Property tests take the same examples in each run of ``make test``, and no measure of time: a machine may stand
    still in the middle of one. ``--whole`` looks for new examples."""
    hypothesis.settings.register_profile(
        "quhao",
        deadline=None,
        derandomize=not config.getoption("--whole"),
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("quhao")
    kept_pages.keep()
    statements.keep()
    rules.keep()
    forks.each_loads = bool(config.getoption("--whole"))
    if not hasattr(config, "workerinput"):
        once.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        once.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests come first: with ``--dist worksteal`` one tester begins with them, and others take what follows."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The tests and their modules are no garbage, which they are not searched for again and again.

    As in ``quhao run``, but that the halls that stopped are cleared away sooner.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 10, 5)
        gc.enable()


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether soaks and benchmarks run whole."""
    return bool(request.config.getoption("--whole"))


@pytest.fixture(scope="session")
def postgres() -> "Iterator[PostgresServer]":
    """A PostgreSQL server of this test process, for those that do not stop it."""
    from postgres import PostgresServer

    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def shared_url(postgres: "PostgresServer") -> Iterator[str]:
    """An empty store on PostgreSQL."""
    from postgres import EMPTY

    name = postgres.lend(EMPTY)
    yield postgres.url(name)
    postgres.take_back(name)


@pytest.fixture(scope="session")
def _seeded_store(postgres: "PostgresServer") -> str:
    """The name of a database that holds the services and windows of an office, to be copied."""
    from offices import OfficeHall
    from postgres import EMPTY

    name = postgres.create(EMPTY)
    OfficeHall(postgres.url(name)).close()
    return name


@pytest.fixture
def shared_desk_url(postgres: "PostgresServer", _seeded_store: str) -> Iterator[str]:
    """A store on PostgreSQL with the services and windows of an office."""
    name = postgres.lend(_seeded_store)
    yield postgres.url(name)
    postgres.take_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store; the test runs once on each kind."""
    if request.param == "sqlite":
        empty_store.lay(tmp_path / "quhao.db")
        return f"sqlite:///{tmp_path / 'quhao.db'}"
    url: str = request.getfixturevalue("shared_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store may be made, and there is none yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'quhao.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@dataclass
class DemoHall:
    """A running hall with a hand on each of its simulators."""

    program: "Program"
    folder: Path

    def __post_init__(self) -> None:
        reading_aloud = self.program.hall.reading_aloud
        for one in reading_aloud._earphones if reading_aloud else ():
            kept_sound.keep(one)

    @property
    def url(self) -> str:
        return self.program.server.address

    @cached_property
    def kiosk_token(self) -> str:
        """The token of this hall's kiosk."""
        return self.program.hall.people.add_token("the-kiosk", "kiosk")

    @property
    def kiosk_page(self) -> str:
        """The address by which the kiosk's page is opened once."""
        return f"{self.url}/kiosk#token={self.kiosk_token}"

    @property
    def bench_page(self) -> str:
        """The same of the virtual hall."""
        return f"{self.url}/bench#token={self.kiosk_token}"

    def log_visitor_in(self, page: Page) -> None:
        """As the page of the virtual hall does: the clerk."""
        bearer = {"Authorization": f"Bearer {self.kiosk_token}"}
        assert page.request.post(f"{self.url}/api/v1/bench/visitor", headers=bearer).status == 204

    @property
    def office(self) -> Any:
        return self.program.hall.office

    def simulator(self, name: str) -> Any:
        assert self.program.hall.virtual_hall
        return self.program.hall.virtual_hall._simulators[name]

    @property
    def reader(self) -> Any:
        return self.simulator("reader")

    @property
    def printer(self) -> Any:
        return self.simulator("printer")

    @property
    def speaker(self) -> Any:
        return self.simulator("speaker")

    def strip(self, window: str) -> Any:
        return self.simulator(f"strip-{window}")

    def scanner(self, window: str) -> Any:
        return self.simulator(f"scanner-{window}")

    def lay(self, card: str) -> None:
        """Lay the invented card with this id on the reader."""
        from drivers.card_reader.id_card import encode_card
        from drivers.simulators.card_reader.cards import CARDS

        sample = next(one for one in CARDS if one.id == card)
        self.reader.lay(encode_card(sample.card), sample.photo)

    def wait_for_devices(self) -> None:
        """Until every device answers."""
        wait_until(lambda: all(one.state.state == "online" for one in self.program.hall.devices), 60)

    def stop(self) -> None:
        self.program.parts.stop()


@cache
def _demonstration() -> Settings:
    return load(Path(config.__file__).parent / "demo.toml")


def demo_settings(folder: Path, **changes: Any) -> Settings:
    """The demonstration's settings with a store in ``folder``, a port that is free, and a zone where it is forenoon."""
    settings = _demonstration()
    empty_store.lay(folder / "quhao.db")
    store = settings.store.model_copy(
        update={"url": f"sqlite:///{folder / 'quhao.db'}", "key_file": folder / "master.key"}
    )
    server = settings.server.model_copy(update={"port": kept_pages.port()})
    hall = settings.hall.model_copy(update={"timezone": FORENOON})
    fill = settings.fill.model_copy(update={"folder": folder / "fill"})
    screen = settings.screen.model_copy(update={"media": folder / "media"})
    # What is read aloud takes half as long to make: nobody listens.
    quick = [one.model_copy(update={"speed": 300}) if one.name == "earphones" else one for one in settings.devices]
    changed = {"store": store, "server": server, "hall": hall, "fill": fill, "screen": screen, "devices": tuple(quick)}
    return settings.model_copy(update=changed | changes)


@pytest.fixture(scope="session")
def quick_hash() -> str:
    """Of the clerk's password, and checked at once; what passwords cost in a hall is tested where they are made."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def let_clerk_in(hall: DemoHall, password_hash: str) -> None:
    """The account ``clerk`` for all windows, unless an earlier program on this store made it."""
    from ticketing.store.tables import account

    windows = json.dumps([window.id for window in hall.office.windows()])
    clerk = {"name": "clerk", "role": "clerk", "password_hash": password_hash, "windows": windows, "created_at": 0}
    with hall.office.ledger.store.write() as conn:
        conn.execute(insert(account).prefix_with("OR IGNORE", dialect="sqlite").values(clerk))


@pytest.fixture
def start_hall(tmp_path: Path, quick_hash: str) -> Iterator[Callable[..., DemoHall]]:
    """Starts demonstration halls, and stops them in the end."""
    halls: list[DemoHall] = []

    def start(*, hall_time: Any = None, **changes: Any) -> DemoHall:
        from kiosk.wiring import build

        settings = demo_settings(tmp_path, **changes)
        program = build(settings, visitor=("clerk", PASSWORD), hall_time=hall_time)
        program.parts.start()
        hall = DemoHall(program, tmp_path)
        halls.append(hall)
        let_clerk_in(hall, quick_hash)
        hall.wait_for_devices()
        return hall

    yield start
    for hall in halls:
        hall.stop()


@pytest.fixture
def hall(start_hall: Callable[..., DemoHall]) -> DemoHall:
    """A demonstration hall at work, every device online, with an account ``clerk`` for all windows."""
    return start_hall()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without its windows where that is installed."""
    # On a machine that does everything at once, or stands still, a page may take longer than the usual five seconds.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        executable = LIGHT_CHROMIUM if Path(LIGHT_CHROMIUM).exists() else CHROMIUM
        browser = playwright.chromium.launch(executable_path=executable, args=[*QUIET, *LEAN])
        yield browser
        browser.close()


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    """Takes pictures; in the end nothing that was to be seen had a barrier."""
    pictures = Album(tmp_path / "pictures")
    yield pictures
    assert pictures.found == []


@pytest.fixture(scope="session")
def profiles(chromium: Browser) -> Profiles:
    """The browser's profiles, lent to one test after another."""
    return Profiles(chromium)


@pytest.fixture
def new_page(profiles: Profiles) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a browser profile of its own; an error in a page's script fails the test.

    ``clock=True`` puts the page's time into the test's hand, ``script`` is run before the page's own; what else is
    given are options of the profile.
    """

    def open_page(
        width: int = 1366, height: int = 768, *, clock: bool = False, script: str = "", **options: Any
    ) -> Page:
        return profiles.lend(width, height, clock=clock, script=script, **options)

    yield open_page
    assert profiles.take_back() == []

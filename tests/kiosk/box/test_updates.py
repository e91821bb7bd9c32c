"""Updates with a way back, on versions that are a few lines of shell, and a service that is a small web server."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import console
import empty_store
from kiosk.box.box_watch import BoxWatch
from kiosk.box.updates import CommandService, Step, Updates, journal_of
from kiosk.box.versions import SEAL, UpdateError, Versions, order
from kiosk.settings import load
from program import free_port
from ticketing.store.base import HEAD, READABLE_FROM, Turn
from ticketing.store.opening import open_store, turn_to_update
from wires import wait_until

CONFIG = """
[hall]
id = "test"
name = "测试大厅"
[server]
port = {port}
[store]
url = "sqlite:///var/quhao.db"
key_file = "var/master.key"
[update]
healthy_seconds = 5
"""
PROGRAM = """#!/bin/sh
# {name}
echo "{name} $6 $7" >> {log}
if [ "$4" = update ]; then echo '{told}'; exit; fi
if [ -e "{trouble}/{name} $6 $7" ]; then echo "no luck today" >&2; exit 1; fi
"""


class PowerCut(BaseException):
    """Nothing that follows is done, as if the machine had lost its power."""


class Service:
    """A service that answers as the version that was current as it was started."""

    def __init__(self, port: int, versions: Versions) -> None:
        self._port = port
        self._versions = versions
        self._server: ThreadingHTTPServer | None = None
        self.version: str | None = None
        self.lacks: dict[str, list[str]] = {}
        """What versions say is missing at their ``/readyz``."""
        self.dead: set[str] = set()
        """Versions that do not come up."""
        self.cut = ""
        """Where the power goes: ``before stop``, ``after stop``, ``before start``, ``after start``."""

    def runs(self) -> bool:
        return self._server is not None

    def stop(self) -> None:
        self._cut("before stop")
        self.end()
        self._cut("after stop")

    def start(self) -> None:
        self._cut("before start")
        self.version = self._versions.current
        if self.version not in self.dead and self._server is None:
            service = self

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    missing = [{"what": one} for one in service.lacks.get(service.version or "", [])]
                    body = json.dumps({"missing": missing, "warnings": []}).encode()
                    self.send_response(503 if missing and self.path == "/readyz" else 200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_: object) -> None:
                    pass

            self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self._cut("after start")

    def end(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.version = None

    def _cut(self, where: str) -> None:
        if self.cut == where:
            self.cut = ""
            raise PowerCut


class Box:
    """A box with the versions 0.9, 1.0 and 2.0, of which 1.0 runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "calls"
        self.trouble = folder / "trouble"
        self.trouble.mkdir()
        self.config = folder / "quhao.toml"
        port = free_port()
        self.config.write_text(CONFIG.format(port=port), "utf-8")
        self.settings = load(self.config)
        empty_store.lay(folder / "var/quhao.db")
        self.versions = Versions(folder / "opt")
        self.versions.root.mkdir()
        self.told: list[str] = []
        self.turns = ""
        """The database on which it takes turns with others, where it does."""
        self.heard: Callable[[str], None] = lambda _said: None
        for name in ("0.9", "1.0", "2.0"):
            self.add(name)
        self.versions.link("current", "1.0")
        self.versions.link("confirmed", "1.0")
        self.log.unlink()
        self.service = Service(port, self.versions)
        self.service.start()
        self.updates = Updates(self.settings, self.config, self.versions, self.service, self._tell, self._turn)

    def package(self, name: str, schema: str = HEAD, readable_from: str = READABLE_FROM) -> Path:
        """What a package brings."""
        package = self.folder / f"package-{name}"
        (package / "bin").mkdir(parents=True)
        told = json.dumps({"name": name, "schema": schema, "readable_from": readable_from})
        text = PROGRAM.format(name=name, log=self.log, trouble=self.trouble, told=told)
        (package / "bin/python").write_text(text)
        (package / "bin/python").chmod(0o755)
        return package

    def add(self, name: str, schema: str = HEAD, readable_from: str = READABLE_FROM) -> None:
        self.versions.add(self.package(name, schema, readable_from))

    @property
    def calls(self) -> list[str]:
        """What was asked of which version."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def stands_at(self) -> tuple[str | None, str | None, str | None, Step | None]:
        """Current and confirmed version, the one that runs, and the last step."""
        journal = journal_of(self.settings)
        return self.versions.current, self.versions.confirmed, self.service.version, journal and journal.step

    def conditions(self) -> list[str]:
        """Those of the box that tell of an update."""
        with closing(open_store(self.settings.store.url, exclusive=False)) as store:
            watch = BoxWatch(self.settings, store)
            return [one.reason for one in watch.conditions() if one.what == "update"]

    def _tell(self, said: str) -> None:
        self.told.append(said)
        self.heard(said)

    def _turn(self) -> AbstractContextManager[Turn]:
        return turn_to_update(self.turns or self.settings.store.url, "test", self.told.append)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.service.end()


def refused(box: Box, name: str) -> str:
    """The code by which a version is refused; nothing has changed."""
    before = box.stands_at()
    with pytest.raises(UpdateError) as caught:
        box.updates.apply(name)
    assert box.stands_at() == before
    assert box.calls == []
    return caught.value.code


def test_an_update_backs_up_migrates_switches_and_keeps_the_version_before(box: Box) -> None:
    box.updates.apply("2.0")
    assert box.calls == ["1.0 backup to", "2.0 update migrate"]
    assert box.stands_at() == ("2.0", "2.0", "2.0", Step.CONFIRMED)
    assert box.versions.names() == ["1.0", "2.0"], "those before are removed"
    assert box.conditions() == []
    box.updates.revert()
    assert box.stands_at() == ("1.0", "1.0", "1.0", Step.WENT_BACK)
    assert box.conditions() == [], "that was asked for"
    assert box.calls[2:] == [], "the store stays as it is"
    with pytest.raises(UpdateError, match="there is no update to go back from"):
        box.updates.revert()


FAILURES: dict[str, tuple[Callable[[Box], object], str]] = {
    "the backup": (lambda box: (box.trouble / "1.0 backup to").touch(), "no luck today"),
    "the migration": (lambda box: (box.trouble / "2.0 update migrate").touch(), "no luck today"),
    "it does not come up": (lambda box: box.service.dead.add("2.0"), "did not get ready within 5 s"),
    "a device is gone": (lambda box: box.service.lacks.update({"2.0": ["device printer"]}), "device printer"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_a_version_that_fails_leads_back_to_the_one_before_and_says_why(box: Box, what: str) -> None:
    prepare, why = FAILURES[what]
    prepare(box)
    with pytest.raises(UpdateError, match=why) as caught:
        box.updates.apply("2.0")
    assert "gone back to 1.0, with all data" in str(caught.value)
    assert box.stands_at() == ("1.0", "1.0", "1.0", Step.WENT_BACK)
    journal = journal_of(box.settings)
    assert journal
    assert why in journal.told
    assert box.conditions() == ["update_went_back"]
    told = console.say(box.config, "update", "--root", str(box.versions.root), "status").stdout
    assert "1.0 → 2.0: 已退回 / went back" in told
    assert why in told


def test_what_was_missing_before_does_not_count_against_the_new_version(box: Box) -> None:
    box.service.lacks = {"1.0": ["device printer", "service tax"], "2.0": ["device printer"]}
    box.updates.apply("2.0")
    assert box.stands_at() == ("2.0", "2.0", "2.0", Step.CONFIRMED)


CUTS = [
    *("before stop", "after stop", "before start", "after start"),
    *("backing up", "stopping the service", "bringing the store", "switching to", "starting it", "updated to"),
]


@pytest.mark.parametrize("where", CUTS)
def test_a_power_cut_leaves_one_of_the_two_versions(box: Box, where: str) -> None:
    def cut(said: str) -> None:
        if where in said:
            raise PowerCut

    box.heard = cut
    box.service.cut = where
    with pytest.raises(PowerCut):
        box.updates.apply("2.0")
    box.service.end()
    box.heard = lambda _said: None
    assert box.versions.current in ("1.0", "2.0")
    confirmed = box.versions.confirmed
    box.updates.recover(boot=True)
    assert not box.service.runs(), "whoever starts the machine starts it"
    box.service.start()
    # Confirmed, and not yet written down: that is the new one's only way to stay.
    ends = {"2.0": Step.CONFIRMED, "1.0": None if where == "backing up" else Step.WENT_BACK}[str(confirmed)]
    assert box.stands_at() == (confirmed, confirmed, confirmed, ends)
    assert (confirmed == "2.0") == (where == "updated to")
    assert box.updates.recover(boot=True) is None, "nothing is left to be done"
    if confirmed == "1.0":
        box.updates.apply("2.0")
        assert box.stands_at() == ("2.0", "2.0", "2.0", Step.CONFIRMED)


def test_a_power_cut_on_the_way_back_is_gone_on_with(box: Box) -> None:
    box.updates.apply("2.0")
    box.service.cut = "after stop"
    with pytest.raises(PowerCut):
        box.updates.revert()
    box.updates.recover(boot=False)
    assert box.stands_at() == ("1.0", "1.0", "1.0", Step.WENT_BACK)


def test_an_update_that_is_interrupted_goes_back_at_once(box: Box) -> None:
    def interrupt(said: str) -> None:
        if "starting it" in said:
            raise KeyboardInterrupt

    box.heard = interrupt
    with pytest.raises(UpdateError, match=r"gone back to 1\.0"):
        box.updates.apply("2.0")
    assert box.stands_at() == ("1.0", "1.0", "1.0", Step.WENT_BACK)


def test_a_version_on_trial_is_kept_when_confirmed_and_else_goes_back(box: Box) -> None:
    box.updates.apply("2.0", trial=True)
    assert box.stands_at() == ("2.0", "1.0", "2.0", Step.ON_TRIAL)
    assert box.conditions() == ["update_on_trial"]
    box.updates.recover(boot=False)
    assert box.stands_at() == ("1.0", "1.0", "1.0", Step.WENT_BACK)
    box.updates.apply("2.0", trial=True)
    box.updates.confirm()
    assert box.stands_at() == ("2.0", "2.0", "2.0", Step.CONFIRMED)
    with pytest.raises(UpdateError, match="no version is on trial"):
        box.updates.confirm()


def test_what_cannot_be_updated_to_is_refused_before_anything_is_done(box: Box) -> None:
    assert refused(box, "1.0") == "version_same"
    assert refused(box, "0.9") == "version_older"
    assert refused(box, "3.0") == "version_missing"
    assert refused(box, "../1.0") == "version_missing"
    box.add("2.1", schema="9999", readable_from="9999")
    box.add("2.2", schema="0001", readable_from="0001")
    box.log.unlink()
    assert refused(box, "2.1") == "version_apart", "the version before could not go on"
    assert refused(box, "2.2") == "version_apart", "it could not work on the store"
    (box.versions.folder("2.0") / SEAL).unlink()
    assert refused(box, "2.0") == "version_incomplete"
    assert "2.0" not in box.versions.names()
    with box.versions.alone():
        assert refused(box, "2.1") == "update_busy"


def test_a_package_is_added_whole_or_not_at_all(box: Box) -> None:
    package = box.package("3.0")
    broken = box.package("4.0")
    (broken / "bin/python").write_text("#!/bin/sh\nexit 1\n")
    half = box.versions.folder("3.0")
    (half / "bin").mkdir(parents=True)
    left = half.with_name(".5.0.0123456789abcdef")
    left.mkdir()
    for _ in range(2):
        box.versions.add(package)
        assert (half / "bin/python").samefile(package / "bin/python"), "no room is taken twice"
    with pytest.raises(UpdateError, match="does not start"):
        box.versions.add(broken)
    assert box.versions.names() == ["0.9", "1.0", "2.0", "3.0"]
    assert (box.versions.current, box.versions.confirmed) == ("1.0", "1.0")
    box.versions.prune(())
    assert box.versions.names() == ["1.0"]
    assert not left.exists()
    first = Versions(box.folder / "other")
    first.root.mkdir()
    first.add(package)
    assert (first.current, first.confirmed) == ("3.0", "3.0")


def test_versions_are_sorted_by_their_numbers() -> None:
    names = ["0.9", "0.10~rc1", "0.10", "0.10.1", "1.0", "10.0"]
    assert sorted(set(names), key=order) == names


def test_the_commands_do_it_with_a_service_behind_a_command(box: Box) -> None:
    here = ("update", "--root", str(box.versions.root), "--service", "false")
    console.say(box.config, *here, "switch", "2.0")
    assert (box.versions.current, box.versions.confirmed) == ("2.0", "2.0")
    done = console.say(box.config, *here, "apply", "2.0")
    assert (done.returncode, "at 2.0 already" in done.stderr) == (1, True)
    assert "no update was cut off" in console.say(box.config, *here, "recover", "--boot").stderr
    for command in ("revert", "confirm"):
        assert console.say(box.config, *here, command).returncode == 1
    assert console.say(box.config, *here, "add", str(box.package("7.0"))).returncode == 0
    assert "7.0" in console.say(box.config, *here, "status").stdout
    assert "there is no file" in console.say(box.config, *here, "apply", "none.deb").stderr


def test_a_service_command_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="false start failed"):
        CommandService("false").start()
    with pytest.raises(UpdateError, match="FileNotFoundError"):
        CommandService(str(tmp_path / "none")).stop()
    assert CommandService("true").runs()
    assert not CommandService("false").runs()


def test_boxes_of_one_hall_are_updated_one_after_the_other(shared_url: str) -> None:
    waited: list[str] = []
    order_of_turns: list[str] = []

    def second() -> None:
        with turn_to_update(shared_url, "kiosk-2", waited.append):
            order_of_turns.append("kiosk-2")

    with turn_to_update(shared_url, "kiosk-1", waited.append):
        other = threading.Thread(target=second)
        other.start()
        wait_until(lambda: waited == ["kiosk-1"])
        order_of_turns.append("kiosk-1")
    other.join(60)
    assert order_of_turns == ["kiosk-1", "kiosk-2"]


def test_a_box_that_went_back_stops_the_others_until_it_has_the_version_or_somebody_says_so(
    box: Box, shared_url: str
) -> None:
    box.turns = shared_url

    def other(went_back: bool) -> None:
        with turn_to_update(shared_url, "kiosk-2", box.told.append) as turn:
            assert turn.stopped_by("2.0") is None, "it does not stop itself"
            turn.note("2.0", went_back=went_back)

    other(True)
    with pytest.raises(UpdateError, match=r"the box kiosk-2 went back from 2\.0"):
        box.updates.apply("2.0")
    assert box.stands_at() == ("1.0", "1.0", "1.0", None)
    box.updates.apply("2.0", anyway=True)
    assert box.stands_at() == ("2.0", "2.0", "2.0", Step.CONFIRMED)
    box.updates.revert()
    other(False)
    (box.trouble / "2.0 update migrate").touch()
    with pytest.raises(UpdateError, match="no luck today"):
        box.updates.apply("2.0")
    with turn_to_update(shared_url, "kiosk-2", box.told.append) as turn:
        assert turn.stopped_by("2.0") == "test"
        assert turn.stopped_by("2.1") is None

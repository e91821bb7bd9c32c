"""`quhao setup`: from an empty folder to a hall that opens, by a file and by hand."""

import fcntl
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import console
from config.setup_answers import TokenAnswer
from display.prompts import Words
from foreign import ForeignPrinter
from kiosk.cli.box.setup_devices import problems_of, with_found
from kiosk.cli.box.setup_talk import language_of
from kiosk.devices.finding import Found
from kiosk.opening import open_ledger, open_office_parts
from kiosk.settings import load
from program import PRINTER, ROOT, Client, QuhaoProcess, free_port
from ticketing.model import ROLES
from ticketing.setup.setup import Setup
from wires import wait_until

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
PASSWORD = "Kaimen-dajia-hao"
HALL = """
[[services]]
id = "licence"
name = "营业执照"
prefix = "A"

[[windows]]
id = "7"
name = "7号窗口"
"""
BOX = """
# This stays where it is.
[hall]
id = "west"
name = "西城区政务服务大厅"

[setup]
manager = "wang"
password_file = "-"
hall = "services.toml"
[[setup.tokens]]
name = "kiosk-1"
role = "kiosk"
file = "kiosk.token"
[[setup.tokens]]
name = "reception"
role = "desk"

[server]
port = {port}

[store]
url = "{url}"
key_file = "var/master.key"

{devices}
"""


def answers(folder: Path, **said: str) -> Path:
    """A file of answers, with a hall beside it."""
    (folder / "services.toml").write_text(HALL, "utf-8")
    file = folder / "answers.toml"
    values = {"port": "8080", "url": "sqlite:///var/quhao.db", "devices": ""} | said
    file.write_text(BOX.format(**values), "utf-8")
    return file


def lets_in(config: Path, name: str, password: str) -> bool:
    store, _, people = open_office_parts(load(config))
    with closing(store):
        return people.login(name, password, NOW) is not None


def test_a_file_of_answers_makes_a_hall_that_opens_and_again_changes_nothing(
    tmp_path: Path, new_store_url: str, printer: ForeignPrinter
) -> None:
    port = free_port()
    source = answers(tmp_path, port=str(port), url=new_store_url, devices=PRINTER.format(port=printer.port))
    config = tmp_path / "box" / "hall.toml"
    config.parent.mkdir()
    done = console.say(config, "setup", "--from", str(source), "--language", "en", line=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert "# This stays where it is." in config.read_text("utf-8")
    assert "setup" not in config.read_text("utf-8")
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["token", "reception"]]
    assert PASSWORD not in done.stdout + done.stderr
    token = config.parent / "var" / "kiosk.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert [("打印测试" in paper.text) for paper in printer.papers] == [True]
    assert f"open http://127.0.0.1:{port}/manage, log in as wang" in done.stderr
    assert lets_in(config, "wang", PASSWORD)
    with open_ledger(load(config)) as ledger:
        assert [window.id for window in Setup(ledger).read().windows] == ["7"]

    before = config.read_bytes(), token.read_bytes()
    again = console.say(config, "setup", "--from", str(source), "--language", "zh", line="Another-gate-opens-7\n")
    assert (again.returncode, again.stdout) == (0, ""), again.stderr
    assert (config.read_bytes(), token.read_bytes()) == before
    assert "已有管理员 wang" in again.stderr
    assert lets_in(config, "wang", PASSWORD)
    assert not list(config.parent.glob(".*")), "drafts"


def test_a_hall_that_was_set_up_runs(tmp_path: Path) -> None:
    quhao = QuhaoProcess(tmp_path, first_day=True, forked=True)
    source = answers(tmp_path, port=str(quhao.port))
    quhao.config.unlink()
    with quhao:
        quhao.say("setup", "--from", str(source), line=f"{PASSWORD}\n")
        quhao.start()
        token = (tmp_path / "var/kiosk.token").read_text().strip()
        with closing(Client(quhao.port, token)) as kiosk:
            assert [one["id"] for one in kiosk.get("/hall").body["services"]] == ["licence"]
            assert kiosk.get("/kiosk").status == 200


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    source = tmp_path / "answers.toml"
    source.write_text(
        '[hall]\nid = "west"\nname = "大厅"\ntime_zone = "Asia/Shanghai"\n'
        '[setup]\nmanger = "wang"\npassword = "Sesam-oeffne-dich"\nfind = "everywhere"\n',
        "utf-8",
    )
    config = tmp_path / "hall.toml"
    done = console.say(config, "setup", "--from", str(source))
    assert done.returncode == 2
    assert "did you mean timezone?" in done.stderr
    assert "did you mean manager?" in done.stderr
    assert re.search("everywhere.* is not a choice", done.stderr)
    assert "a password must not stand in this file" in done.stderr
    assert "Sesam" not in done.stderr

    source.write_text(
        '[hall]\nid = "west"\nname = "大厅"\n[server]\nprot = 1\n[setup]\nmanager = "wang chang"\n'
        'password_file = "none.txt"\nhall = "gone.json"\n[[setup.tokens]]\nname = "a"\nrole = "clerk"\n',
        "utf-8",
    )
    done = console.say(config, "setup", "--from", str(source))
    assert done.returncode == 2
    for key in ("server.prot", "setup.manager", "setup.password_file", "setup.hall", "setup.tokens[0].windows"):
        assert f"\n  {key}" in done.stderr, key
    assert sorted(one.name for one in tmp_path.iterdir()) == ["answers.toml"]


def test_a_window_that_the_hall_will_not_have_and_a_weak_password_are_refused(tmp_path: Path) -> None:
    source = answers(tmp_path)
    source.write_text(source.read_text("utf-8").replace('role = "desk"', 'role = "clerk"\nwindows = ["8"]'), "utf-8")
    done = console.say(tmp_path / "box.toml", "setup", "--from", str(source), line="wang2026\n")
    assert done.returncode == 2
    assert "there is no window 8" in done.stderr
    assert "setup.password_file" in done.stderr
    assert "wang2026" not in done.stderr + done.stdout


def test_settings_that_are_there_are_not_overwritten_unless_it_is_said(tmp_path: Path) -> None:
    source = answers(tmp_path)
    config = tmp_path / "box.toml"
    config.write_text('[hall]\nid = "east"\nname = "东城"\n', "utf-8")
    before = config.read_bytes()
    done = console.say(config, "setup", "--from", str(source), line=f"{PASSWORD}\n")
    assert (done.returncode, config.read_bytes()) == (2, before)
    assert re.search(r"\n  hall\n.*已经存在", done.stderr)
    assert not (tmp_path / "var").exists()
    done = console.say(config, "setup", "--from", str(source), "--replace", line=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert load(config).hall.id == "west"
    assert (tmp_path / "box.toml.old").read_bytes() == before


def test_what_was_interrupted_goes_on(tmp_path: Path) -> None:
    source = answers(tmp_path)
    config = tmp_path / "box.toml"
    # Where the data should be is a file: the settings are written, the store cannot be made.
    (tmp_path / "var").write_text("")
    done = console.say(config, "setup", "--from", str(source), line=f"{PASSWORD}\n")
    assert done.returncode == 1
    assert "cannot be" in done.stderr
    assert "Traceback" not in done.stderr
    assert config.exists()
    (tmp_path / "var").unlink()
    done = console.say(config, "setup", "--from", str(source), line=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert lets_in(config, "wang", PASSWORD)
    # The power went between the token and its file: nobody ever had it.
    token = tmp_path / "var" / "kiosk.token"
    first = token.read_text()
    token.unlink()
    done = console.say(config, "setup", "--from", str(source), line=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    store, _, people = open_office_parts(load(config))
    with closing(store):
        assert sorted(one.name for one in people.tokens()) == ["kiosk-1", "reception"]
        assert people.principal_of_token(first.strip(), NOW) is None
        assert people.principal_of_token(token.read_text().strip(), NOW) is not None


def test_whenever_it_is_killed_its_manager_has_a_password_that_was_shown(tmp_path: Path) -> None:
    source = answers(tmp_path)
    source.write_text(source.read_text("utf-8").replace('password_file = "-"\n', ""), "utf-8")
    config = tmp_path / "box.toml"
    command = [sys.executable, "-m", "kiosk", "--config", str(config), "setup", "--from", str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        shown = [process.stdout.readline().split()[-1]]
        process.kill()
    done = console.say(config, "setup", "--from", str(source))
    assert done.returncode == 0, done.stderr
    shown += [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("password wang ")]
    assert lets_in(config, "wang", shown[-1])


def test_a_place_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = console.say(tmp_path / "box.toml", "setup")
    assert done.returncode == 1
    assert "no terminal to ask at" in done.stderr
    elsewhere = "--config", str(tmp_path / "file/box.toml")
    done = console.say(tmp_path / "box.toml", *elsewhere, "setup", "--from", str(answers(tmp_path)))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


class Terminal:
    """A person at a terminal: a real pty, its other end the program's own terminal."""

    def __init__(self, *command: str, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self.seen = ""
        self._read_to = 0
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}

        def take_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=inherited | {"PYTHONIOENCODING": "utf-8"} | environment,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(slave)

    def answers(self, question: str, line: str) -> None:
        """Wait for the question, and type the answer.

        Where nothing typed is shown, ``question`` ends with the space behind it: what is typed before that is lost.
        """
        self.sees(question)
        os.write(self._master, f"{line}\n".encode())

    def sees(self, words: str) -> None:
        """Wait for the words, behind what was waited for before."""

        def there() -> bool:
            self._hear(0.1)
            return self.seen.find(words, self._read_to) >= 0

        wait_until(there, 60)
        self._read_to = self.seen.index(words, self._read_to) + len(words)

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.write(self._master, b"\x03")

    def ends(self) -> int:
        """Wait for its end; its exit code."""

        def over() -> bool:
            self._hear(0.05)
            return self.process.poll() is not None

        wait_until(over, 60)
        self._hear(0)
        return int(self.process.returncode)

    def _hear(self, timeout: float) -> None:
        while select.select([self._master], [], [], timeout)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the program has closed its end
                return
            self.seen += data.decode("utf-8", "replace")
            timeout = 0

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
        os.close(self._master)


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "box.toml"


def test_a_hall_is_set_up_by_keyboard(config: Path) -> None:
    with closing(Terminal("--config", str(config), "setup", LANG="en_GB.UTF-8")) as person:
        person.answers("Name of the hall:", "")
        person.sees("this is empty")
        person.answers("Name of the hall:", '西城 "大厅"')
        person.answers("in English", "West Hall")
        person.answers("Short name", "西")
        person.answers("a letter or digit first", "west")
        person.answers("Choice", "5")
        person.sees("type one of 1, 2")
        person.answers("Choice", "")
        person.answers("Choice", "3")  # no devices
        person.answers("Choice", "")  # the sample
        person.answers("first manager", "wang")
        person.answers("one made): ", "123")
        person.answers("one made): ", PASSWORD)
        person.answers("Again: ", "Something-else-0")
        person.sees("not the same")
        person.answers("one made): ", PASSWORD)
        person.answers("Again: ", PASSWORD)
        person.answers("touch screen?", "perhaps")
        person.sees("type y or n")
        person.answers("(y/n)", "y")
        person.answers("test slip?", "n")
        person.sees("Left to do:")
        assert person.ends() == 0, person.seen
        assert PASSWORD not in person.seen
    settings = load(config)
    assert (settings.hall.name, settings.hall.name_en, settings.hall.id) == ('西城 "大厅"', "West Hall", "west")
    assert (config.parent / "var/kiosk.token").read_text().strip()
    assert lets_in(config, "wang", PASSWORD)
    with open_ledger(settings) as ledger:
        assert len(Setup(ledger).read().windows) == 3


def test_nothing_is_written_before_the_last_answer_and_chinese_is_spoken(config: Path) -> None:
    with closing(Terminal("--config", str(config), "setup", LANG="zh_CN.UTF-8")) as person:
        person.answers("大厅名称", "西城大厅")
        person.answers("英文名称", "")
        person.answers("简称", "")
        person.sees("几台")
        person.interrupt()
        assert person.ends() == 1
    assert list(config.parent.iterdir()) == []


def test_the_language_is_that_of_the_locale() -> None:
    assert language_of({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert language_of({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}) == "en"
    assert language_of({}) == "zh"
    assert language_of({"LANG": "C.UTF-8", "TERM": "linux"}) == "en"


def test_of_devices_that_are_found_the_certain_ones_are_taken_and_the_others_told() -> None:
    def found(driver: str, port: str, *, sure: bool = True) -> Found:
        return Found(Words("某物", "Something"), driver, port, sure=sure)

    text, left = with_found(
        '[[devices]]\nname = "printer"\ndriver = "led-bx"\nport = "/dev/ttyUSB0"\n',
        [
            found("", "/dev/ttyUSB0"),
            found("escpos", "tcp://192.168.1.9:9100", sure=False),
            found("escpos", "/dev/usb/lp0"),
            found("escpos", "/dev/usb/lp1"),
            found("scanner", "/dev/ttyACM0"),
            found("sam", "usb:0400:c35a"),
        ],
    )
    taken = re.findall(r'name = "(.*)"\ndriver = "(.*)"\nport = "(.*)"', text)[1:]
    assert taken == [("printer-2", "escpos", "/dev/usb/lp0"), ("reader", "sam", "usb:0400:c35a")]
    assert [re.search(r"\((.*)\)", en)[1] for _, en in left] == [  # type: ignore[index]
        "tcp://192.168.1.9:9100",
        "/dev/usb/lp1",
        "/dev/ttyACM0",
    ]


def test_a_device_that_needs_more_than_can_be_found_is_told_before_it_is_taken() -> None:
    hall = '[hall]\nid = "west"\nname = "大厅"\n'
    line = Found(Words("串口", "A serial line"), "", "/dev/ttyUSB0", ("baudrate = 9600",))
    assert problems_of(hall + line.table("reader", "sam")) == []
    assert [one.key for one in problems_of(hall + line.table("pads", "pad"))] == ["devices[0].window"]


def test_tokens_may_have_every_role() -> None:
    assert set(TokenAnswer.model_fields["role"].annotation.__args__) == set(ROLES)  # type: ignore[union-attr]


DATA_OWNER, SCREEN_OWNER = 65534, 65533
"""Numbers of users who are not root; nobody else's on a machine of the tests."""


@pytest.fixture
def installed() -> Iterator[Path]:
    """Folders as on a box with the package: settings of root, data of another user, a third one's screen."""
    if os.geteuid() != 0 or not all(one.stat().st_mode & 0o005 == 0o005 for one in (ROOT, *ROOT.parents)):
        pytest.skip("only root acts for others, who must be able to read the program")
    with tempfile.TemporaryDirectory(prefix="quhao-setup-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        for name, owner in (("etc", 0), ("data", DATA_OWNER), ("screen", SCREEN_OWNER)):
            (folder / name).mkdir(mode=0o700)
            os.chown(folder / name, owner, owner)
        yield folder


def test_what_root_sets_up_is_whose_the_folders_are(installed: Path, tmp_path: Path) -> None:
    source = answers(tmp_path, url=f"sqlite:///{installed}/data/quhao.db")
    text = source.read_text("utf-8").replace('"var/master.key"', f'"{installed}/data/master.key"')
    text = text.replace('"kiosk.token"', f'"{installed}/screen/kiosk.token"')
    source.write_text(text, "utf-8")
    before = os.geteuid(), os.getegid(), os.getgroups()
    config = installed / "etc" / "quhao.toml"
    for _ in range(2):
        done = console.say(config, "setup", "--from", str(source), line=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr
        assert (os.geteuid(), os.getegid(), os.getgroups()) == before
    owners = {one.name: (one.stat().st_uid, one.stat().st_gid) for one in installed.glob("*/*")}
    assert owners.pop("quhao.toml") == (0, DATA_OWNER)
    assert owners.pop("kiosk.token") == (SCREEN_OWNER, SCREEN_OWNER)
    assert {"quhao.db", "master.key"} <= set(owners)
    assert set(owners.values()) == {(DATA_OWNER, DATA_OWNER)}

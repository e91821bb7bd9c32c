"""The command line as a technician uses it: processes, exit codes, and words on standard error."""

import gc
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from foreign import ForeignPrinter
from kiosk.cli.main import start
from kiosk.settings import load
from program import CONFIG, STOPS_WITHIN, Client, QuhaoProcess, stopped
from ticketing.store.opening import open_store
from wires import wait_until, within

PRINTER = '[[devices]]\nname = "printer"\ndriver = "escpos"\nport = "tcp://127.0.0.1:{port}"\n'


def test_a_bad_configuration_is_refused_by_check_and_run_with_the_same_words_and_exit_code_2(
    quhao: QuhaoProcess,
) -> None:
    quhao.config.write_text(quhao.config.read_text("utf-8").replace("prefix", "perfix"), "utf-8")
    checked = quhao.command("check", check=False)
    run = quhao.command("run", check=False)
    assert (checked.returncode, run.returncode) == (2, 2)
    assert checked.stderr == run.stderr
    assert "services[0].perfix" in run.stderr
    assert "services[1].prefix" in run.stderr, "every problem at once"
    assert "did you mean prefix" in run.stderr


def test_check_says_what_it_finds_of_each_device(
    printer: ForeignPrinter, new_quhao: Callable[..., QuhaoProcess]
) -> None:
    devices = PRINTER.format(port=printer.port)
    devices += '[[devices]]\nname = "reader"\ndriver = "sam"\nport = "/dev/ttyNOWHERE"\n'
    devices += '[[devices]]\nname = "scanner"\ndriver = "scanner"\nport = "sim:"\nwindow = "3"\n'
    quhao = new_quhao(devices=devices, first_day=True)
    checked = quhao.say("check")
    lines = {
        line.split()[0]: line for line in checked.stdout.splitlines() if re.match(r"(printer|reader|scanner) ", line)
    }
    assert "online" in lines["printer"]
    assert "offline" in lines["reader"]
    assert "online" in lines["scanner"]
    assert "→" in checked.stdout, "what is down comes with what to do about it"
    assert not (quhao.folder / "var").exists(), "looking changes nothing"


def test_check_names_every_problem_of_every_form(new_quhao: Callable[..., QuhaoProcess]) -> None:
    quhao = new_quhao()
    folder = quhao.config.parent / "forms"
    folder.mkdir()
    quhao.config.write_text(f'{quhao.config.read_text("utf-8")}\n[forms]\nfolder = "forms"\n', "utf-8")
    field = '[[fields]]\nkey = "name"\nlabel = "姓名"\n'
    (folder / "good.toml").write_text(f'name = "表"\n{field}', "utf-8")
    # A matter whose form is on another box, or nowhere.
    matters = "编号,事项名称,服务对象,主题,业务,可自助申请,表单\nm1,某事,个人,出生,business-licence,是,{}\n"
    for form, told in (("good", False), ("away", True)):
        (quhao.folder / "matters.csv").write_text(matters.format(form), "utf-8")
        quhao.say("matters", "import", str(quhao.folder / "matters.csv"))
        checked = quhao.say("check", check=False)
        assert (checked.returncode, "the form away of the matter m1" in checked.stdout) == (0, told)
    (folder / "bad.toml").write_text(f'name = "表"\npdf = "gone.pdf"\n{field}from = "resident.nmae"\n', "utf-8")
    (folder / "page.toml").write_text(f'name = "表"\npdf = "gone.pdf"\n{field}at = {{ x = 1, y = 1 }}\n', "utf-8")
    checked = quhao.command("check", check=False)
    assert checked.returncode == 1
    for said in ("bad.toml", "fields[0].from", "did you mean resident.name?", "page.toml", "gone.pdf cannot be read"):
        assert said in checked.stdout, said
    assert "good.toml" not in checked.stdout


def test_check_names_the_sentences_that_a_languages_file_lacks(new_quhao: Callable[..., QuhaoProcess]) -> None:
    quhao = new_quhao()
    text = quhao.config.read_text("utf-8").replace("[hall]", '[hall]\nlanguages = ["ar.toml"]', 1)
    quhao.config.write_text(text, "utf-8")
    assert "hall.languages[0] ar.toml" in quhao.command("check", check=False).stderr
    (quhao.config.parent / "ar.toml").write_text('id = "ar"\nname = "العربية"\n[words]\n"Tak" = "خ"\n', "utf-8")
    said = quhao.say("check").stdout
    assert "缺 missing  Take your ticket below\n" in said
    assert "多 unknown  Tak\n" in said


def test_check_says_what_to_think_about_twice(new_quhao: Callable[..., QuhaoProcess]) -> None:
    quhao = new_quhao(first_day=True)
    assert "think about" not in quhao.say("check").stdout
    quhao.config.write_text(quhao.config.read_text("utf-8").replace("[server]", '[server]\nhost = "0.0.0.0"'), "utf-8")
    checked = quhao.say("check")
    assert "server.host" in checked.stdout
    assert "trusted_proxy" in checked.stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuhaoProcess]:
    """A program at work, for tests that leave it as it is."""
    with QuhaoProcess(tmp_path_factory.mktemp("running")) as quhao:
        yield quhao.start()


def test_a_running_box_leaves_no_core_dump(running: QuhaoProcess) -> None:
    assert running.process
    limits = Path(f"/proc/{running.process.pid}/limits").read_text("ascii")
    assert re.search(r"Max core file size +1 +1 ", limits)


def test_devices_asks_the_running_service(printer: ForeignPrinter, new_quhao: Callable[..., QuhaoProcess]) -> None:
    process = new_quhao(devices=PRINTER.format(port=printer.port), forked=True).start(ready="//readyz")
    shown = process.say("devices").stdout
    # The service holds the printer; a look that tried it out would have found it busy.
    assert re.search(r"^printer +escpos +在线 online", shown, re.MULTILINE)
    printer.has_paper = False
    wait_until(lambda: "缺纸" in process.say("devices").stdout)


def test_devices_of_a_service_that_cannot_be_asked_are_not_tried_out_behind_its_back(running: QuhaoProcess) -> None:
    (opened,) = (running.folder / "var").glob("*.sock")
    aside = opened.rename(running.folder / "aside")
    shown = running.say("devices", check=False)
    aside.rename(opened)
    assert running.process
    assert (shown.returncode, shown.stdout) == (1, "")
    assert f"the service runs (PID {running.process.pid})" in shown.stderr


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_the_demonstration_takes_no_port_that_there_is_none_of(quhao: QuhaoProcess, port: str) -> None:
    refused = quhao.say("demo", "--port", port, check=False)
    assert refused.returncode == 2
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_run_stops_within_five_seconds_with_exit_code_0_and_starts_again(
    new_quhao: Callable[..., QuhaoProcess],
) -> None:
    quhao = new_quhao(first_day=True)
    assert quhao.start().terminate() == 0
    assert quhao.start().terminate() == 0


def test_a_closed_terminal_ends_the_run_as_cleanly_as_a_signal_to_stop(new_quhao: Callable[..., QuhaoProcess]) -> None:
    # The tests may themselves run under nohup, whose children inherit that the signal is ignored.
    quhao = new_quhao(through=["env", "--default-signal=HUP", "setsid", "--ctty"])
    ours, its = os.openpty()
    with closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
        quhao.start(terminal=its)
        os.close(its)
        while b"ready at" not in terminal.readline():
            pass
    # The kernel has sent SIGHUP, and every word to the terminal fails from now on.
    assert quhao.process
    process = quhao.process
    assert within(STOPS_WITHIN, lambda: process.poll() is not None)
    assert process.returncode == 0
    # What an end by the signal itself leaves behind: the log of the store, not worked into it, and the socket.
    left = {path.suffix for path in (quhao.folder / "var").iterdir()}
    assert left == {".key", ".anchor", ".db", ".lock"}


def test_a_run_under_nohup_goes_on_when_its_terminal_is_closed(new_quhao: Callable[..., QuhaoProcess]) -> None:
    quhao = new_quhao(through=["nohup"])
    quhao.start()
    assert quhao.process
    quhao.process.send_signal(signal.SIGHUP)
    with closing(Client(quhao.port)) as client:
        assert client.get("//healthz").status == 200
    assert quhao.terminate() == 0


def test_a_second_run_on_the_same_store_says_who_is_in_the_way(running: QuhaoProcess) -> None:
    assert running.process
    second = running.command("run", "--patience", "0.5", check=False)
    assert second.returncode == 1
    assert str(running.process.pid) in second.stderr
    assert "waiting for the store" in second.stderr
    client = Client(running.port)
    assert client.get("//healthz").status == 200, "the first one is not disturbed"
    client.close()


def test_memory_does_not_grow_while_a_database_is_waited_for(
    new_quhao: Callable[..., QuhaoProcess], tmp_path: Path
) -> None:
    url = f"postgresql+psycopg://quhao@/hall?host={tmp_path}"
    settings = load(new_quhao(config=CONFIG.replace("sqlite:///var/quhao.db", url)).config)
    tries, engines = 0, []

    def told(_timeout: float | None) -> bool:
        nonlocal tries
        tries += 1
        # To look through everything takes as long as ten tries.
        if tries % 20 == 1 or tries == 100:
            engines.append(sum(isinstance(one, Engine) for one in gc.get_objects()))
        return tries == 100

    # As `run` does before it starts.
    gc.disable()
    try:
        assert start(settings, 0.0, None, told) is None
    finally:
        gc.enable()
    assert len(engines) == 6
    # How many are left at a time is for the collector: other tests of this process may have set its thresholds.
    assert max(engines) - engines[0] < 80


def test_an_address_that_the_network_has_not_given_yet_is_waited_for_without_end(
    new_quhao: Callable[..., QuhaoProcess], caplog: pytest.LogCaptureFixture
) -> None:
    # 192.0.2.0/24 is nobody's (RFC 5737).
    config = CONFIG.replace("port = {port}", 'port = {port}\nhost = "192.0.2.77"')
    tries: list[None] = []

    def told(_timeout: float | None) -> bool:
        tries.append(None)
        return len(tries) == 3

    assert start(load(new_quhao(config=config).config), 0.0, None, told) is None
    assert len(tries) == 3
    assert caplog.text.count("this box does not have the address 192.0.2.77") == 1


def test_a_second_box_of_the_same_name_says_so_and_how_to_mend_it(
    new_quhao: Callable[..., QuhaoProcess], shared_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONFIG.replace("sqlite:///var/quhao.db", shared_url).replace('id = "test"', 'id = "test"\nbox = "kiosk-1"')
    settings = load(new_quhao(config=config).config)
    with closing(open_store(shared_url, exclusive=True)) as first:
        first.claim("kiosk-1")
        with pytest.raises(SystemExit):
            start(settings, 0.0, None, lambda _timeout: False)
    said = capsys.readouterr().err
    assert "另一台机器也叫 kiosk-1" in said
    assert "give each box a hall.box of its own" in said


def test_a_second_run_takes_over_when_the_first_one_ends(quhao: QuhaoProcess) -> None:
    quhao.start()
    first = quhao.process
    log = quhao.log.read_bytes()
    with quhao.log.open("ab") as file:
        quhao.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "--config", str(quhao.config), "run"], stderr=file, stdout=file
        )
    assert first
    try:
        wait_until(lambda: b"waiting for the store" in quhao.log.read_bytes()[len(log) :])
        assert stopped(first) == 0
    finally:
        first.kill()
        first.wait()
    wait_until(lambda: b"ready at" in quhao.log.read_bytes()[len(log) :])


def test_a_taken_port_is_named(quhao: QuhaoProcess) -> None:
    with socket.create_server(("127.0.0.1", quhao.port)):
        refused = quhao.command("run", "--patience", "0.5", check=False)
    assert refused.returncode == 1
    assert f"127.0.0.1:{quhao.port}" in refused.stderr


def test_two_programs_on_one_printer_are_told_and_the_first_keeps_it(
    printer: ForeignPrinter, new_quhao: Callable[..., QuhaoProcess]
) -> None:
    halls = [new_quhao(devices=PRINTER.format(port=printer.port), forked=True) for _ in range(2)]
    halls[0].start(ready="//readyz")
    halls[1].start()
    assert halls[0].process
    wait_until(lambda: "online" not in halls[1].say("devices").stdout)
    shown = halls[1].say("devices").stdout
    assert "offline" in shown
    assert "online" in halls[0].say("devices").stdout


def test_a_foreign_key_is_refused_before_anything_is_sealed_with_it(new_quhao: Callable[..., QuhaoProcess]) -> None:
    quhao = new_quhao(forked=True)
    quhao.start().terminate()
    key = quhao.folder / "var/master.key"
    kept = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    gone = quhao.command("run", check=False)
    assert gone.returncode == 1
    assert str(key) in gone.stderr
    assert not key.exists(), "a lost key is not replaced: with a new one the old data could never be opened"
    key.write_bytes(kept)
    key.chmod(0o600)
    quhao.start()


def test_the_demonstration_prints_its_address_and_works_from_there() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert demo.stdout
    try:
        found = re.search(r"(http://127\.0\.0\.1:\d+)/bench#token=(\S+)", demo.stdout.readline())
        assert found
        with urllib.request.urlopen(f"{found[1]}/bench", timeout=60) as answer:
            assert (answer.status, answer.headers.get("Set-Cookie")) == (200, None)
        # What the page does with its token.
        bearer = {"Authorization": f"Bearer {found[2]}"}
        asked = urllib.request.Request(f"{found[1]}/api/v1/bench/visitor", method="POST", headers=bearer)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.headers["Set-Cookie"].startswith("quhao=")
        assert stopped(demo) == 0
    finally:
        demo.kill()
        demo.wait()
        demo.stdout.close()


@pytest.mark.parametrize(
    "command", [(), ("run",), ("demo",), ("check",), ("devices",), ("user", "add"), ("token", "add")]
)
def test_every_command_explains_itself(quhao: QuhaoProcess, command: tuple[str, ...]) -> None:
    assert "Usage" in quhao.say(*command, "--help").stdout


def test_help_loads_neither_the_settings_nor_the_store_nor_the_web() -> None:
    heavy = ("pydantic", "sqlalchemy", "flask", "ssl")
    script = f"import sys, kiosk.cli.main; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_check_tells_which_points_of_the_baseline_hold(new_quhao: Callable[..., QuhaoProcess]) -> None:
    quhao = new_quhao(forked=True).start()
    quhao.say("user", "add", "chief", "--role", "manager", line="vier alte kisten")
    quhao.token("desk")
    told = quhao.say("check", "--baseline", check=False)
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert (
        "✗ 三级 身份鉴别：管理账户用两步验证 – accounts.second_factor 缺少 manager, technician, auditor; 尚未设置 chief"
        in lines
    )
    assert any(line.startswith("✗ 三级 访问控制：三员分立") for line in lines)
    assert any(line.startswith("✗ 三级 访问控制：令牌有到期日") for line in lines)
    assert any(line.startswith("✗ 二级 个人信息保护") and "business-licence, social-security" in line for line in lines)
    assert any(line.startswith("✓ 二级 安全审计") for line in lines)
    assert any(line.startswith("✓ 二级 身份鉴别：无操作锁定") for line in lines)
    text = quhao.config.read_text("utf-8")
    quhao.config.write_text(text + "[accounts]\nidle_minutes = 60\nseparate_duties = true\n", "utf-8")
    again = quhao.say("check", "--baseline", check=False).stdout.splitlines()
    assert any(line.startswith("✗ 二级 身份鉴别：无操作锁定") for line in again)
    assert "✗ 三级 访问控制：三员分立：accounts.separate_duties – 没有职责 chief" in again
    quhao.say("user", "add", "chief", "--role", "manager", "--duty", "security", line="vier alte kisten")
    again = quhao.say("check", "--baseline", check=False).stdout.splitlines()
    assert any(line.startswith("✓ 三级 访问控制：三员分立") for line in again)

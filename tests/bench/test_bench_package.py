"""The Debian package in a plain Debian that has nothing but a folder of packages: installed, used, updated, removed."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from foreign import CHEN, ForeignPrinter, ForeignReader, ForeignStrip
from plain_debian import LOG, ROOT, SERVICE, PlainDebian, is_root
from program import Client, free_port
from wires import FORENOON, wait_until

PATIENCE = 300.0
FIRST, NEXT = "0.1.0", "0.2.0"
DEBIAN = ROOT / "config/debian"
SETUP = """
[hall]
id = "test"
name = "西城区综合行政服务中心"
timezone = "{zone}"
public_host = "Q.EXAMPLE.CN"

[server]
port = {port}

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

[[services]]
id = "business-licence"
name = "营业执照(五证合一)"
prefix = "A"

[[windows]]
id = "3"
name = "3号窗口"
services = ["*"]

[setup]
manager = "wang"
test_slip = true

[[setup.tokens]]
name = "kiosk-1"
role = "kiosk"
file = "kiosk.token"

[[setup.tokens]]
name = "clerk-3"
role = "clerk"
windows = ["3"]
file = "clerk.token"
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory, whole: bool) -> Iterator[Path]:
    """A folder for each version, built from this tree; that of the first has all that it needs of Debian, too."""
    if not whole:
        pytest.skip("it builds two packages and installs a Debian: with --whole alone")
    if not is_root():
        pytest.skip("only root enters another root")
    folder = tmp_path_factory.mktemp("packages")
    quick = os.environ | {"DPKG_DEB_COMPRESSOR_TYPE": "none"}
    for version in (FIRST, NEXT):
        subprocess.run([DEBIAN / "build", folder / version, version], check=True, env=quick)
    subprocess.run([DEBIAN / "offline", folder / FIRST, "--no-install-recommends"], check=True)
    yield folder
    shutil.rmtree(folder)


class Hall:
    """The hall of the plain Debian, with devices that are not ours."""

    def __init__(self, debian: PlainDebian) -> None:
        self.debian = debian
        self.reader, self.printer, self.strip = ForeignReader(), ForeignPrinter(), ForeignStrip()
        for device in (self.reader, self.printer, self.strip):
            device.start()
        # The account of the service is in no group that this machine's terminals know.
        Path(self.reader.path).chmod(0o666)
        self.port = free_port()
        self.numbers: list[str] = []

    @property
    def settings(self) -> str:
        """The file for ``quhao setup --from``."""
        return SETUP.format(
            zone=FORENOON,
            port=self.port,
            reader=self.reader.path,
            printer=self.printer.port,
            strip=self.strip.port,
        )

    def client(self, token: str) -> Client:
        return Client(self.port, self.debian.read(f"var/lib/quhao/{token}.token").strip())

    def is_ready(self) -> bool:
        client = Client(self.port)
        try:
            return client.get("//readyz").status == 200
        except OSError:
            return False
        finally:
            client.close()

    def wait_until_ready(self) -> None:
        """Until all parts and devices are up."""
        try:
            wait_until(self.is_ready, PATIENCE)
        except AssertionError:
            print(self.debian.read(LOG))
            raise

    def serve_one(self) -> None:
        """Card, slip, call, scan: one resident from the kiosk to the end at the window."""
        kiosk, clerk = self.client("kiosk"), self.client("clerk")
        papers = len(self.printer.papers)
        wait_until(lambda: kiosk.get("/kiosk").body["state"] == "idle", PATIENCE)
        self.reader.lay(CHEN)
        wait_until(lambda: kiosk.get("/kiosk").body["state"] == "choosing", PATIENCE)
        number = kiosk.post("/kiosk/choose", {"service": "business-licence"}).body["number"]
        wait_until(lambda: len(self.printer.papers) > papers, PATIENCE)
        self.reader.lift()
        assert number in self.printer.papers[-1].text
        called = clerk.post("/windows/3/call-next")
        assert called.body["ticket"]["number"] == number
        wait_until(lambda: any(number in text for text in self.strip.shown), PATIENCE)
        scanned = clerk.post("/windows/3/scan", {"code": self.printer.papers[-1].codes[0]})
        assert scanned.body["resident"]["name"] == "陈示例"
        assert clerk.post("/windows/3/finish", {"outcome": "done"}).body["state"] == "done"
        kiosk.close()
        clerk.close()
        self.numbers.append(number)

    def stop(self) -> None:
        for device in (self.reader, self.printer, self.strip):
            device.stop()


@pytest.fixture
def hall(packages: Path, tmp_path: Path) -> Iterator[Hall]:
    stick = tmp_path / "stick"
    shutil.copytree(packages / FIRST, stick)
    with PlainDebian(tmp_path / "root", stick) as debian:
        some = Hall(debian)
        yield some
        some.stop()


def bring(packages: Path, hall: Hall, version: str) -> None:
    """Another version is put on the stick."""
    stick = hall.debian.folder.parent / "stick"
    for package in (packages / version).glob("quhao_*.deb"):
        shutil.copy(package, stick)
    subprocess.run([DEBIAN / "index", stick], check=True)
    hall.debian.apt("update")


def version_of(debian: PlainDebian) -> str:
    return debian.run("quhao", "--version").stdout.split()[-1]


@pytest.mark.timeout(3600)
def test_bench_package_from_install_to_purge(packages: Path, hall: Hall, figure: Callable[[str], None]) -> None:
    debian = hall.debian
    debian.apt("update")
    said = debian.apt("install", "quhao")
    assert "sudo quhao setup" in said
    check_what_lies_where(debian)

    # Before it is set up nothing runs, and says so.
    assert debian.run("quhao", "check", check=False).returncode == 2
    debian.write("root/hall.toml", hall.settings)
    debian.run("quhao", "setup", "--from", "/root/hall.toml")
    assert len(hall.printer.papers) == 1
    debian.run(SERVICE, "start")
    hall.wait_until_ready()
    hall.serve_one()

    # Half installed, the version that runs has lost no file; then it is done to its end.
    bring(packages, hall, NEXT)
    debian.run("sh", "-c", f"dpkg --unpack /media/stick/quhao_{NEXT}_*.deb")
    assert version_of(debian) == FIRST
    hall.serve_one()
    debian.apt("install", "quhao", offline=False, QUHAO_SERVICE=SERVICE)
    assert version_of(debian) == NEXT
    hall.wait_until_ready()
    hall.serve_one()

    debian.run("quhao", "update", "revert", QUHAO_SERVICE=SERVICE)
    assert version_of(debian) == FIRST
    hall.wait_until_ready()
    hall.serve_one()
    # No number twice, none lost, over both changes.
    assert hall.numbers == ["A001", "A002", "A003", "A004"]

    check_removal(debian)
    size = sum(path.stat().st_size for path in (packages / FIRST).glob("quhao_*.deb")) // 1_000_000
    figure(f"package: installed, set up, used, updated, reverted, removed, purged; {size} MB without compression")


def check_what_lies_where(debian: PlainDebian) -> None:
    """Accounts, rights, links, manual, completions, units; no file of the package is changed by its own scripts."""
    about = debian.run("stat", "-c", "%U:%G %a %n", "/etc/quhao", "/var/lib/quhao", "/var/lib/quhao/backups").stdout
    assert about.splitlines() == [
        "root:quhao 750 /etc/quhao",
        "quhao:quhao 750 /var/lib/quhao",
        "quhao:quhao 750 /var/lib/quhao/backups",
    ]
    assert {"quhao", "dialout", "lp", "audio", "plugdev"} <= set(debian.run("id", "-nG", "quhao").stdout.split())
    assert version_of(debian) == FIRST
    assert debian.run("readlink", "/opt/quhao/current").stdout.strip() == f"versions/{FIRST}"
    assert debian.run("dpkg", "--verify", "quhao").stdout == ""
    # Smart card slots need a library that is built here, and each extra is one that a box may turn on.
    modules = "smartcard, psycopg, gpiozero, lgpio, smbus2, usb, paho.mqtt, fpdf, pypdf"
    debian.run("/opt/quhao/current/bin/python", "-I", "-c", f"import {modules}")
    assert debian.run("find", "/opt/quhao/", "-newer", "/usr/bin/quhao", "-name", "*.pyc").stdout == ""
    assert (debian.folder / "usr/share/man/man1/quhao.1.gz").is_file()
    completed = 'source /usr/share/bash-completion/completions/quhao; COMP_WORDS=(quhao che); COMP_CWORD=1; \
        _quhao_completion quhao; echo "${COMPREPLY[@]}"'
    assert debian.run("bash", "-c", completed).stdout.split() == ["check"]
    wants = debian.folder / "etc/systemd/system"
    assert (wants / "multi-user.target.wants/quhao.service").is_symlink()
    assert {one.name for one in (wants / "timers.target.wants").iterdir()} >= {
        "quhao-backup.timer",
        "quhao-verify.timer",
    }


def check_removal(debian: PlainDebian) -> None:
    """Removed, settings and data stay; purged, the data stay; purged with the word of somebody, they go, too."""
    debian.run(SERVICE, "stop")
    store = debian.folder / "var/lib/quhao/quhao.db"
    settings = debian.folder / "etc/quhao/quhao.toml"
    debian.apt("remove", "quhao")
    assert not (debian.folder / "opt/quhao").exists()
    assert not (debian.folder / "usr/bin/quhao").exists()
    assert store.is_file()
    assert settings.is_file()

    # Installed again, it is the hall it was.
    debian.apt("install", f"quhao={FIRST}")
    day = datetime.now(ZoneInfo(FORENOON)).date().isoformat()
    assert "A004" in debian.run("quhao", "replay", day, user="quhao").stdout

    assert "/var/lib/quhao" in debian.apt("purge", "quhao")
    assert store.is_file()
    assert not settings.parent.exists()
    assert not list((debian.folder / "etc").rglob("*quhao*"))

    debian.apt("install", f"quhao={FIRST}")
    (debian.folder / "var/lib/quhao/delete-on-purge").touch()
    debian.apt("purge", "quhao")
    assert not store.parent.exists()
    assert debian.run("id", "quhao", check=False).returncode != 0
    left = debian.run(
        "find", "/", "-xdev", "-iname", "*quhao*", "-not", "-path", "/media/*", "-not", "-path", "/proc/*"
    )
    assert [line for line in left.stdout.splitlines() if not line.startswith(("/var/lib/apt/", "/run/lock/"))] == []

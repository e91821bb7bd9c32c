"""Power cuts during updates: two whole versions of the program, of which the next has one migration more.

Everything of the box is killed at a random moment, or its disk is copied while all its processes stand still, which is
what a snapshot of a copy-on-write file system holds; then the machine starts again, on what there was.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from http.client import HTTPException
from pathlib import Path

import psycopg

import console
import empty_store
import released_schemas
import wires
from kiosk.box.updates import Step
from kiosk.box.versions import Versions
from postgres import PostgresServer
from program import CONFIG, ROOT, Client, free_port
from ticketing.store.base import HEAD, KNOWN

BEFORE, AFTER = "1.0", "2.0"
NEXT = f"{int(HEAD) + 1:04}"
PACKAGES = ("config", "display", "drivers", "kiosk", "ticketing")
PYTHON = f"""#!/bin/sh
PYTHONPATH="${{0%/bin/python}}/lib" exec {sys.executable} "$@"
"""
MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("of_the_next", sa.Text(), nullable=True))
    op.create_table("of_the_next", sa.Column("id", sa.BigInteger(), primary_key=True))
"""
# Stands for systemd.
SERVICE = """#!/bin/sh
box=${0%/service}
running() {
    [ -e "$box/pid" ] && tr '\\0' ' ' <"/proc/$(cat "$box/pid")/cmdline" 2>/dev/null | grep -q "$box/quhao.toml"
}
case $1 in
start)
    running && exit
    "$box/opt/current/bin/python" -P -m kiosk --config "$box/quhao.toml" run >>"$box/log" 2>&1 </dev/null &
    echo $! >"$box/pid"
    ;;
stop)
    running && kill "$(cat "$box/pid")"
    while running; do sleep 0.02; done
    ;;
status) running ;;
esac
"""
STEPS = (Step.BACKING_UP, Step.STOPPING, Step.MIGRATING, Step.SWITCHING, Step.STARTING, Step.ON_TRIAL)


def lay_package(folder: Path, name: str) -> None:
    """A version of the program as a package brings it; all but what is its own is this checkout's."""
    lib = folder / "lib"
    about = lib / f"quhao-{name}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: quhao\nVersion: {name}\n")
    for package in PACKAGES:
        (lib / package).symlink_to(ROOT / package)
    if name == AFTER:
        own = lib / "ticketing"
        own.unlink()
        shutil.copytree(ROOT / "ticketing", own)
        (own / f"store/migrations/versions/v{NEXT}.py").write_text(MIGRATION)
        base = own / "store/base.py"
        text = base.read_text("utf-8")
        known = f"range(1, {len(KNOWN) + 1})"
        assert text.count(known) == 1
        base.write_text(text.replace(known, f"range(1, {len(KNOWN) + 2})"), "utf-8")
    (folder / "bin").mkdir()
    (folder / "bin/python").write_text(PYTHON)
    (folder / "bin/python").chmod(0o755)


class Cuts:
    """Boxes whose updates are cut off, one after the other.

    Args:
        folder: for all of them.
        seed: what is random comes from it.
        server: where the store is, for boxes that have it on PostgreSQL.
    """

    def __init__(self, folder: Path, seed: int, server: PostgresServer | None = None) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.server = server
        self.first = folder / "first"
        self.ends: dict[str, int] = {}
        """How often each version ran in the end."""
        versions = Versions(self.first / "opt")
        versions.root.mkdir(parents=True)
        for name in (BEFORE, AFTER):
            lay_package(folder / f"package-{name}", name)
            versions.add(folder / f"package-{name}")
        (self.first / "service").write_text(SERVICE)
        (self.first / "service").chmod(0o755)
        self.port = free_port()
        self.database = server.create() if server else ""
        text = CONFIG.format(port=self.port, devices="")
        # It goes by the real clock, and the hall's day must not end meanwhile.
        text = text.replace("[hall]\n", f'[hall]\ntimezone = "{wires.FORENOON}"\n')
        if server:
            text = text.replace("sqlite:///var/quhao.db", server.url(self.database))
        (self.first / "quhao.toml").write_text(f"{text}\n[update]\nhealthy_seconds = 600\n", "utf-8")
        if not server:
            empty_store.lay(self.first / "var/quhao.db")
        added = console.say(self.first / "quhao.toml", "token", "add", "desk", "--role", "desk")
        assert added.returncode == 0, added.stderr
        self.token = added.stdout.strip()
        if not server:
            released_schemas.work_a_while(self.first / "quhao.toml")

    def there_and_back(self, schema: str) -> None:
        """An update of a new box whose store is of a released schema, and back again: all that lay in it is there."""
        box = self._box(f"there-and-back-{schema}", schema)
        store = box / "var/quhao.db"
        before = released_schemas.kept_rows(store)
        self._service(box, "start")
        client = Client(self.port, self.token)
        try:
            numbers = []
            for arguments, runs in (((), BEFORE), (("apply", AFTER), AFTER), (("revert",), BEFORE)):
                if arguments:
                    done = subprocess.run(self._update(box, "current", *arguments), capture_output=True, text=True)
                    assert done.returncode == 0, done.stderr
                    client.close()
                versions = Versions(box / "opt")
                assert (versions.current, versions.confirmed) == (runs, runs)
                wires.wait_until(lambda: self._ready(client), 120)
                answer = client.post("/tickets", {"service": released_schemas.SERVICE})
                assert answer.status == 201, answer.body
                numbers.append(answer.body["number"])
            assert numbers == ["A006", "A007", "A008"]
            assert self._numbers(box)[1] == NEXT, "no update brings the schema back"
        finally:
            client.close()
            self._service(box, "stop")
        after = released_schemas.kept_rows(store)
        lost = {table: rows - after[table] for table, rows in before.items() if rows - after[table]}
        assert lost == {}, schema
        shutil.rmtree(box)

    def round(self, number: int, *, snapshot: bool, step: Step | None = None, schema: str | None = None) -> None:
        """One update of a new box, and the power cut in it; ``schema``: a released one that its store is of."""
        box = self._box(f"box-{number}", schema)
        step = step or self.random.choice(STEPS)
        self._service(box, "start")
        client = Client(self.port, self.token)
        wires.wait_until(lambda: self._ready(client), 120)
        issued: set[str] = set()
        over = threading.Event()
        desk = threading.Thread(target=self._issue, args=(issued, over))
        desk.start()
        groups = [self._group(box)]
        update = subprocess.Popen(
            self._update(box, "current", "apply", AFTER),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        groups.append(update.pid)
        try:
            wires.wait_until(lambda: self._reached(box, step) or update.poll() is not None, 300)
            time.sleep(self.random.uniform(0.0, 1.0) ** 3)
            if snapshot:
                self._signal(groups, signal.SIGSTOP)
                self._stand_still(groups)
                # A socket cannot be copied, and is made anew.
                sockets = shutil.ignore_patterns("*.sock")
                box = Path(shutil.copytree(box, box.with_name(f"{box.name}-snapshot"), symlinks=True, ignore=sockets))
        finally:
            self._signal(groups, signal.SIGKILL)
            update.communicate()
            over.set()
            desk.join(120)
            client.close()
        self._start_again(box, issued)
        shutil.rmtree(box)

    def _start_again(self, box: Path, issued: set[str]) -> None:
        """The machine has power again: one of the two versions runs, and nothing is lost or done twice."""
        subprocess.run(self._update(box, "confirmed", "recover", "--boot"), check=True, capture_output=True)
        versions = Versions(box / "opt")
        assert versions.current in (BEFORE, AFTER)
        assert versions.current == versions.confirmed
        assert {BEFORE, versions.current} <= set(versions.names())
        (box / "pid").unlink(missing_ok=True)
        self._service(box, "start")
        client = Client(self.port, self.token)
        try:
            wires.wait_until(lambda: self._ready(client), 120)
            numbers, schema = self._numbers(box)
            assert schema in (HEAD, NEXT)
            assert versions.current == BEFORE or schema == NEXT
            assert numbers == [f"A{index:03}" for index in range(1, len(numbers) + 1)], "a number is missing or doubled"
            assert issued <= set(numbers), "a ticket that was answered is gone"
            answer = client.post("/tickets", {"service": "business-licence"})
            assert (answer.status, answer.body["number"]) == (201, f"A{len(numbers) + 1:03}")
        finally:
            client.close()
            self._signal([self._group(box)], signal.SIGKILL)
        self.ends[versions.current] = self.ends.get(versions.current, 0) + 1

    def _box(self, name: str, schema: str | None = None) -> Path:
        box = Path(shutil.copytree(self.first, self.folder / name, symlinks=True))
        if schema:
            (box / "var/quhao.db").unlink()
            released_schemas.write_down(self.first / "var/quhao.db", schema, box / "var/quhao.db")
        if self.server:
            database = self.server.create(self.database)
            text = (box / "quhao.toml").read_text("utf-8")
            (box / "quhao.toml").write_text(text.replace(f"/{self.database}?", f"/{database}?"), "utf-8")
        return box

    def _numbers(self, box: Path) -> tuple[list[str], str]:
        """All numbers in their order, and the version of the schema."""
        asked = ("SELECT number FROM ticket ORDER BY id", "SELECT version_num FROM alembic_version")
        if self.server:
            text = (box / "quhao.toml").read_text("utf-8")
            url = text.split('url = "')[1].split('"')[0].replace("+psycopg", "")
            with psycopg.connect(url) as conn:
                numbers, version = (conn.execute(one).fetchall() for one in asked)  # type: ignore[arg-type]
        else:
            with closing(sqlite3.connect(f"file:{box / 'var/quhao.db'}?mode=ro", uri=True)) as raw:
                numbers, version = (raw.execute(one).fetchall() for one in asked)
        return [str(number) for (number,) in numbers], str(version[0][0])

    def _issue(self, issued: set[str], over: threading.Event) -> None:
        """Issue tickets whenever somebody answers; those that were answered are noted."""
        client = Client(self.port, self.token)
        while not over.is_set():
            with suppress(OSError, HTTPException):
                answer = client.post("/tickets", {"service": "business-licence"})
                if answer.status == 201:
                    issued.add(answer.body["number"])
            over.wait(0.05)
        client.close()

    def _update(self, box: Path, link: str, *arguments: str) -> list[str]:
        python = f"{box}/opt/{link}/bin/python"
        here = ["--config", f"{box}/quhao.toml", "update", "--root", f"{box}/opt", "--service", f"{box}/service"]
        return [python, "-P", "-m", "kiosk", *here, *arguments]

    def _service(self, box: Path, verb: str) -> None:
        subprocess.run([box / "service", verb], check=True, start_new_session=True)

    def _ready(self, client: Client) -> bool:
        try:
            return client.get("//healthz").status == 200
        except (OSError, HTTPException):
            return False

    def _reached(self, box: Path, step: Step) -> bool:
        try:
            told = json.loads((box / "var/update.json").read_bytes())["step"]
        except (OSError, ValueError):
            return False
        return told not in STEPS or STEPS.index(Step(told)) >= STEPS.index(step)

    def _group(self, box: Path) -> int:
        """The process group of the service that runs."""
        return os.getpgid(int((box / "pid").read_text()))

    def _signal(self, groups: list[int], number: signal.Signals) -> None:
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, number)

    def _stand_still(self, groups: list[int]) -> None:
        """Wait until every process of the groups has stopped: a signal takes effect a moment after it is sent."""

        def moving() -> bool:
            found: list[tuple[str, str, str]] = []
            for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
                with suppress(OSError):
                    state, parent, group = stat.read_text("ascii", "replace").rpartition(")")[2].split()[:3]
                    if int(group) in groups:
                        found.append((state, stat.parts[2], parent))
            # Whoever starts a program by vfork(2) waits, "D", until the child is that program: which may be stopped.
            waited_for = {parent for state, _, parent in found if state == "T"}
            return any(state not in "TZX" and not (state == "D" and me in waited_for) for state, me, _ in found)

        wires.wait_until(lambda: not moving(), 60)

"""The program as its users run it: a process of its own, spoken to over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import console
import empty_store
import forks
import wires

ROOT = Path(__file__).parents[2]
SAMPLED = ROOT / "tests/bench/sampled.py"
STORE = "var/quhao.db"
CONFIG = """
[hall]
id = "test"
name = "西城区综合行政服务中心"
public_host = "Q.EXAMPLE.CN"

[server]
port = {port}

[store]
url = "sqlite:///var/quhao.db"
key_file = "var/master.key"

{devices}

[[services]]
id = "business-licence"
name = "营业执照(五证合一)"
name_en = "Business licence"
prefix = "A"

[[services]]
id = "social-security"
name = "社会保障卡"
name_en = "Social security card"
prefix = "B"

[[windows]]
id = "3"
name = "3号窗口"
services = ["*"]

[[windows]]
id = "4"
name = "4号窗口"
services = ["*"]
"""

PRINTER = '[[devices]]\nname = "printer"\ndriver = "escpos"\nport = "tcp://127.0.0.1:{port}"\n'
READER = '[[devices]]\nname = "reader"\ndriver = "sam"\nport = "{path}"\n'

STOPS_WITHIN = 5.0
"""Seconds in which the program ends when it is told to."""


@dataclass
class Answer:
    """What an HTTP call gave."""

    status: int
    body: Any
    headers: dict[str, str]


def free_port() -> int:
    """A port that nobody else is given as long as this process runs; a server that may reuse addresses can take it."""
    # It stays bound and does not listen: connections to it are refused, and the kernel gives it to no other socket.
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    held.detach()
    return port


class Client:
    """A program that is not ours: plain HTTP, a token or a cookie, JSON."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.port = port
        self.token = token
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One call; ``path`` is below ``/api/v1`` unless it starts with ``//``."""
        path = path[1:] if path.startswith("//") else f"/api/v1{path}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = self._connection.getresponse()
            raw = answer.read()
        except BaseException:
            self.close()
            raise
        kind = answer.headers.get("Content-Type", "")
        return Answer(answer.status, json.loads(raw) if raw and "json" in kind else raw, dict(answer.headers))

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, {} if body is None else body, **headers)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def stopped(process: "subprocess.Popen[Any] | forks.ForkedProgram", timeout: float = STOPS_WITHIN) -> int:
    """Tell a program to end, and wait for its exit code; ``timeout`` in seconds of a running machine."""
    process.send_signal(signal.SIGTERM)
    assert wires.within(timeout, lambda: process.poll() is not None), f"it has not ended within {timeout} s"
    assert process.returncode is not None
    return process.returncode


class QuhaoProcess:
    """``quhao run`` with a configuration of its own; a context that leaves no process behind, whatever fails in it.

    Args:
        folder: for all that is its own.
        devices: what is to be written of them into the configuration.
        config: the configuration, where it is not that of two services and two windows.
        first_day: whether there is no store yet; it takes the program a while to make one.
        checkout: another checkout whose code runs, with the Python of its own ``.venv``; its store is its own, too.
        sampled: whether a sampler watches its threads; its report is in :attr:`profile` after :meth:`terminate`.
        through: a program with its arguments that becomes ``quhao run`` in the end, such as ``setsid``.
        forked: whether it is forked from a process that has loaded it already, where it is not its start or its end
            that is looked at.
    """

    def __init__(
        self,
        folder: Path,
        devices: str = "",
        config: str | None = None,
        *,
        first_day: bool = False,
        checkout: Path | None = None,
        sampled: bool = False,
        through: Sequence[str] = (),
        forked: bool = False,
    ) -> None:
        self.folder = folder
        self.checkout = checkout
        self.profile = folder / "profile.json"
        self._root = checkout or ROOT
        self._python = str(checkout / ".venv/bin/python") if checkout else sys.executable
        self._through = through
        self._forked = forked and not (forks.each_loads or checkout or sampled)
        self._run = [str(SAMPLED), str(self.profile)] if sampled else ["-m", "kiosk"]
        self.port = free_port()
        self.config = folder / "hall.toml"
        written = (config or CONFIG).format(port=self.port, devices=devices)
        # It goes by the real clock: where the hall's day ended in the middle of a test, all tickets would expire.
        written = written.replace("[hall]\n", f'[hall]\ntimezone = "{wires.FORENOON}"\n')
        self.config.write_text(written, "utf-8")
        if STORE in (config or CONFIG) and not first_day and not checkout:
            empty_store.lay(folder / STORE)
        self.log = folder / "quhao.log"
        self.process: subprocess.Popen[bytes] | forks.ForkedProgram | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of the commands to its end, in a process of its own."""
        done = subprocess.run(
            [self._python, "-m", "kiosk", "--config", str(self.config), *arguments],
            capture_output=True,
            text=True,
            timeout=110,
            **self._place(PYTHONIOENCODING="utf-8"),
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def _place(self, **variables: str) -> dict[str, Any]:
        """Working directory and environment in which Python finds the checkout's packages before any other."""
        return {"cwd": self._root, "env": os.environ | {"PYTHONPATH": str(self._root)} | variables}

    def say(self, *arguments: str, line: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The same in this process, where it is not the process that is looked at; ``line`` is its standard input."""
        done = console.say(self.config, *arguments, line=line)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def token(self, role: str, *windows: str) -> str:
        """A new machine token."""
        named = [part for window in windows for part in ("--window", window)]
        speak = self.command if self.checkout else self.say
        return speak("token", "add", f"{role}-{os.urandom(3).hex()}", "--role", role, *named).stdout.strip()

    def begin(self, terminal: int | None = None, *options: str) -> None:
        """Start it, and do not wait for anything; ``terminal`` is an open one, in place of the log."""
        if self._forked:
            place = {"PYTHONPATH": str(self._root)}
            self.process = forks.ForkedProgram(
                ["--config", str(self.config), "run", *options], self._root, place, self.log
            )
            return
        run = [*self._through, self._python, *self._run, "--config", str(self.config), "run", *options]
        with self.log.open("ab") as log:
            out = log if terminal is None else terminal
            self.process = subprocess.Popen(run, stdin=terminal, stderr=out, stdout=out, **self._place())

    def start(self, ready: str = "//healthz", terminal: int | None = None) -> "QuhaoProcess":
        """Start it, and wait until it answers."""
        self.begin(terminal)
        try:
            wires.wait_until(lambda: self._answers(ready), 60)
        except BaseException:
            self.stop()
            raise
        return self

    def _answers(self, path: str) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text("utf-8")
        client = Client(self.port)
        try:
            return client.get(path).status == 200
        except OSError:
            return False
        finally:
            client.close()

    def kill(self) -> None:
        """A power cut."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def terminate(self, timeout: float = STOPS_WITHIN) -> int:
        """What systemd does: the exit code of a program that has ``timeout`` seconds of a running machine to end."""
        assert self.process
        try:
            return stopped(self.process, timeout)
        finally:
            self.stop()

    def stop(self) -> None:
        """Make sure that it is gone."""
        if self.process and self.process.poll() is None:
            self.kill()


class Following:
    """An event stream, read on a thread of its own."""

    def __init__(self, port: int, path: str = "/api/v1/events", **headers: str) -> None:
        self.events: list[tuple[str, Any, str]] = []
        self._told = threading.Condition()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        event, data, ident = "", "", ""
        try:
            for raw in self._answer:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: "):
                    data = line[6:]
                elif line.startswith("id: "):
                    ident = line[4:]
                elif not line and event:
                    with self._told:
                        self.events.append((event, json.loads(data), ident))
                        self._told.notify_all()
                    event, data = "", ""
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return

    def wait_for(self, after: int, found: Callable[[Any], object], timeout: float = 30.0) -> None:
        """Return as soon as the data of an event is ``found``, of all but the first ``after`` events."""
        with self._told:
            assert self._told.wait_for(lambda: any(found(data) for _, data, _ in self.events[after:]), timeout)

    def close(self) -> None:
        # Closing the socket under the reading thread ends it; a program that was killed may have reset it.
        if self._connection.sock:
            with suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._answer.close()
        self._connection.close()

"""Debian's mosquitto on loopback, and its own client as an eye."""

import socket
import subprocess
import threading
from pathlib import Path

from wires import wait_until

_VERSION = "$SYS/broker/version"


class Mosquitto:
    """A broker of this test, without a memory.

    Args:
        folder: where its configuration lies.
        password: of the account ``quhao``; None lets everybody in.
        tls: certificate and key.
    """

    def __init__(self, folder: Path, *, password: str | None = None, tls: tuple[Path, Path] | None = None) -> None:
        # Bound and never listening, so that nobody else gets the port, also while the broker is away.
        self._holder = socket.socket()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self.port: int = self._holder.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "user root", "log_dest stderr"]
        if password is None:
            lines.append("allow_anonymous true")
        else:
            accounts = folder / "accounts"
            accounts.touch(0o600)
            subprocess.run(["mosquitto_passwd", "-b", str(accounts), "quhao", password], check=True)
            lines += ["allow_anonymous false", f"password_file {accounts}"]
        if tls:
            lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
        self._config.write_text("\n".join(lines) + "\n", "utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self._eyes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._listens)

    def stop(self) -> None:
        """End it, as a restart does."""
        if self._process:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        for eye in self._eyes:
            eye.kill()
            eye.wait(30)
        self.stop()
        self._holder.close()

    def watch(self, topic: str = "#") -> dict[str, str]:
        """What stands on topics, as mosquitto_sub hears it from now on; it goes on by itself."""
        seen: dict[str, str] = {}
        subscribed = threading.Event()
        eye = subprocess.Popen(
            [
                *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port)),
                # The broker has this one always: once it is heard, both are subscribed to.
                *("-t", topic, "-t", _VERSION, "-F", "%t\t%r\t%p"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._eyes.append(eye)

        def read() -> None:
            assert eye.stdout
            with eye.stdout:
                for line in eye.stdout:
                    name, _, text = line.rstrip("\n").split("\t", 2)
                    if name == _VERSION:
                        subscribed.set()
                    else:
                        seen[name] = text

        threading.Thread(target=read, daemon=True).start()
        assert subscribed.wait(30)
        return seen

    def send(self, topic: str, text: str, *options: str) -> None:
        """Publish as anybody else would."""
        command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-s", *options]
        subprocess.run(command, input=text, text=True, check=True)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

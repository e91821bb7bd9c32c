"""Debian's mosquitto on loopback, and its own client as an eye."""

import socket
import subprocess
import threading
from pathlib import Path

from wires import wait_until


class Mosquitto:
    """A broker of this test, without a memory.

    Args:
        folder: where its configuration lies.
        password: of the account ``quhao``; None lets everybody in.
        tls: certificate and key.
    """

    def __init__(self, folder: Path, *, password: str | None = None, tls: tuple[Path, Path] | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
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
        wait_until(self._listens, 10)

    def stop(self) -> None:
        """End it, as a restart does."""
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        for eye in self._eyes:
            eye.kill()
            eye.wait(10)
        self.stop()

    def watch(self, topic: str = "#") -> dict[str, str]:
        """What stands on topics, as mosquitto_sub hears it; it goes on by itself."""
        seen: dict[str, str] = {}
        eye = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-F", "%t\t%r\t%p"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._eyes.append(eye)

        def read() -> None:
            assert eye.stdout
            with eye.stdout:
                for line in eye.stdout:
                    name, _, text = line.rstrip("\n").split("\t", 2)
                    seen[name] = text

        threading.Thread(target=read, daemon=True).start()
        return seen

    def send(self, topic: str, text: str, *options: str) -> None:
        """Publish as anybody else would."""
        command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-s", *options]
        subprocess.run(command, input=text, text=True, check=True)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

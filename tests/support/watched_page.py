"""A server with one page that tells of itself: that it lives, which keys it got, how large it is drawn."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wires import wait_until

PAGE = """<!doctype html><meta charset="utf-8"><title>screen</title><body style="height: 100vh; margin: 0">
<a href="/elsewhere" style="display: block; height: 100%">elsewhere</a>
<script>
  const load = Math.random();
  const tell = (what) => {
    const body = JSON.stringify({ load, path: location.pathname, scale: devicePixelRatio, ...what });
    fetch("/tell", { method: "POST", body }).catch(() => {});
  };
  addEventListener("keydown", ({ key }) => tell({ key }));
  setInterval(() => tell({}), 200);
</script>"""


class WatchedPage:
    """The server; it can go and come back on the same port. What the page told is in ``told``, newest last."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self._port = 0
        self.begin()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def loads(self) -> list[float]:
        """One number for each time that the page was loaded, oldest first."""
        return list(dict.fromkeys(one["load"] for one in self.told))

    def keys(self, key: str) -> int:
        """How often the page got this key."""
        return sum(one.get("key") == key for one in self.told)

    @contextmanager
    def loaded_anew(self, path: str, timeout: float) -> Iterator[None]:
        """A block after which the page at ``path`` was loaded once more and lives; waits for it."""
        before = set(self.loads)
        yield

        def lives() -> bool:
            newest = self.told[-1]
            return newest["path"] == path and newest["load"] not in before

        wait_until(lives, timeout)

    def begin(self) -> None:
        """Listen."""
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path in ("/screen", "/elsewhere")
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(PAGE.encode() if found else b"")

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                # The screen asks, too, what to show: this server does not know.
                is_page = self.path == "/tell"
                told.extend([said] if is_page else [])
                self.send_response(204 if is_page else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        """Gone: connections are refused."""
        self._server.shutdown()
        self._server.server_close()

"""What the benchmarks compare with: the barest Flask application on the same web server and the same store.

``python tests/bench/bare.py MODE PORT FOLDER`` with MODE ``hello`` (one line), ``commit`` (POST makes one durable
commit in SQLite) or ``broadcast`` (event streams, and a POST that sends one message to all of them).
"""

import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

from cheroot.wsgi import Server
from flask import Flask, Response

MODE, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
app = Flask(__name__)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


if MODE == "commit":
    local = threading.local()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(FOLDER / "bare.db", isolation_level=None, timeout=5)
            local.connection.execute("pragma journal_mode=wal")
            local.connection.execute("pragma synchronous=full")
            local.connection.execute("create table if not exists row (id integer primary key, word text)")
        return local.connection

    @app.post("/commit")
    def commit() -> tuple[dict[str, int | None], int]:
        cursor = connection().execute("insert into row (word) values ('a word or two')")
        return {"id": cursor.lastrowid}, 201


if MODE == "broadcast":
    queues: list[Queue[bytes]] = []

    @app.get("/events")
    def events() -> Response:
        queue: Queue[bytes] = Queue()
        queues.append(queue)

        def stream() -> Iterator[bytes]:
            yield b": hello\n\n"
            while True:
                yield queue.get()

        return Response(stream(), content_type="text/event-stream")

    @app.post("/broadcast")
    def broadcast() -> dict[str, bool]:
        chunk = b'event: ticket.called\ndata: {"number":"A001","service":"business-licence","window":"3"}\n\n'
        for queue in queues:
            queue.put(chunk)
        return {"ok": True}


server = Server(("127.0.0.1", PORT), app, numthreads=224 if MODE == "broadcast" else 16, request_queue_size=256)
server.keep_alive_conn_limit = 1000
try:
    server.start()
except KeyboardInterrupt:
    server.stop()

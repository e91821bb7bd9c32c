"""What the benchmarks compare with: the barest application on a web server and the same store.

``python tests/bench/bare.py MODE PORT FOLDER [SERVER]`` with MODE ``hello`` (Flask, one line), ``commit`` (Flask, POST
makes one durable commit in SQLite) or ``broadcast`` (event streams, and a POST that sends one message to all of them).

SERVER is ``uvicorn`` (Flask in a pool of threads behind the barest bridge, streams on the loop) or ``cheroot``, the
server before it (Flask on its own threads, and each stream on one of them).
"""

import asyncio
import io
import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

from flask import Flask, Response

MODE, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
SERVER = sys.argv[4] if len(sys.argv) > 4 else "uvicorn"
THREADS = 10
MESSAGE = b'event: ticket.called\ndata: {"number":"A001","service":"business-licence","window":"3"}\n\n'

app = Flask(__name__)
pool = ThreadPoolExecutor(THREADS)


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


def ask(scope: Any, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Flask's answer."""
    begun: list[Any] = []
    environ = {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"],
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": str(PORT),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    chunks = app(environ, lambda *args: begun.extend(args))  # type: ignore[arg-type]
    headers = [(name.lower().encode(), value.encode()) for name, value in begun[1]]
    return int(begun[0][:3]), headers, b"".join(chunks)


async def bridge(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    if MODE == "broadcast" and scope["path"] == "/events":
        await stream(send)
        return
    if MODE == "broadcast" and scope["path"] == "/broadcast":
        status, headers, said = 200, [(b"content-length", b"0")], b""
        broadcast()
    else:
        status, headers, said = await asyncio.get_running_loop().run_in_executor(pool, ask, scope, body)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})


queues: list[asyncio.Queue[bytes]] = []
"""Of the streams on uvicorn's loop."""


async def stream(send: Any) -> None:
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    # Before the client knows of it: what is sent from then on is heard.
    queues.append(queue)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
    while True:
        await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})


def broadcast() -> None:
    for queue in queues:
        queue.put_nowait(MESSAGE)


def serve_on_uvicorn() -> None:
    import uvicorn

    uvicorn.run(
        bridge,
        port=PORT,
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        log_config=None,
        access_log=False,
    )


def serve_on_cheroot() -> None:
    from cheroot.wsgi import Server

    threads = 16
    if MODE == "broadcast":
        threads = 224
        stream_from_threads()
    server = Server(("127.0.0.1", PORT), app, numthreads=threads, request_queue_size=256)
    server.keep_alive_conn_limit = 1000
    server.start()


def stream_from_threads() -> None:
    """Event streams as views of Flask, each of which holds its thread."""
    listening: list[Queue[bytes]] = []

    @app.get("/events")
    def events() -> Response:
        own: Queue[bytes] = Queue()
        listening.append(own)

        def said() -> Iterator[bytes]:
            yield b": hello\n\n"
            while True:
                yield own.get()

        return Response(said(), content_type="text/event-stream")

    @app.post("/broadcast")
    def tell() -> dict[str, bool]:
        for own in listening:
            own.put(MESSAGE)
        return {"ok": True}


if SERVER == "cheroot":
    serve_on_cheroot()
else:
    serve_on_uvicorn()

"""A flood of slow clients, in a process of its own: ``python slow.py PORT COUNT [tls]``.

Keeps COUNT connections open that are silent, or stop half-way through a head, a body or a TLS handshake; opens a new
one for each that the server cuts, twenty each 50 ms. Prints ``open`` when nine tenths are. Ends with its standard
input, and then prints how many are open and how many it has opened.
"""

import os
import resource
import selectors
import socket
import ssl
import sys
import threading
import time

HALVES = (
    b"",
    b"GET /api/v1/ha",
    b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
)


def half_handshake() -> bytes:
    """The first 100 bytes of a TLS client's hello."""
    hello = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return hello.read()[:100]
    raise AssertionError("a handshake without a server")


def keep(port: int, wanted: int, halves: tuple[bytes, ...]) -> None:
    selector = selectors.DefaultSelector()
    opened = 0
    told = False
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.is_set():
        still_open = len(selector.get_map())
        if not told and still_open >= wanted * 0.9:
            told = True
            print("open", flush=True)
        for _ in range(min(20, wanted - still_open)):
            client = socket.create_connection(("127.0.0.1", port), 60)
            client.sendall(halves[opened % len(halves)])
            selector.register(client, selectors.EVENT_READ)
            opened += 1
        time.sleep(0.05)
        # Cut, or told what is wrong with it.
        for key, _ in selector.select(0):
            selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
    print(len(selector.get_map()), opened, flush=True)


if __name__ == "__main__":
    # The machine's processor is for the server and the client that measures.
    os.nice(10)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    keep(int(sys.argv[1]), int(sys.argv[2]), (b"", half_handshake()) if "tls" in sys.argv else HALVES)

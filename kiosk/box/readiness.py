"""Asks the service of this box over HTTP how it is."""

import http.client
import json
import ssl
from contextlib import closing
from typing import Any

from config.settings import Settings


class UnansweredError(Exception):
    """The service does not answer; ``str()`` names the address and the kind of error."""


def ask_readiness(settings: Settings, timeout: float = 10.0) -> dict[str, Any]:
    """The answer of ``/readyz``: ``missing`` and ``warnings``, each a list of ``{what, reason, zh, en}``.

    Raises:
        UnansweredError: there is none.
    """
    status, body = ask(settings, "/readyz", timeout)
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not {"missing", "warnings"} <= told.keys():
        raise UnansweredError(f"/readyz: HTTP {status}")
    return told


def ask(settings: Settings, path: str, timeout: float = 10.0) -> tuple[int, bytes]:
    """Status and body of what this box's service answers; raises UnansweredError."""
    server = settings.server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - compared, not bound
    try:
        if server.tls_cert:
            # This box asks itself; its certificate has the name by which others call it.
            context = ssl._create_unverified_context()  # noqa: S323
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, server.port, timeout=timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, server.port, timeout=timeout)
        with closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise UnansweredError(f"{host}:{server.port}: {type(error).__name__}") from error

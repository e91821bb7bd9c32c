"""What the program beside the browser asks the server itself.

urllib and ssl are imported where they are used: every command of ``quhao`` would wait for them.
"""

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that the server may take to answer."""
LONGEST = 1 << 16
"""Bytes that are read of an answer."""


class NoAnswerError(Exception):
    """The server does not answer, or not as it should."""


class HallServer:
    """A server of the hall.

    Args:
        origin: scheme, host and port.
        certificate: of this box, when this is its own server: whose name is the hall's and not 127.0.0.1. Its key alone
            is trusted then. None: as this machine trusts any server.
    """

    def __init__(self, origin: str, certificate: Path | None = None) -> None:
        import ssl
        from urllib.request import HTTPSHandler, ProxyHandler, build_opener

        self.origin = origin
        context = ssl.create_default_context(cafile=None if certificate is None else str(certificate))
        if certificate is not None:
            context.check_hostname = False
            # The certificate itself is trusted, whoever signed it.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        self._opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))

    def has(self, url: str) -> bool:
        """Whether it answers for this page, and not with an error."""
        try:
            with self._opener.open(url, timeout=PATIENCE) as answer:
                answer.read(1)
                return True
        except (OSError, ValueError) as error:
            log.debug("%s: %s", url, error)
            return False

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request of the API.

        Raises:
            NoAnswerError: it does not answer, refuses it, or answers something else.
        """
        from urllib.request import Request

        data = json.dumps(body).encode()
        request = Request(  # noqa: S310 - http or https, as its command has checked
            self.origin + path, data, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                found = json.loads(answer.read(LONGEST))
        except (OSError, ValueError) as error:
            raise NoAnswerError(str(error)) from None
        if not isinstance(found, dict):
            raise NoAnswerError("not an answer of this program")
        return found

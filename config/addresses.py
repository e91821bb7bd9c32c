"""Whether an address can work, by its form alone: nothing is looked up, asked or opened."""

import ipaddress
import re
from urllib.parse import urlsplit

_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_PORT = re.compile(r"[0-9]{1,5}")


def is_host(text: str) -> bool:
    """Whether ``text`` is an IP address or may be a host name (RFC 1123; a name does not end in a bare number)."""
    if _ip(text):
        return True
    labels = text.split(".")
    return len(text) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def is_one_address(text: str) -> bool:
    """Whether ``text`` is the IP address of one machine: no name, no network, not 0.0.0.0."""
    ip = _ip(text)
    return ip is not None and not ip.is_unspecified and not ip.is_multicast


def is_network(text: str) -> bool:
    """Whether ``text`` is a range of IP addresses, such as 192.168.1.0/24."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def is_public_host(text: str) -> bool:
    """Whether ``text`` is a host name or IPv4 address, with or without a port that exists."""
    host, colon, port = text.partition(":")
    return is_host(host) and (not colon or _is_port(port))


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def fault_of_store(text: str) -> str | None:
    """What keeps ``text`` from being the address of a store; None when nothing does.

    Returns:
        ``store_url``, ``store_scheme`` (a PostgreSQL under another name) or ``store_postgresql``.
    """
    scheme = text.partition(":")[0]
    if scheme != "postgresql+psycopg":
        if scheme == "postgres" or scheme.startswith(("postgresql", "postgres+")):
            return "store_scheme"
        # Behind a question mark SQLAlchemy reads options, and :memory: is gone with the process.
        return None if re.fullmatch(r"sqlite:///(?!:memory:)[^?]+", text) and text.isprintable() else "store_url"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "store_postgresql"
    # Without a host the database is on this box, behind its usual socket; another one is named by ?host=.
    whole = text.startswith("postgresql+psycopg://") and re.fullmatch(r"/[^/]+", parts.path) and port != 0
    return None if whole and (not host or is_host(host)) and re.fullmatch(r"[^\s]+", text) else "store_postgresql"


def _is_port(text: str) -> bool:
    return bool(_PORT.fullmatch(text)) and 1 <= int(text) <= 65535

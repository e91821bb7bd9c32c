"""Syntax checks of addresses: nothing is resolved, contacted or opened."""

import ipaddress
import re
from typing import TypeAlias
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


Fault: TypeAlias = tuple[str, str, str, str]
"""What is wrong with a text, to be read behind it, and what to write instead; each in Chinese and in English."""

_NO_STORE: Fault = (
    "不是数据库的地址",
    "names no store",
    "写成 sqlite:///文件，绝对路径为 sqlite:////var/lib/quhao/quhao.db；多台机器共用时写 "
    "postgresql+psycopg://用户@主机/数据库",
    "write sqlite:///file, or with an absolute path sqlite:////var/lib/quhao/quhao.db; "
    "for several boxes postgresql+psycopg://user@host/database",
)
_OTHER_SCHEME: Fault = (
    "的开头不对",
    "begins with another name",
    "PostgreSQL 写成 postgresql+psycopg://用户@主机/数据库",
    "for PostgreSQL write postgresql+psycopg://user@host/database",
)
_NO_POSTGRESQL: Fault = (
    "不是 PostgreSQL 数据库的地址",
    "does not name a database on PostgreSQL",
    "写成 postgresql+psycopg://用户:口令@主机:5432/数据库；口令中的 @ : / % 写成 %40 %3A %2F %25",
    "write postgresql+psycopg://user:password@host:5432/database; in a password @ : / % are written %40 %3A %2F %25",
)


def fault_of_store(text: str) -> Fault | None:
    """What keeps ``text`` from being the address of a store; None when nothing does."""
    scheme = text.partition(":")[0]
    if scheme != "postgresql+psycopg":
        if scheme == "postgres" or scheme.startswith(("postgresql", "postgres+")):
            return _OTHER_SCHEME
        # Behind a question mark SQLAlchemy reads options, and :memory: is gone with the process.
        return None if re.fullmatch(r"sqlite:///(?!:memory:)[^?]+", text) and text.isprintable() else _NO_STORE
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _NO_POSTGRESQL
    # Without a host the database is on this box, behind its usual socket; another one is named by ?host=.
    whole = text.startswith("postgresql+psycopg://") and re.fullmatch(r"/[^/]+", parts.path) and port != 0
    return None if whole and (not host or is_host(host)) and re.fullmatch(r"[^\s]+", text) else _NO_POSTGRESQL


def _is_port(text: str) -> bool:
    return bool(_PORT.fullmatch(text)) and 1 <= int(text) <= 65535

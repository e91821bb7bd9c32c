"""The chain of the audit log as functions of bytes: fields, digest, MAC and the key that moves on; head and anchors.

::

    body(n)   = JSON array of the fields, without spaces, ASCII          (FIELDS, in this order)
    mac(n)    = HMAC(key(n), digest(n-1) · body(n))
    digest(n) = H(digest(n-1) · body(n) · mac(n))                        digest(0) = 32 zero bytes
    key(n+1)  = HKDF-Expand(key(n), "quhao audit")                       RFC 5869, and key(n) is forgotten

Anybody can follow the digests, so an exported log is checked against an anchor (a number and the digest of that entry)
on any computer. The MACs take a key: whoever takes today's cannot make those of earlier entries (forward security, as
in systemd-journald's sealing), and a key that was printed before proves the entries after it.
"""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

KEY_BYTES = 32
DIGEST_BYTES = 32
FIELDS = ("seq", "at", "who", "place", "ticket_id", "action", "reason", "subject")
"""The fields of an entry in the order of the JSON array; ``subject`` as hexadecimal digits."""
BEFORE_THE_FIRST = bytes(DIGEST_BYTES)
SHORT = 16
"""Hexadecimal digits of a digest that are printed and typed."""

_NO_KEY = bytes(KEY_BYTES)
_HEAD = 2
_ANCHOR = re.compile(r"([0-9]{1,18})[\s:.,-]+([0-9a-f][0-9a-f\s-]{14,100}[0-9a-f])")
_MISREAD = str.maketrans("oil", "011")


def body(fields: Sequence[Any]) -> bytes:
    """The fields of an entry, in the order of :data:`FIELDS`; a type is part of it, so null is not an empty text."""
    *first, subject = fields
    plain = subject.hex() if isinstance(subject, bytes) else subject
    # A changed store may hold any type: that gives another digest, and no error.
    return json.dumps([*first, plain], separators=(",", ":"), default=repr).encode("ascii")


def mac(hash_name: str, key: bytes, before: bytes, told: bytes) -> bytes:
    """The MAC of an entry whose body is ``told``; ``before`` is the digest of the entry before it."""
    return hmac.digest(key, before + told, hash_name)


def digest(hash_name: str, before: bytes, told: bytes, code: bytes) -> bytes:
    """The digest of an entry with the MAC ``code``."""
    return hashlib.new(hash_name, before + told + code).digest()


def moved(hash_name: str, key: bytes) -> bytes:
    """The key of the next entry; there is no way back."""
    return hmac.digest(key, b"quhao audit\x01", hash_name)


@dataclass(frozen=True)
class Anchor:
    """A number and the digest of that entry, whole or its first digits, kept outside the store."""

    number: int
    hex: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """``NUMBER:HEX`` with 16 to 64 hexadecimal digits, as a closing slip or a person writes it; raises ValueError.

        A blank may stand for the colon, the digits may be in groups, and full-width characters count as what they look
        like.
        """
        plain = unicodedata.normalize("NFKC", text).strip().lower().translate(_MISREAD)
        found = _ANCHOR.fullmatch(plain)
        digits = re.sub(r"[\s-]", "", found[2]) if found else ""
        if found is None or not SHORT <= len(digits) <= 2 * DIGEST_BYTES:
            raise ValueError("no anchor: NUMBER:HEX")
        return cls(int(found[1]), digits)

    def fits(self, entry: bytes) -> bool:
        """Whether this is the digest of the entry."""
        return hmac.compare_digest(entry.hex()[: len(self.hex)], self.hex)

    @property
    def short(self) -> str:
        """For paper: ``1042:9f86d081884c7d65``."""
        return f"{self.number}:{self.hex[:SHORT]}"

    def __str__(self) -> str:
        """``NUMBER:HEX``, whole."""
        return f"{self.number}:{self.hex}"


@dataclass(frozen=True, repr=False)
class Head:
    """Where the log stands; kept sealed in the store.

    Attributes:
        number, digest: of the last entry.
        key: of the next entry's MAC; None where a new one begins.
        first: number of the first entry that is kept; earlier ones were removed after their retention.
        before: digest of the entry before that.
    """

    number: int = 0
    digest: bytes = BEFORE_THE_FIRST
    key: bytes | None = None
    first: int = 1
    before: bytes = BEFORE_THE_FIRST

    @property
    def anchor(self) -> Anchor:
        """The last entry as an anchor."""
        return Anchor(self.number, self.digest.hex())

    def as_bytes(self) -> bytes:
        """For the store, to be sealed."""
        numbers = self.number.to_bytes(8, "big") + self.first.to_bytes(8, "big")
        return bytes([_HEAD]) + numbers + self.digest + self.before + (self.key or _NO_KEY)

    @classmethod
    def of(cls, kept: bytes) -> Self:
        """The head in unsealed bytes: of this form, of the one before (without a key), or empty; raises ValueError."""
        if not kept:
            return cls()
        if kept[0] != _HEAD:
            number, last = kept.split(b" ", 1)
            return cls(int(number), last)
        if len(kept) != 1 + 16 + 3 * 32:
            raise ValueError("no head of an audit log")
        key = kept[81:]
        return cls(
            int.from_bytes(kept[1:9], "big"),
            kept[17:49],
            None if key == _NO_KEY else key,
            int.from_bytes(kept[9:17], "big"),
            kept[49:81],
        )

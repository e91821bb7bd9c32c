"""The keys of a hall: what the key file holds, as a value, and where it is held.

::

    root      hashes and seals that outlive a day; never changes, so that what was hashed is found again
    chain     (a day, its key): wraps the day keys in the store. key of the next day = HKDF(key of the day)
    months    (a month, its key): hashes of persons that outlive a day
    seals     new keys for lasting seals, by ``quhao key rotate``; the newest seals, all of them open

A chain goes forward in time only. Once the day's key is replaced by a later day's, no copy of the store, its log or its
old pages gives anything of the days before, because what wrapped their keys is nowhere any more. The same for a month.
All boxes of a hall have one chain, each in a file of its own, and each moves its file by date.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from ticketing.privacy.errors import VaultError
from ticketing.privacy.sealing import HASHES, KEY_BYTES, SHA256, Hash

ID_BYTES = 8


@dataclass(frozen=True)
class Chain:
    """The key of a day, from which the keys of all later days follow.

    Attributes:
        id: tells one chain from another; not secret.
        day: the first day it still has a key for.
        key: of that day, 32 bytes.
    """

    id: str
    day: date
    key: bytes = field(repr=False)
    hash: Hash = SHA256

    @classmethod
    def begun(cls, day: date, hash: Hash) -> "Chain":  # noqa: A002 - the field's word
        """A new one, of random bytes."""
        return cls(secrets.token_hex(ID_BYTES), day, secrets.token_bytes(KEY_BYTES), hash)

    def moved(self, day: date) -> "Chain":
        """The chain from ``day`` on. Raises ValueError for a day before its own: that key is gone."""
        if day < self.day:
            raise ValueError("a chain does not go back")
        key = self.key
        for _ in range((day - self.day).days):
            key = self.hash.derive(key, KEY_BYTES, b"next day")
        return replace(self, day=day, key=key)

    def month(self, day: date) -> bytes:
        """The key of the month of its first day that this chain passes."""
        return self.hash.derive(self.moved(day).key, KEY_BYTES, b"month")

    def months(self, until: date) -> list[tuple[str, bytes]]:
        """The months that begin after its day and up to ``until``, with their keys."""
        chain, passed = self, []
        first = _next_month(self.day)
        while first <= until:
            chain = chain.moved(first)
            passed.append((month_of(first), chain.month(first)))
            first = _next_month(first)
        return passed


@dataclass(frozen=True)
class Keys:
    """All keys of a hall; its representation shows none.

    Attributes:
        root: 32 bytes; the first line of the key file, and all of it in files of earlier versions.
        hash: the hash function of everything, fixed when the store is made.
        lasting: the key of lasting hashes where it is not derived from the root: in a hall that began without a chain.
        seals: newer keys of lasting seals, newest first.
        chain: in force; None in a file of an earlier version, or typed in from paper.
        following: a chain that is about to be in force: which one it is, the store says.
        months: oldest first; of several keys for one month the last is in use.
    """

    root: bytes = field(repr=False)
    hash: Hash = SHA256
    lasting: bytes | None = field(default=None, repr=False)
    seals: tuple[bytes, ...] = field(default=(), repr=False)
    chain: Chain | None = None
    following: Chain | None = None
    months: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    def begun(self, day: date) -> "Keys":
        """With a chain that begins on ``day``, unless there is one."""
        if self.chain is not None:
            return self
        chain = Chain.begun(day, self.hash)
        return replace(self, chain=chain, months=(*self.months, (month_of(day), chain.month(day))))

    def moved(self, day: date, kept_from: date) -> "Keys":
        """Without the keys of days before ``day``, and of the months that were over before ``kept_from``."""
        keys, chain = self, self.chain
        if chain is not None and day > chain.day:
            keys = replace(keys, chain=chain.moved(day), months=(*self.months, *chain.months(day)))
        months = tuple((month, key) for month, key in keys.months if month >= month_of(kept_from))
        return replace(keys, months=months)

    def announcing(self, chain: Chain, today: date, *, seal: bool = True) -> "Keys":
        """With ``chain`` announced, with all months up to today, and with ``seal`` a new key for lasting seals."""
        passed = self.chain.months(today) if self.chain is not None else []
        months = (*self.months, *passed, (month_of(chain.day), chain.month(chain.day)))
        seals = (secrets.token_bytes(KEY_BYTES), *self.seals) if seal else self.seals
        return replace(self, following=chain, months=months, seals=seals)

    def settled(self, chain: str) -> "Keys":
        """With the announced chain in force, if it is the one with the id ``chain``; otherwise without it."""
        if self.following is None:
            return self
        if self.following.id == chain:
            return replace(self, chain=self.following, following=None)
        return replace(self, following=None)

    def without_old_root(self, lasting: bytes, seal: bytes) -> "Keys":
        """With a new root in place of one that wrapped day keys before there was a chain; what was derived stays."""
        if self.lasting is not None:
            return self
        return replace(self, root=secrets.token_bytes(KEY_BYTES), lasting=lasting, seals=(*self.seals, seal))

    def month_keys(self, day: date) -> list[bytes]:
        """The keys of all months kept, the one in use in the month of ``day`` first; never none.

        A clock that was set back to a month before all of them uses the oldest.
        """
        passed = self.chain.months(day) if self.chain is not None and day > self.chain.day else []
        known = [key for month, key in (*self.months, *passed) if month <= month_of(day)]
        return list(dict.fromkeys(reversed(known))) or [self.months[0][1]]


class Keyring:
    """Holds the keys, in memory alone. Safe to use from any thread."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._lock = threading.Lock()

    @property
    def keys(self) -> Keys:
        """As they are now."""
        return self._keys

    def change(self, change: Callable[[Keys], Keys]) -> Keys:
        """Replace the keys, durably where they are in a file; gives the new ones.

        Raises:
            VaultError: ``key_unwritable``, or the file was spoilt meanwhile; nothing was changed.
        """
        with self._lock:
            self._keys = self._changed(change)
            return self._keys

    def _changed(self, change: Callable[[Keys], Keys]) -> Keys:
        return change(self._keys)


def month_of(day: date) -> str:
    """The month of a day, ``YYYY-MM``."""
    return f"{day:%Y-%m}"


def text_of(keys: Keys) -> str:
    """The text of a key file."""
    lines = [keys.root.hex()]
    if keys.chain is not None:
        lines.append(_ADVICE)
    if keys.hash is not SHA256:
        lines.append(f"suite {keys.hash.name}")
    if keys.lasting is not None:
        lines.append(f"lasting {keys.lasting.hex()}")
    lines += [f"seal {key.hex()}" for key in keys.seals]
    for word, chain in (("chain", keys.chain), ("following", keys.following)):
        if chain is not None:
            lines.append(f"{word} {chain.id} {chain.day} {chain.key.hex()}")
    lines += [f"month {month} {key.hex()}" for month, key in keys.months]
    # So that a file that was cut is told from a whole one.
    return "\n".join([*lines, *([_END] if len(lines) > 1 else [])]) + "\n"


_END = "end"
_ADVICE = (
    "# Quhao's keys. Written by the program. A copy opens every day from its own on: keep one in a safe, if at all.\n"
    "# The line above, on paper, brings back a hall whose key file is lost: all but the data of those days;\n"
    "# write each line lasting or seal, and end, below it, and all of it anew after quhao key rotate."
)


def parse(text: str) -> Keys:
    """The keys in the text of a key file; raises ValueError.

    The first line is the root, 64 hexadecimal digits; typed in from paper they may stand on several lines.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    digits = ""
    while lines and len(digits) < 2 * KEY_BYTES:
        digits += "".join(lines.pop(0).split())
    root = _key(digits)
    if lines and lines.pop() != _END:
        raise ValueError("cut")
    words = [line.split() for line in lines]
    hash_ = next((HASHES[rest[0]] for word, *rest in words if word == "suite"), SHA256)
    keys = Keys(root, hash_)
    for word, *rest in words:
        match word, rest:
            case "suite", [_]:
                pass
            case "lasting", [key]:
                keys = replace(keys, lasting=_key(key))
            case "seal", [key]:
                keys = replace(keys, seals=(*keys.seals, _key(key)))
            case "chain", [name, day, key]:
                keys = replace(keys, chain=Chain(name, date.fromisoformat(day), _key(key), hash_))
            case "following", [name, day, key]:
                keys = replace(keys, following=Chain(name, date.fromisoformat(day), _key(key), hash_))
            case "month", [month, key]:
                keys = replace(keys, months=(*keys.months, (month_of(date.fromisoformat(f"{month}-01")), _key(key))))
            case _:
                raise ValueError("no such line")
    return keys


def _key(digits: str) -> bytes:
    key = bytes.fromhex(digits)
    if len(key) != KEY_BYTES:
        raise ValueError("not a key")
    return key


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def chain_ahead(day: date, chain: date) -> VaultError:
    """The error of a box that has destroyed the key of ``day`` already."""
    return VaultError(
        "chain_ahead",
        f"本机的密钥文件已走到 {chain}，当天（{day}）的密钥已销毁：请核对时钟；从其他主机复制密钥文件，"
        "或停止所有主机后执行 quhao key rotate / "
        f"the key file of this box stands at {chain}, and the key of this day ({day}) is destroyed: check the clock, "
        "then copy the key file of another box, or stop all boxes and run quhao key rotate",
    )

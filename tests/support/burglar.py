"""Somebody who has everything of a hall but the slips and the memory of its boxes, and tries all that can be tried.

The store itself with whatever lies in its files and its write-ahead log, a backup, the key file, the logs, and all
source. What is found is the ID numbers of residents whose data opened.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from ticketing.cases import applications
from ticketing.day import idempotency, residents, serving
from ticketing.privacy import codes, sealing
from ticketing.privacy.reading_key import PUBLIC_BYTES, ReadingKey
from ticketing.privacy.sealing import BrokenSealError
from ticketing.privacy.vault import Vault
from ticketing.store import tables
from ticketing.store.base import Store

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
_CODE = re.compile(rb"(?=([%b]{16}))" % codes.ALPHABET.encode(), re.I)
_NUMBER = re.compile(rb"(?=(\d{17}[\dX]))")
_PURPOSES = (residents.PURPOSE, serving.PURPOSE, idempotency._PURPOSE, "case of", applications.PURPOSE)
_EASY_KEYS = ("", "1", "k", "k-1", "key", "issue", "kiosk", "test")


@dataclass
class Loot:
    """What was taken.

    Attributes:
        vault: the keys of the key file, in a program's hands.
        store: the database.
        files: the bytes of every file: database, log of the database, backup, logs.
        sealed: what was sealed at some time of the day and removed since, as it lies in those files: ticket and bytes.
        by_keys: the residents that open without a slip, by how thoroughly that was tried.
        bounds: what sealed bytes are bound to, as the cipher takes it.
    """

    vault: Vault
    store: Store
    files: list[bytes]
    sealed: list[tuple[int, bytes]] = field(default_factory=list)
    conn: Connection = field(init=False)
    by_keys: dict[bool, set[str]] = field(default_factory=dict)
    bounds: dict[tuple[object, ...], bytes] = field(default_factory=dict)


def files_of(*folders: Path) -> list[bytes]:
    """The bytes of all files below."""
    return [one.read_bytes().rstrip(b"\0") for folder in folders for one in folder.rglob("*") if one.is_file()]


def break_in(loot: Loot, slips: Iterable[str] = (), persons: Iterable[str] = (), *, thorough: bool = False) -> set[str]:
    """The ID numbers of the residents that open, with these slips' codes in hand.

    ``persons`` are words that name residents: where one stands in a file in plain, it counts as opened. ``thorough``:
    every value of the store is tried as a key of everything, not some of them.
    """
    found = _standing_in(loot.files, {word.encode(encoding): word for word in persons for encoding in ENCODINGS})
    written = set(slips) or {one.decode().upper() for content in loot.files for one in _CODE.findall(content)}
    with loot.store.read() as loot.conn:
        days = loot.vault.days(loot.conn)
        found |= _read(loot, days, _by_codes(loot, days, written))
        # A slip in hand gives no more keys to try on the rest, so these are tried once.
        if thorough not in loot.by_keys:
            values = _values(loot.conn)[:: 1 if thorough else 8]
            loot.by_keys[thorough] = _read(loot, days, _by_keys(loot, days, _sealed(loot), values))
        return found | loot.by_keys[thorough]


def _standing_in(files: Iterable[bytes], words: dict[bytes, str]) -> set[str]:
    """The words of which one of the given forms stands in a file."""
    # Many of them begin alike: first that is looked for, which takes a third of the time.
    alike: dict[bytes, list[bytes]] = {}
    for form in words:
        alike.setdefault(form[:6], []).append(form)
    return {
        words[form]
        for content in files
        for begin, forms in alike.items()
        if begin in content
        for form in forms
        if form in content
    }


def _read(loot: Loot, days: list[str], opened: Iterable[bytes]) -> set[str]:
    """The ID numbers in what opened."""
    found: set[str] = set()
    for plain in opened:
        found |= {number.decode() for number in _NUMBER.findall(plain)}
        for code in _CODE.findall(plain):
            # An answer that opens gives a code, and the code the rest.
            for more in _by_codes(loot, days, [code.decode()]):
                found |= {number.decode() for number in _NUMBER.findall(more)}
    return found


def _values(conn: Connection) -> list[bytes]:
    """Every value of bytes or text in every table: any of them might be a secret."""
    values: set[bytes] = set()
    for table in tables.metadata.sorted_tables:
        for row in conn.execute(select(table)):
            values |= {bytes(one) for one in row if isinstance(one, bytes | memoryview)}
            values |= {one.encode() for one in row if isinstance(one, str) and len(one) >= 10}
    return sorted(values)


def _sealed(loot: Loot) -> list[tuple[int, bytes]]:
    """Everything that is sealed, and was: with the ticket or case it belongs to, 0 where that is not known."""
    r, s, a, v = tables.resident, tables.slip_code, tables.answer, tables.serving
    applied = tables.application
    rows = chain(
        loot.conn.execute(select(r.c.ticket_id, r.c.sealed)),
        loot.conn.execute(select(s.c.ticket_id, s.c.sealed)),
        loot.conn.execute(select(v.c.ticket_id, v.c.sealed)),
        loot.conn.execute(select(applied.c.case_id, applied.c.sealed)),
        ((0, one) for one in loot.conn.scalars(select(a.c.sealed))),
    )
    return [(ticket, bytes(sealed)) for ticket, sealed in rows if sealed is not None] + loot.sealed


def _by_codes(loot: Loot, days: list[str], written: Iterable[str]) -> Iterator[bytes]:
    """What opens with a code: of a slip, of anything that looks like one in a file, and derived from any key."""
    t, s = tables.ticket, tables.slip_code
    rows = chain(
        loot.conn.execute(select(t.c.code_hash, t.c.id)), loot.conn.execute(select(s.c.code_hash, s.c.ticket_id))
    )
    known = {bytes(row[0]): row[1] for row in rows}
    tried = set(written)
    for day in days:
        for ticket in range(1, len(known) + 10):
            tried.add(codes.encode(loot.vault.day_code(loot.conn, day, ticket)))
    for purpose in ("receipt", "appointment", "ticket code", "code"):
        raw = (loot.vault.lasting_mac(purpose, str(one).encode())[: codes.BYTES] for one in range(1, 300))
        tried |= {codes.encode(one) for one in raw}
    sealed = _sealed(loot)
    c = tables.case_file
    receipts = {bytes(row[0]): row[1] for row in loot.conn.execute(select(c.c.code_hash, c.c.id)) if row[0]}
    for code in tried:
        case = receipts.get(loot.vault.lasting_hash("receipt", code))
        for day in days if case else ():
            key = loot.vault.month_key_with(day, applications.PURPOSE, code.encode())
            yield from _opened(loot, key, day, [one for one in sealed if one[0] == case])
        ticket = known.get(loot.vault.lasting_hash("ticket code", code))
        if ticket is None:
            continue
        for day in days:
            key = loot.vault.key_with(loot.conn, day, residents.PURPOSE, code.encode())
            yield from _opened(loot, key, day, [one for one in sealed if one[0] == ticket])


def _by_keys(loot: Loot, days: list[str], blobs: list[tuple[int, bytes]], values: list[bytes]) -> Iterator[bytes]:
    """What opens with a key: each that the key file gives, each made of it with any value of the store, each value."""
    vault, conn = loot.vault, loot.conn
    guesses = [f"{who}\n{key}".encode() for who in ("desk-1", "kiosk:box") for key in _EASY_KEYS]
    for day in days:
        own = vault._keys(conn, day, make=False)
        keys = {own.seal, own.hash, own.code, own.with_secret, *_of_the_file(vault)}
        keys |= {vault.key_with(conn, day, idempotency._PURPOSE, guess) for guess in guesses}
        # A pair of keys needs a private half; without the memory of a box there is only one's own.
        mine = ReadingKey()
        for _, blob in blobs:
            try:
                shared = mine.shared_with(blob[:PUBLIC_BYTES])
            except ValueError:
                continue
            keys.add(vault.key_with(conn, day, serving.PURPOSE, shared))
            break
        for key in keys:
            yield from _opened(loot, key, day, blobs)
        for value in values:
            if len(value) == sealing.KEY_BYTES:
                made = [value, *(vault.key_with(conn, day, purpose, value) for purpose in _PURPOSES)]
                for key in made:
                    yield from _opened(loot, key, day, blobs[::40])


def _of_the_file(vault: Vault) -> list[bytes]:
    """Every key that the key file holds or gives."""
    keys = vault._ring.keys
    chain_key = [keys.chain.key] if keys.chain else []
    months = [key for _, key in keys.months]
    with_nothing = [vault._with_secret(month, applications.PURPOSE, b"") for month in months]
    return [keys.root, *chain_key, *months, *with_nothing, vault._lasting_hash, *vault._seals(keys)]


def _opened(loot: Loot, key: bytes, day: str, blobs: list[tuple[int, bytes]]) -> Iterator[bytes]:
    """What of ``blobs`` opens with a key: as :func:`ticketing.privacy.sealing.unseal` does it, for many at once."""
    answers = [one.hex() for one in loot.conn.scalars(select(tables.answer.c.key_hash))]
    own: dict[int, bytes] = {}
    for ticket, blob in blobs:
        idents: list[Any] = [ticket] if ticket else answers
        for sealed in (blob, blob[PUBLIC_BYTES:]):
            suite = sealing._BY_NUMBER.get(sealed[0]) if sealed else None
            if suite is None:
                continue
            if suite.number not in own:
                own[suite.number] = sealing._suite_key(suite, key)
            nonce, text = sealed[1 : 1 + sealing.NONCE_BYTES], sealed[1 + sealing.NONCE_BYTES :]
            for purpose in _PURPOSES if ticket else (idempotency._PURPOSE,):
                for ident in idents:
                    try:
                        yield suite.decrypt(
                            own[suite.number], nonce, text, _bound(loot, sealed[:1], day, purpose, ident)
                        )
                    except (BrokenSealError, ValueError):
                        continue


def _bound(loot: Loot, *to: Any) -> bytes:
    if to not in loot.bounds:
        head, *what = to
        loot.bounds[to] = sealing.frame(head, *loot.vault._bound(*what))
    return loot.bounds[to]

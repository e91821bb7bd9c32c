"""Keys for residents' data: a chain of keys outside the store, a key for each hall day inside it.

::

    key file (see ``keys``)
    ├── chain ── key of the day ── wraps ── day key (32 random bytes per hall day, in the table ``day_key``)
    │       ├── with a secret that is kept nowhere (a ticket's code, a client's idempotency key, what only the memory
    │       │   of running boxes holds): seals residents and kept answers
    │       ├── alone: seals what the hall needs without the paper, bound to hall, day, purpose and ident
    │       └── hashes what must be found again on that day, such as an ID number
    ├── months ─ hashes of persons that outlive a day: cases, appointments
    │       └── with the code on a receipt, which is kept nowhere: seals what the window needs of an application
    └── root ─── lasting: hashes and seals of what is nobody's, such as a receipt's code and the head of the audit log

Erasing a day key and moving the chain on erases the day: in the store, its log, its old pages, and every copy of it. A
copy of the store without the key file opens nothing. Keys are derived with HKDF and bound to the hall, so that no key
serves two purposes. Python cannot wipe memory: a day key that was in use stays in the memory of a running process until
that memory is reused; it is on no disk.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, insert, literal, or_, select, update

from ticketing.model import StoreError
from ticketing.privacy import sealing
from ticketing.privacy.errors import ErasedError, VaultError
from ticketing.privacy.keys import Chain, Keyring, Keys, chain_ahead, month_of
from ticketing.privacy.sealing import KEY_BYTES, BrokenSealError, Hash
from ticketing.privacy.standing import (
    STANDING,
    Standing,
    key_wrong,
    lasting_key,
    old_proof,
    proof_of,
    refuse_hash,
    refuse_older,
)
from ticketing.store.prepared import Prepared
from ticketing.store.tables import account, appointment, case_file, day_key, fact, login, metadata, token

if TYPE_CHECKING:
    from ticketing.store.base import Store

__all__ = ["ErasedError", "Renewed", "Vault", "VaultError", "is_sealed", "live_days"]

log = logging.getLogger(__name__)

CODE_BYTES = 10
LOG_HEAD = "access_log"
"""The fact that holds the sealed head of the audit log; a new store gets an empty one together with the proof of its
key, so that a missing head was taken away."""
_BEGINS = date(2026, 1, 1)
"""The day with which the first chain of a hall begins. It lies before any hall worked with one, so that a box whose
clock is ahead when it first starts has a key for the right day, too; the chain moves up with the first day's end."""
_CACHED_DAYS = 4
_DAY = Prepared(select(day_key.c.wrapped).where(day_key.c.hall_day == bindparam("day")))
_LIVE = select(day_key.c.hall_day, day_key.c.wrapped).where(day_key.c.wrapped.is_not(None)).order_by(day_key.c.hall_day)
_WRAP = update(day_key).where(day_key.c.hall_day == bindparam("day")).values(wrapped=bindparam("as"))
# Accounts may be added before the first start. All other rows were written by a program that had the key.
_WITHOUT_KEY = {table.name for table in (account, token, login)}
_IN_USE = select(
    or_(
        *(
            select(literal(1)).select_from(one).exists()
            for one in metadata.sorted_tables
            if one.name not in _WITHOUT_KEY
        )
    )
)


@dataclass(frozen=True)
class Renewed:
    """The result of :meth:`Vault.renew`: the hall days that still open, and those that no key there was opens."""

    kept: list[str]
    lost: list[str]


def live_days(conn: Connection) -> list[str]:
    """The hall days that have a key, oldest first."""
    return [row.hall_day for row in conn.execute(_LIVE)]


def is_sealed(store: "Store") -> bool:
    """Whether this store has keys already."""
    with store.read() as conn:
        return Standing.of(conn) is not None or old_proof(conn) is not None or bool(conn.scalar(_IN_USE))


class _DayKeys:
    """The keys of one day, and the wrapped form they came from. No dataclass: it must never be printed."""

    __slots__ = ("code", "hash", "seal", "with_secret", "wrapped")

    def __init__(self, day: bytes, wrapped: bytes, hashed: Hash) -> None:
        self.wrapped = wrapped
        self.seal = hashed.derive(day, KEY_BYTES, b"day seal")
        self.hash = hashed.derive(day, KEY_BYTES, b"day hash")
        self.code = hashed.derive(day, KEY_BYTES, b"day code")
        self.with_secret = hashed.derive(day, KEY_BYTES, b"day with a secret")


class Vault:
    """Seals, opens and erases, inside the caller's transaction.

    Args:
        store: read once, here, to check that these are the keys it was sealed with. A new store gets its proof of
            them; the day keys and person hashes of one that is older than the chain are put under the chain. It may be
            a box's copy of the store, which is then to be proven once it answers: :meth:`prove`.
        keyring: the keys, as a file or in memory.
        hall_id: part of every key: another hall's seals do not open.
        cipher: ``"aes-256-gcm"`` or ``"sm4-gcm"``, for new seals; both kinds are opened.
        hash: ``"sha256"`` or ``"sm3"``, of every hash, MAC and derived key; what the store was made with.
        clock: now, as an aware ``datetime``.
        any_chain: take a keyring whose chain is missing or not the store's, to :meth:`renew` it.

    Attributes:
        hash: the hash function of the store.
        trouble: code of the error by which the key file could not be moved on last time; None when it could.

    Raises:
        VaultError: keys, hall or hash are not the store's, the store's proof of them was removed, or this box lacks
            the cipher.
    """

    def __init__(
        self,
        store: "Store",
        keyring: Keyring,
        hall_id: str,
        cipher: str = "aes-256-gcm",
        hash: str = "sha256",  # noqa: A002 - the field's word
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        any_chain: bool = False,
    ) -> None:
        suite = sealing.SUITES.get(cipher)
        if suite is None:
            raise VaultError("cipher_unknown", f"unknown cipher {cipher!r}: use one of {', '.join(sealing.SUITES)}")
        self.hash = sealing.HASHES[hash]
        if self.hash is sealing.SM3:
            suite = sealing.SM4_GCM_SM3
        if not sealing.available(suite):
            raise VaultError(
                "cipher_unavailable",
                f"本机的 OpenSSL 不支持 {suite.name}，请用 aes-256-gcm / "
                f"the OpenSSL of this box cannot do {suite.name}: use aes-256-gcm",
            )
        self.trouble: str | None = None
        self._suite = suite
        self._hall = hall_id.encode()
        self._clock = clock
        self._ring = keyring
        self._lock = threading.Lock()
        self._days: dict[str, _DayKeys] = {}
        self._months: tuple[Keys | None, str, list[bytes]] = None, "", []
        self._lasting_seals: tuple[Keys | None, list[bytes]] = None, []
        self._newest = date.min
        # Which of the file's chains is in force, the store says.
        self._in_force = ""
        self._lasting_hash = lasting_key(keyring.keys, self._hall, self.hash)
        self.prove(store, any_chain=any_chain)

    def prove(self, store: "Store", *, any_chain: bool = False) -> None:
        """Check that these are the keys that a store is sealed with; arguments and errors as of the whole."""
        with store.read() as conn:
            found, live = Standing.of(conn), [date.fromisoformat(day) for day in live_days(conn)]
            older = None if found else old_proof(conn)
        if found is None:
            if older is not None:
                refuse_older(older, self._ring.keys, self._hall.decode(), self.hash)
            elif self._ring.keys.chain is not None:
                refuse_hash(self._ring.keys.hash.name, self.hash)
            # Also before a clock that has not been set since 1970.
            start = min([_BEGINS, self._clock().date() - timedelta(days=2), *live])
            self._ring.change(lambda keys: keys if keys.chain else replace(keys, hash=self.hash).begun(start))
            with store.write() as conn:
                found = Standing.of(conn) or self._take_over(conn, older is not None)
            if older is not None:
                with suppress(StoreError):
                    store.checkpoint()
        found.refuse_others(self._ring.keys, self._hall.decode(), self.hash)
        if self._ring.keys.following is not None:
            # In a transaction that writes: whoever has announced that chain may be about to commit.
            with store.write() as conn:
                found = Standing.of(conn) or found
                self._in_force = found.chain
                self._ring.change(lambda keys: keys.settled(self._in_force))
        if found.converted and self._ring.keys.chain is not None:
            self._ring.change(lambda keys: keys.without_old_root(self._lasting_hash, self._seals(keys)[-1]))
        self._in_force = found.chain
        if not any_chain:
            found.refuse_other_chain(self._ring.keys)

    def _take_over(self, conn: Connection, converted: bool) -> Standing:
        """Give a store its proof of the keys; ``converted``: one that is older than the chain."""
        keys = self._ring.keys
        if not converted and conn.scalar(_IN_USE):
            raise VaultError(
                "proof_missing",
                "数据库中的密钥证明已被删除，审计日志也可能一并被删，不再可信：请从备份恢复数据库，并查明原因 / "
                "this store has been worked with, but the proof of its key was removed, and entries of the audit log "
                "may have been removed with it: bring back a backup, and find out who did it",
            )
        chain = self._chain()
        proof = proof_of(self._lasting_hash, self.hash)
        standing = Standing(proof, self._hall.decode(), self.hash.name, chain.id, converted=converted)
        told = {"name": STANDING, "value": standing.as_bytes()}
        if not converted:
            head = self.seal_lasting(LOG_HEAD, "head", b"")
            conn.execute(insert(fact), [told, {"name": LOG_HEAD, "value": head}])
            return standing
        conn.execute(update(fact).where(fact.c.name == STANDING).values(told))
        old = sealing.derive(keys.root, KEY_BYTES, self._hall, b"wrap")
        for row in conn.execute(_LIVE).all():
            # A row that was spoilt stays so, and is found when that day is worked with.
            with suppress(BrokenSealError):
                day = sealing.unseal(old, row.wrapped, *self._bound(row.hall_day, "day key", ""))
                conn.execute(_WRAP, {"day": row.hall_day, "as": self._wrapped(chain, row.hall_day, day)})
        self._age_persons(conn)
        log.warning("the store was put under a chain of keys, which was added to the key file")
        return standing

    def _age_persons(self, conn: Connection) -> None:
        key = self._ring.keys.months[-1][1]
        for table in (case_file, appointment):
            rows = conn.execute(select(table.c.id, table.c.person_hash).where(table.c.person_hash.is_not(None))).all()
            if rows:
                conn.execute(
                    update(table).where(table.c.id == bindparam("row")).values(person_hash=bindparam("as")),
                    [{"row": row.id, "as": self.hash.mac(key, row.person_hash)} for row in rows],
                )

    # -- the chain -------------------------------------------------------------------------------------------------

    @property
    def stands_at(self) -> date:
        """The first hall day that this box still has a key for."""
        return self._chain().day

    def move(self, before: date, months_before: date) -> None:
        """Destroy the keys of the hall days before ``before``, and of the months that were over at ``months_before``.

        Not in a transaction: once what they wrapped is erased, and that is committed. Only by a clock that is not
        doubted: there is no way back.

        Raises:
            VaultError: ``key_unwritable``; the next call tries again.
        """
        keys = self._ring.keys
        if before <= self._chain().day and all(month >= month_of(months_before) for month, _ in keys.months):
            self.trouble = None
            return
        try:
            self._ring.change(lambda keys: self._own(keys).moved(before, months_before))
        except VaultError as error:
            if error.code != self.trouble:
                log.error("%s", error)
            self.trouble = error.code
            raise
        self.trouble = None
        with self._lock:
            self._days = {day: keys for day, keys in self._days.items() if day >= before.isoformat()}

    def _own(self, keys: Keys) -> Keys:
        """The keys, unless the file was exchanged while the program runs."""
        if keys.chain is None or keys.chain.id != self._in_force:
            raise VaultError(
                "chain_other",
                "密钥文件已被换成另一个，请重新启动 / the key file was exchanged for another one: restart this box",
            )
        return keys

    def renew(
        self,
        store: "Store",
        today: date,
        entry: Callable[[Connection], object] | None = None,
        *,
        seal: bool = True,
    ) -> Renewed:
        """Begin a new chain, and put under it what the old one still opens; nobody else may work on the store.

        A copy of the old key file opens nothing that is sealed from now on; without ``seal`` it still opens lasting
        seals, and what is on paper of the old file still brings the hall back. What the old chain cannot open is
        recorded as erased. ``entry`` is called in the same transaction, for the audit log.

        Raises:
            VaultError: ``key_unwritable``: nothing was changed, or all of it and the next start ends it.
        """
        kept: dict[str, bytes] = {}
        lost: list[str] = []
        with store.write() as conn:
            standing = Standing.of(conn)
            if standing is None:
                raise key_wrong()
            for row in conn.execute(_LIVE).all():
                try:
                    kept[row.hall_day] = self._unwrapped(row.hall_day, row.wrapped)
                except (ErasedError, VaultError):
                    lost.append(row.hall_day)
            start = min([today, *map(date.fromisoformat, kept)])
            chain = Chain.begun(start, self.hash)
            self._ring.change(lambda keys: replace(keys, hash=self.hash).announcing(chain, today, seal=seal))
            for day in lost:
                self.erase(conn, day)
            for day, key in kept.items():
                conn.execute(_WRAP, {"day": day, "as": self._wrapped(chain, day, key)})
            new = today.isoformat()
            if new not in kept:
                # A clock that ran ahead may have erased today: the hall goes on with another key.
                wrapped = self._wrapped(chain, new, secrets.token_bytes(KEY_BYTES))
                conn.execute(delete(day_key).where(day_key.c.hall_day == new))
                conn.execute(insert(day_key).values(hall_day=new, wrapped=wrapped, created_at=self._now()))
            former = tuple(dict.fromkeys((*standing.former, standing.chain)))
            standing = replace(standing, chain=chain.id, former=former, renewed=new)
            conn.execute(update(fact).where(fact.c.name == STANDING).values(value=standing.as_bytes()))
            if entry is not None:
                entry(conn)
        self._in_force = chain.id
        with self._lock:
            self._days.clear()
        self._ring.change(lambda keys: keys.settled(chain.id))
        return Renewed(sorted(kept), lost)

    def mend(self, store: "Store", today: date) -> None:
        """Begin a new chain where this one is ahead of today, after a clock that ran ahead was put right.

        Only for a store of one box: boxes that share one have one chain, see :meth:`renew`.
        """
        if today < self._chain().day and not store.shared:
            log.warning("the chain of keys is ahead of today: a new one begins")
            # Nobody is there to write another key on paper.
            self.renew(store, today, seal=False)

    def _chain(self) -> Chain:
        chain = self._chain_or_none()
        if chain is None:
            raise ValueError("a vault without a chain is for renew() alone")
        return chain

    def _chain_or_none(self) -> Chain | None:
        keys = self._ring.keys
        following = keys.following is not None and keys.following.id == self._in_force
        return keys.following if following else keys.chain

    # -- for one hall day ------------------------------------------------------------------------------------------

    def begin_day(self, conn: Connection, hall_day: str) -> None:
        """Make the day's key if there is none, so that readers need not write later.

        Where the chain is ahead of the day nothing is made: the hall goes on without cards until that is mended.
        """
        if date.fromisoformat(hall_day) < self._chain().day:
            log.error("%s", chain_ahead(date.fromisoformat(hall_day), self._chain().day))
            return
        self._keys(conn, hall_day, make=True)

    def seal(
        self, conn: Connection, hall_day: str, purpose: str, ident: str | int, data: bytes, wrapped: bytes | None = None
    ) -> bytes:
        """Seal ``data`` until the day is erased; makes the day's key if there is none. ``wrapped`` as below."""
        keys = self._keys(conn, hall_day, make=True, wrapped=wrapped)
        return sealing.seal(self._suite, keys.seal, data, *self._bound(hall_day, purpose, ident))

    def open(self, conn: Connection, hall_day: str, purpose: str, ident: str | int, sealed: bytes) -> bytes:
        """Open sealed data.

        Raises:
            ErasedError: the day is erased, or its key is not in this copy of the store.
            VaultError: ``seal_broken``: it was changed, or belongs to another hall, day, purpose or ident.
        """
        keys = self._keys(conn, hall_day, make=False)
        try:
            return sealing.unseal(keys.seal, sealed, *self._bound(hall_day, purpose, ident))
        except BrokenSealError:
            raise _broken(purpose) from None

    def day_hash(self, conn: Connection, hall_day: str, purpose: str, value: str) -> bytes:
        """A MAC, 32 bytes, by which ``value`` is found again on that day; useless without the keys."""
        keys = self._keys(conn, hall_day, make=True)
        return self.hash.mac(keys.hash, purpose.encode(), _utf8(value))

    def day_code(self, conn: Connection, hall_day: str, ticket_id: int, wrapped: bytes | None = None) -> bytes:
        """The 10 bytes of the code that versions before 0004 of the schema made for a ticket, once more."""
        keys = self._keys(conn, hall_day, make=True, wrapped=wrapped)
        return self.hash.mac(keys.code, str(ticket_id).encode())[:CODE_BYTES]

    # With a secret that is kept nowhere.

    def key_with(
        self, conn: Connection, hall_day: str, purpose: str, secret: bytes, wrapped: bytes | None = None
    ) -> bytes:
        """The key, 32 bytes, that takes both the day's key and a ``secret`` of full entropy; ``wrapped`` as above."""
        keys = self._keys(conn, hall_day, make=True, wrapped=wrapped)
        return self.hash.mac(keys.with_secret, purpose.encode(), secret)

    def seal_under(self, key: bytes, hall_day: str, purpose: str, ident: str | int, data: bytes) -> bytes:
        """Seal ``data`` under a key of :meth:`key_with`."""
        return sealing.seal(self._suite, key, data, *self._bound(hall_day, purpose, ident))

    def open_under(self, key: bytes, hall_day: str, purpose: str, ident: str | int, sealed: bytes) -> bytes:
        """Open it; raises :class:`VaultError` (``seal_broken``)."""
        try:
            return sealing.unseal(key, sealed, *self._bound(hall_day, purpose, ident))
        except BrokenSealError:
            raise _broken(purpose) from None

    def mac_under(self, key: bytes, data: bytes) -> bytes:
        """A MAC, 32 bytes, under a key of :meth:`key_with`."""
        return self.hash.mac(key, data)

    def erase(self, conn: Connection, hall_day: str) -> bool:
        """Erase the key of ``hall_day`` once the caller commits; False if there was none."""
        erased = conn.execute(
            update(day_key)
            .where(day_key.c.hall_day == hall_day, day_key.c.wrapped.is_not(None))
            .values(wrapped=None, erased_at=self._now())
        )
        self._forget(hall_day)
        return erased.rowcount > 0

    def days(self, conn: Connection) -> list[str]:
        """The hall days that have a key, oldest first; cached keys of other days are dropped."""
        held = live_days(conn)
        with self._lock:
            self._days = {day: keys for day, keys in self._days.items() if day in held}
        return held

    # -- for a month -----------------------------------------------------------------------------------------------

    def month_hash(self, day: str, purpose: str, value: str) -> bytes:
        """A MAC, 32 bytes, by which ``value`` of that hall day is found until its month's key is destroyed."""
        return self.month_mac(day, self.lasting_hash(purpose, value))

    def month_hashes(self, purpose: str, value: str) -> list[bytes]:
        """The same for every month whose key is kept, newest first: what was written in any of them is found."""
        lasting = self.lasting_hash(purpose, value)
        return [self.hash.mac(key, lasting) for key in self._month_keys(self._latest())]

    def month_mac(self, day: str, lasting: bytes) -> bytes:
        """:meth:`month_hash` of what a :meth:`lasting_hash` was made of."""
        written = date.fromisoformat(day)
        self._newest = max(self._newest, written)
        return self.hash.mac(self._month_keys(written)[0], lasting)

    def month_key_with(self, day: str, purpose: str, secret: bytes) -> bytes:
        """The key, 32 bytes, that takes both the key of the month of that hall day and a ``secret`` of full entropy."""
        written = date.fromisoformat(day)
        self._newest = max(self._newest, written)
        return self._with_secret(self._month_keys(written)[0], purpose, secret)

    def open_of_month(self, day: str, purpose: str, secret: bytes, ident: str | int, sealed: bytes) -> bytes:
        """Open what was sealed under a key of :meth:`month_key_with`, in whichever month that was.

        Raises:
            ErasedError: no month's key opens it: that one is destroyed, or it was sealed with another secret.
        """
        for month in self._month_keys(self._latest()):
            with suppress(BrokenSealError):
                return sealing.unseal(
                    self._with_secret(month, purpose, secret), sealed, *self._bound(day, purpose, ident)
                )
        raise ErasedError(day)

    def _with_secret(self, month: bytes, purpose: str, secret: bytes) -> bytes:
        return self.hash.mac(self.hash.derive(month, KEY_BYTES, self._hall, b"with a secret"), purpose.encode(), secret)

    def _month_keys(self, day: date) -> list[bytes]:
        keys, month = self._ring.keys, month_of(day)
        of, until, found = self._months
        if of is not keys or until != month:
            found = replace(keys, chain=self._chain()).month_keys(day)
            self._months = keys, month, found
        return found

    def _latest(self) -> date:
        # A day of the hall's clock, which may be right where the box's is not.
        return max(self._newest, self._clock().date())

    # -- for as long as the root -----------------------------------------------------------------------------------

    def lasting_hash(self, purpose: str, value: str) -> bytes:
        """A MAC, 32 bytes, by which ``value`` is found again on any day."""
        return self.lasting_mac(purpose, _utf8(value))

    def lasting_mac(self, purpose: str, *parts: bytes) -> bytes:
        """A MAC, 32 bytes, over ``parts`` in this order, keyed by the root."""
        return self.hash.mac(self._lasting_hash, purpose.encode(), *parts)

    def seal_lasting(self, purpose: str, ident: str, data: bytes) -> bytes:
        """Seal data that are not personal and outlive the day."""
        return sealing.seal(self._suite, self._seals(self._ring.keys)[0], data, *self._bound("", purpose, ident))

    def open_lasting(self, purpose: str, ident: str, sealed: bytes) -> bytes:
        """Open them; raises :class:`VaultError` (``seal_broken``)."""
        for key in self._seals(self._ring.keys):
            with suppress(BrokenSealError):
                return sealing.unseal(key, sealed, *self._bound("", purpose, ident))
        raise _broken(purpose)

    def _seals(self, keys: Keys) -> list[bytes]:
        of, found = self._lasting_seals
        if of is not keys:
            found = [*keys.seals, self.hash.derive(keys.root, KEY_BYTES, self._hall, b"lasting seal")]
            self._lasting_seals = keys, found
        return found

    # -- keys ------------------------------------------------------------------------------------------------------

    def _keys(self, conn: Connection, hall_day: str, *, make: bool, wrapped: bytes | None = None) -> _DayKeys:
        # The row is read in each transaction: another process may have erased the day, or the transaction that made
        # its key may have been rolled back. The cache only saves unwrapping.
        if wrapped is None:
            row = _DAY.one_or_none(conn, {"day": hall_day})
            if row is None and make:
                return self._make_keys(conn, hall_day)
            if row is None or row.wrapped is None:
                self._forget(hall_day)
                raise ErasedError(hall_day)
            wrapped = row.wrapped
        with self._lock:
            keys = self._days.get(hall_day)
        if keys is None or keys.wrapped != wrapped:
            chain = self._chain()
            if make and date.fromisoformat(hall_day) < chain.day:
                raise chain_ahead(date.fromisoformat(hall_day), chain.day)
            keys = _DayKeys(self._unwrapped(hall_day, wrapped), wrapped, self.hash)
            self._remember(hall_day, keys)
        return keys

    def _make_keys(self, conn: Connection, hall_day: str) -> _DayKeys:
        chain = self._chain()
        if date.fromisoformat(hall_day) < chain.day:
            raise chain_ahead(date.fromisoformat(hall_day), chain.day)
        day = secrets.token_bytes(KEY_BYTES)
        wrapped = self._wrapped(chain, hall_day, day)
        conn.execute(insert(day_key).values(hall_day=hall_day, wrapped=wrapped, created_at=self._now()))
        keys = _DayKeys(day, wrapped, self.hash)
        self._remember(hall_day, keys)
        return keys

    def _wrapped(self, chain: Chain, hall_day: str, day: bytes) -> bytes:
        return sealing.seal(self._suite, self._wrap(chain, hall_day), day, *self._bound(hall_day, "day key", ""))

    def _unwrapped(self, hall_day: str, wrapped: bytes) -> bytes:
        chain = self._chain_or_none()
        if chain is None or date.fromisoformat(hall_day) < chain.day:
            self._forget(hall_day)
            raise ErasedError(hall_day)
        try:
            return sealing.unseal(self._wrap(chain, hall_day), wrapped, *self._bound(hall_day, "day key", ""))
        except BrokenSealError:
            raise _broken("day key") from None

    def _wrap(self, chain: Chain, hall_day: str) -> bytes:
        key = chain.moved(date.fromisoformat(hall_day)).key
        return self.hash.derive(key, KEY_BYTES, self._hall, b"wrap")

    def _remember(self, hall_day: str, keys: _DayKeys) -> None:
        with self._lock:
            self._newest = max(self._newest, date.fromisoformat(hall_day))
            self._days[hall_day] = keys
            while len(self._days) > _CACHED_DAYS:
                del self._days[min(self._days)]

    def _forget(self, hall_day: str) -> None:
        with self._lock:
            self._days.pop(hall_day, None)

    def _bound(self, hall_day: str, purpose: str, ident: str | int) -> tuple[bytes, ...]:
        return self._hall, hall_day.encode(), purpose.encode(), str(ident).encode()

    def _now(self) -> int:
        return int(self._clock().timestamp() * 1_000_000)


def _utf8(value: str) -> bytes:
    # A lone surrogate from a device or keyboard must not become an exception that quotes the value.
    return value.encode("utf-8", "surrogatepass")


def _broken(purpose: str) -> VaultError:
    return VaultError(
        "seal_broken", f"something sealed ({purpose}) does not open: it was changed, or belongs elsewhere in the store"
    )

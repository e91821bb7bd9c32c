"""Keys for residents' data: a master key outside the store, a key for each hall day inside it.

::

    master key (a file, 32 random bytes)
    ├── wraps ── day key (32 random bytes per hall day, in the table ``day_key``)
    │            ├── seals residents and kept answers, bound to hall, day, purpose and ident
    │            ├── hashes what must be found again on that day, such as an ID number
    │            └── makes the tickets' codes, which are stored nowhere
    └── lasting: hashes and seals that outlive a day, such as the head of the access log

Erasing a day key erases the day: in the store, its journal, and every copy of it. A copy of the store without the
master key opens nothing. Keys are derived with HKDF and bound to the hall, so that no key serves two purposes. Python
cannot wipe memory: a day key that was in use stays in the memory of a running process until that memory is reused; it
is on no disk.
"""

import hmac
import os
import secrets
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, insert, literal, or_, select, update

from ticketing.model import StateError, StoreError
from ticketing.privacy import sealing
from ticketing.privacy.sealing import KEY_BYTES, BrokenSealError
from ticketing.store.prepared import Prepared
from ticketing.store.tables import account, day_key, fact, login, metadata, token

if TYPE_CHECKING:
    from ticketing.store.base import Store

CODE_BYTES = 10
LOG_HEAD = "access_log"
"""The fact that holds the sealed head of the access log; a new store gets an empty one together with the proof of its
key, so that a missing head was taken away."""

_PROOF = "master_key"
_CACHED_DAYS = 4
_DAY = Prepared(select(day_key.c.wrapped).where(day_key.c.hall_day == bindparam("day")))
_FACT = select(fact.c.value).where(fact.c.name == bindparam("wanted"))
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


class VaultError(StoreError):
    """The key file or a sealed value is not as it must be; the text says what to do, and holds no secret.

    A :class:`~ticketing.model.StoreError`: nothing was changed, and the caller cannot mend it.

    Codes: ``key_missing``, ``key_unreadable``, ``key_too_open``, ``key_malformed``, ``key_wrong``, ``hall_changed``,
    ``proof_missing``, ``cipher_unknown``, ``cipher_unavailable``, ``seal_broken``, ``log_broken``.
    """


class ErasedError(StateError):
    """The key of that hall day is erased, and with it everything sealed on that day; code ``erased``."""

    def __init__(self, hall_day: str) -> None:
        super().__init__("erased", hall_day=hall_day)


def load_master_key(path: Path, *, create: bool = True) -> bytes:
    """The 32 bytes of the master key.

    The file holds 64 hexadecimal digits, so that it can be written on paper and typed in again.

    Args:
        path: the key file; only its owner may read it.
        create: make a new key if there is no file. False for a store that :func:`is_sealed`: a new key would open
            nothing, and the old file must be put back.

    Raises:
        VaultError: it is missing, unreadable, open to other users, or not a key.
    """
    try:
        return _read_key(path)
    except FileNotFoundError:
        if not create:
            raise VaultError(
                "key_missing",
                f"找不到主密钥文件 {path}，数据库已用它加密：请从备份处放回，或改正 store.key_file / "
                f"the master key file {path} is not there, and the store is sealed with it: "
                "put it back from where you keep its copy, or correct store.key_file",
            ) from None
    _make_key(path)
    return _read_key(path)


def is_sealed(store: "Store") -> bool:
    """Whether this store has a master key already."""
    with store.read() as conn:
        return conn.scalar(_FACT, {"wanted": _PROOF}) is not None or bool(conn.scalar(_IN_USE))


def _read_key(path: Path) -> bytes:
    try:
        # O_NONBLOCK: a pipe put in the file's place must not hang the start.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            about = os.fstat(handle)
            text = os.read(handle, 1024) if stat.S_ISREG(about.st_mode) else b""
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise VaultError(
            "key_unreadable",
            f"无法读取主密钥文件 {path}：它必须属于运行 quhao 的用户 / "
            f"cannot read the master key file {path}: {error.strerror}; the user that runs quhao must own it",
        ) from None
    if stat.S_ISREG(about.st_mode) and about.st_mode & 0o077:
        raise VaultError(
            "key_too_open",
            f"其他用户可以读取主密钥文件 {path}，请执行 chmod 600 {path} / "
            f"the master key file {path} is open to other users (mode {stat.S_IMODE(about.st_mode):04o}): "
            f"run chmod 600 {path}",
        )
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(
            "key_malformed",
            f"主密钥文件 {path} 内容不对，应为 {2 * KEY_BYTES} 位十六进制数：请从备份处放回 / "
            f"the master key file {path} does not hold a key: expected {2 * KEY_BYTES} hexadecimal digits; "
            "put it back from where you keep its copy",
        )
    return key


def _make_key(path: Path) -> None:
    """Make a whole key file or none; of two processes that start at once, one makes it and both read it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise VaultError(
            "key_unreadable", f"无法创建主密钥文件 {path} / cannot make the master key file {path}: {error.strerror}"
        ) from None


class _DayKeys:
    """The keys of one day, and the wrapped form they came from. No dataclass: it must never be printed."""

    __slots__ = ("code", "hash", "seal", "wrapped")

    def __init__(self, day: bytes, wrapped: bytes) -> None:
        self.wrapped = wrapped
        self.seal = sealing.derive(day, KEY_BYTES, b"day seal")
        self.hash = sealing.derive(day, KEY_BYTES, b"day hash")
        self.code = sealing.derive(day, KEY_BYTES, b"day code")


class Vault:
    """Seals, opens and erases, inside the caller's transaction.

    Args:
        store: read once, here, to check that the key is the one it was sealed with.
        master: 32 bytes of :func:`load_master_key`.
        hall_id: part of every key: another hall's seals do not open.
        cipher: ``"aes-256-gcm"`` or ``"sm4-gcm"``, for new seals; both kinds are opened.
        clock: now, as an aware ``datetime``.

    Raises:
        VaultError: key or hall are not the store's, the store's proof of them was removed, or this box lacks the
            cipher.
    """

    def __init__(
        self,
        store: "Store",
        master: bytes,
        hall_id: str,
        cipher: str = "aes-256-gcm",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        suite = sealing.SUITES.get(cipher)
        if suite is None:
            raise VaultError("cipher_unknown", f"unknown cipher {cipher!r}: use one of {', '.join(sealing.SUITES)}")
        if not sealing.available(suite):
            raise VaultError(
                "cipher_unavailable",
                f"本机的 OpenSSL 不支持 {cipher}，请用 aes-256-gcm / "
                f"the OpenSSL of this box cannot do {cipher}: use aes-256-gcm",
            )
        hall = hall_id.encode()
        self._suite = suite
        self._hall = hall
        self._clock = clock
        self._wrap = sealing.derive(master, KEY_BYTES, hall, b"wrap")
        self._lasting_seal = sealing.derive(master, KEY_BYTES, hall, b"lasting seal")
        self._lasting_hash = sealing.derive(master, KEY_BYTES, hall, b"lasting hash")
        self._lock = threading.Lock()
        self._days: dict[str, _DayKeys] = {}
        # Two halves, to tell a changed hall.id from a wrong key.
        self._prove(
            store,
            sealing.derive(master, KEY_BYTES, b"proof of the key"),
            sealing.derive(master, KEY_BYTES, hall, b"proof of the hall"),
        )

    def _prove(self, store: "Store", key_proof: bytes, hall_proof: bytes) -> None:
        with store.read() as conn:
            kept = conn.scalar(_FACT, {"wanted": _PROOF})
        if kept is None:
            with store.write() as conn:
                kept = conn.scalar(_FACT, {"wanted": _PROOF})
                if kept is None:
                    if conn.scalar(_IN_USE):
                        raise VaultError(
                            "proof_missing",
                            "数据库中的密钥证明已被删除，访问日志也可能一并被删，不再可信："
                            "请从备份恢复数据库，并查明原因 / "
                            "this store has been worked with, but the proof of its key was removed, and entries of the "
                            "access log may have been removed with it: bring back a backup, and find out who did it",
                        )
                    kept = key_proof + hall_proof
                    head = self.seal_lasting(LOG_HEAD, "head", b"")
                    conn.execute(insert(fact), [{"name": _PROOF, "value": kept}, {"name": LOG_HEAD, "value": head}])
        if not hmac.compare_digest(kept[:KEY_BYTES], key_proof):
            raise VaultError(
                "key_wrong",
                "主密钥与数据库不符：请放回原来的密钥文件，或改正 store.key_file 或 store.url / "
                "the master key is not the one this store is sealed with: "
                "put back the right key file, or correct store.key_file or store.url",
            )
        if not hmac.compare_digest(kept[KEY_BYTES:], hall_proof):
            raise VaultError(
                "hall_changed",
                "数据库属于另一个 hall.id 的大厅：请改回原来的 hall.id / "
                "this store belongs to a hall with another hall.id: put the old hall.id back",
            )

    # -- for one hall day ------------------------------------------------------------------------------------------

    def begin_day(self, conn: Connection, hall_day: str) -> None:
        """Make the day's key if there is none, so that readers need not write later."""
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
        return _mac(keys.hash, purpose.encode(), _utf8(value))

    def day_code(self, conn: Connection, hall_day: str, ticket_id: int, wrapped: bytes | None = None) -> bytes:
        """The 10 bytes of a ticket's code: pseudorandom, the same each time, gone with the day.

        ``wrapped`` is the day's wrapped key, where the same transaction has read it already.
        """
        keys = self._keys(conn, hall_day, make=True, wrapped=wrapped)
        return _mac(keys.code, str(ticket_id).encode())[:CODE_BYTES]

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
        held = list(
            conn.scalars(select(day_key.c.hall_day).where(day_key.c.wrapped.is_not(None)).order_by(day_key.c.hall_day))
        )
        with self._lock:
            self._days = {day: keys for day, keys in self._days.items() if day in held}
        return held

    # -- for as long as the master key -----------------------------------------------------------------------------

    def lasting_hash(self, purpose: str, value: str) -> bytes:
        """A MAC, 32 bytes, by which ``value`` is found again on any day."""
        return self.lasting_mac(purpose, _utf8(value))

    def lasting_mac(self, purpose: str, *parts: bytes) -> bytes:
        """A MAC, 32 bytes, over ``parts`` in this order, keyed by the master key."""
        return _mac(self._lasting_hash, purpose.encode(), *parts)

    def seal_lasting(self, purpose: str, ident: str, data: bytes) -> bytes:
        """Seal data that are not personal and outlive the day."""
        return sealing.seal(self._suite, self._lasting_seal, data, *self._bound("", purpose, ident))

    def open_lasting(self, purpose: str, ident: str, sealed: bytes) -> bytes:
        """Open them; raises :class:`VaultError` (``seal_broken``)."""
        try:
            return sealing.unseal(self._lasting_seal, sealed, *self._bound("", purpose, ident))
        except BrokenSealError:
            raise _broken(purpose) from None

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
            keys = self._unwrap(hall_day, wrapped)
            self._remember(hall_day, keys)
        return keys

    def _make_keys(self, conn: Connection, hall_day: str) -> _DayKeys:
        day = secrets.token_bytes(KEY_BYTES)
        wrapped = sealing.seal(sealing.AES_256_GCM, self._wrap, day, *self._bound(hall_day, "day key", ""))
        conn.execute(insert(day_key).values(hall_day=hall_day, wrapped=wrapped, created_at=self._now()))
        keys = _DayKeys(day, wrapped)
        self._remember(hall_day, keys)
        return keys

    def _unwrap(self, hall_day: str, wrapped: bytes) -> _DayKeys:
        try:
            return _DayKeys(sealing.unseal(self._wrap, wrapped, *self._bound(hall_day, "day key", "")), wrapped)
        except BrokenSealError:
            raise _broken("day key") from None

    def _remember(self, hall_day: str, keys: _DayKeys) -> None:
        with self._lock:
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


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, sealing.frame(*parts), "sha256")


def _utf8(value: str) -> bytes:
    # A lone surrogate from a device or keyboard must not become an exception that quotes the value.
    return value.encode("utf-8", "surrogatepass")


def _broken(purpose: str) -> VaultError:
    return VaultError(
        "seal_broken", f"something sealed ({purpose}) does not open: it was changed, or belongs elsewhere in the store"
    )

"""Who may do what: people log in with a password, machines carry a token.

The store keeps no password, session secret or token, only hashes of them: argon2id for passwords, which are guessable,
and SHA-256 for the others, which are 32 random bytes. Whoever is removed is out at once; a token that another process
removes, within a second.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select, update

from ticketing.model import ROLES, Role, TicketingError
from ticketing.people.guessing import Try, network_of
from ticketing.people.passwords import Passwords
from ticketing.store.prepared import Prepared
from ticketing.store.tables import account, login, token, window

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ticketing.store.base import Store

LOGIN_LASTS = timedelta(hours=12)
"""A working day; after it, a forgotten browser is logged out."""

MIN_PASSWORD = 8
MAX_PASSWORD = 256
TOKEN_PREFIX = "quhao_"  # noqa: S105 - what a token begins with, so that scanners for leaked secrets know it
EVERY_WINDOW = "*"

TOKEN_KNOWN_FOR = 1.0
"""Seconds a token is known without asking the store: a business system sends its own with each of many requests."""

ACCOUNTS_OF_DEVICE = 8
"""Accounts by which a browser is known; of more, the last ones."""

_KNOWN_TOKENS = 256
_DEVICE = re.compile(r"([\w-]{22})((?:\.[0-9a-f]{24})*)", re.ASCII)
_MARK_CHARS = 24
_SECRET_BYTES = 32
_SECRET_CHARS = 43
_NAME = re.compile(r"\w[\w.@-]{0,63}")
_WINDOW = re.compile(r"\*|[\w.-]{1,64}")

_TOKEN = Prepared(
    select(token.c.name, token.c.role, token.c.windows, token.c.terminal).where(token.c.hash == bindparam("hash"))
)
_LOGIN = Prepared(
    select(account.c.name, account.c.role, account.c.windows)
    .join(login, login.c.account == account.c.name)
    .where(login.c.hash == bindparam("hash"), login.c.expires_at > bindparam("now"))
)


class AccountError(TicketingError):
    """An account or a token that cannot be; its text says why.

    Codes: ``name_invalid``, ``role_unknown``, ``password_short``, ``password_long``, ``window_invalid``,
    ``window_needed``, ``terminal_needed``, ``terminal_invalid``.
    """


@dataclass(frozen=True)
class Principal:
    """Who a request comes from.

    ``name`` is that of the account or token, ``windows`` are the ids of those it may use (``"*"`` for all), and
    ``terminal`` is the id of the self-service terminal a token belongs to.
    """

    name: str
    role: Role
    windows: tuple[str, ...] = ()
    terminal: str | None = None

    def may_use(self, window: str) -> bool:
        """Whether it is bound to this window."""
        return window in self.windows or EVERY_WINDOW in self.windows


@dataclass(frozen=True)
class Added:
    """What :meth:`People.add_account` did.

    Attributes:
        new: whether the account was not there before.
        changed: of one that was there: ``password`` always, ``role`` and ``windows`` where they are others now.
    """

    new: bool
    changed: tuple[str, ...] = ()


class People:
    """Accounts, log-ins and tokens. Safe to use from any thread, and from several processes on one store.

    Args:
        store: where they are kept.
        clock: now, as an aware ``datetime``, for the dates of creation.
        ticks: seconds that nobody sets back, for what is known for a while.
    """

    def __init__(
        self,
        store: "Store",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ticks = ticks
        self._passwords = Passwords(ticks)
        # Replaced, never emptied: who read a token before its removal puts it into a dictionary that nobody asks.
        self._known: dict[bytes, tuple[float, Principal]] = {}

    # -- adding and removing ---------------------------------------------------------------------------------------

    def add_account(self, name: str, role: Role, windows: Sequence[str], password: str) -> Added:
        """Adds an account, or gives one that is there a new password, role and windows, and logs it out everywhere.

        Where it sat, somebody else may sit now.

        Args:
            name: 1 to 64 letters, digits, ``. _ - @``; upper and lower case differ.
            role: one of ``ROLES``.
            windows: ids, or ``"*"``; a clerk needs one.
            password: 8 to 256 characters.

        Raises:
            AccountError: one of these is not so.
        """
        name = _checked_name(name)
        bound = _checked_windows(role, windows)
        if len(password) < MIN_PASSWORD:
            raise AccountError(
                "password_short",
                f"密码太短，至少 {MIN_PASSWORD} 个字符 / the password is too short: at least {MIN_PASSWORD} characters",
            )
        if len(password) > MAX_PASSWORD:
            raise AccountError(
                "password_long",
                f"密码太长，最多 {MAX_PASSWORD} 个字符 / the password is too long: at most {MAX_PASSWORD} characters",
            )
        # Before the transaction: a hash takes longer than anybody should hold the store.
        password_hash = self._passwords.hash(password)
        with self._store.write() as conn:
            before = conn.execute(select(account.c.role, account.c.windows).where(account.c.name == name)).one_or_none()
            values = {"role": role, "windows": bound, "password_hash": password_hash}
            if before is None:
                conn.execute(insert(account).values(name=name, created_at=_micros(self._clock()), **values))
                return Added(new=True)
            conn.execute(update(account).where(account.c.name == name).values(**values))
            conn.execute(delete(login).where(login.c.account == name))
            _free_windows(conn, name)
        changed = [what for what in ("role", "windows") if getattr(before, what) != values[what]]
        return Added(new=False, changed=("password", *changed))

    def add_token(self, name: str, role: Role, windows: Sequence[str] = (), terminal: str | None = None) -> str:
        """Adds a token for a machine and gives it, this once; a name may have several.

        Raises:
            AccountError: as in :meth:`add_account`, or a terminal's token without its terminal.
        """
        name = _checked_name(name)
        bound = _checked_windows(role, windows)
        if role == "terminal" and terminal is None:
            raise AccountError(
                "terminal_needed",
                "角色 terminal 的令牌须指明终端 / a token of role terminal needs the terminal it is for",
            )
        if terminal is not None and not _NAME.fullmatch(terminal):
            raise AccountError(
                "terminal_invalid",
                "终端编号为 1 至 64 个字母、数字或 . _ - @ / a terminal's id has 1 to 64 letters, digits, . _ - @",
            )
        secret = TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        with self._store.write() as conn:
            conn.execute(
                insert(token).values(
                    hash=_hash_of(secret),
                    name=name,
                    role=role,
                    windows=bound,
                    terminal=terminal,
                    created_at=_micros(self._clock()),
                )
            )
        return secret

    def remove_account(self, name: str) -> bool:
        """Removes an account, logs it out everywhere and frees its windows; False when there is none of that name."""
        with self._store.write() as conn:
            _free_windows(conn, name)
            return conn.execute(delete(account).where(account.c.name == name)).rowcount > 0

    def remove_tokens(self, name: str) -> int:
        """Removes all tokens of that name; gives how many there were."""
        with self._store.write() as conn:
            removed = conn.execute(delete(token).where(token.c.name == name)).rowcount
        self._known = {}
        return removed

    # -- coming and going ------------------------------------------------------------------------------------------

    def login(self, name: str, password: str, now: datetime, source: str = "", device: str = "") -> str | None:
        """A session secret for the cookie, or None; a wrong password and an unknown name take the same time.

        Args:
            name: of the account.
            password: what was typed.
            now: from which the log-in lasts.
            source: the address it comes from.
            device: what the browser keeps of :meth:`device`, ``""`` for nothing.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait, for this name or, with ``everyone=True``, for
                any name from this source; the password was not looked at.
        """
        name = unicodedata.normalize("NFC", name)
        could_be = _NAME.fullmatch(name) is not None
        kept = self._password_of(name) if len(password) <= MAX_PASSWORD and could_be else None
        # What cannot be a name counts as one name, so that long ones do not fill the memory.
        who = Try(name if could_be else "", network_of(source), _known(device, name, kept))
        if not self._passwords.fits(who, kept, password[:MAX_PASSWORD]):
            return None
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        with self._store.write() as conn:
            # Removed, or given another password, while this one was being looked at?
            if conn.scalar(select(account.c.password_hash).where(account.c.name == name)) != kept:
                return None
            conn.execute(delete(login).where(login.c.expires_at <= _micros(now)))
            conn.execute(
                insert(login).values(hash=_hash_of(secret), account=name, expires_at=_micros(now + LOGIN_LASTS))
            )
        return secret

    def device(self, name: str, before: str = "") -> str:
        """What a browser that has just logged in to ``name`` keeps, so that it is known at its next log-in.

        An id and, for each of the last accounts, a mark: a MAC over id and name, keyed by the account's password hash.
        So every box that shares the store knows it, nobody else can make one, and it ends with the password. It opens
        nothing: it only has a bucket of its own in ``ticketing.people.guessing``.

        ``before`` is what the browser kept until now.
        """
        found = _DEVICE.fullmatch(before)
        number = found[1] if found else secrets.token_urlsafe(16)
        mark = _mark(number, name, self._password_of(name) or "")
        marks = [mark, *(one for one in (found[2].split(".")[1:] if found else []) if one != mark)]
        return ".".join([number, *marks[:ACCOUNTS_OF_DEVICE]])

    def _password_of(self, name: str) -> str | None:
        with self._store.read() as conn:
            kept: str | None = conn.scalar(select(account.c.password_hash).where(account.c.name == name))
        return kept

    def logout(self, secret: str) -> None:
        """Ends one log-in; one that is not there is no error."""
        with self._store.write() as conn:
            conn.execute(delete(login).where(login.c.hash == _hash_of(secret)))

    def principal_of_login(self, secret: str, now: datetime) -> Principal | None:
        """Who is logged in with this secret; None when nobody is, or not any more."""
        if len(secret) != _SECRET_CHARS:
            return None
        with self._store.read() as conn:
            row = _LOGIN.one_or_none(conn, {"hash": _hash_of(secret), "now": _micros(now)})
        return None if row is None else _principal(row.name, row.role, row.windows, None)

    def principal_of_token(self, secret: str) -> Principal | None:
        """Whose token this is; None when it is none of ours, or not any more (see ``TOKEN_KNOWN_FOR``)."""
        if not secret.startswith(TOKEN_PREFIX) or len(secret) != len(TOKEN_PREFIX) + _SECRET_CHARS:
            return None
        hashed, now, known = _hash_of(secret), self._ticks(), self._known
        kept = known.get(hashed)
        if kept is not None and now < kept[0]:
            return kept[1]
        with self._store.read() as conn:
            row = _TOKEN.one_or_none(conn, {"hash": hashed})
        principal = None if row is None else _principal(row.name, row.role, row.windows, row.terminal)
        if principal is None:
            known.pop(hashed, None)
        else:
            if len(known) >= _KNOWN_TOKENS:
                known.clear()
            known[hashed] = now + TOKEN_KNOWN_FOR, principal
        return principal


def _known(device: str, name: str, kept: str | None) -> str | None:
    """The id of a device that has the mark of this account, else None."""
    found = _DEVICE.fullmatch(device)
    if found is None or kept is None:
        return None
    mark = _mark(found[1], name, kept)
    return found[1] if any(hmac.compare_digest(mark, one) for one in found[2].split(".")) else None


def _mark(number: str, name: str, kept: str) -> str:
    return hmac.new(kept.encode(), f"known device\n{number}\n{name}".encode(), "sha256").hexdigest()[:_MARK_CHARS]


def _free_windows(conn: "Connection", name: str) -> None:
    """Who is logged out everywhere sits nowhere, also where a ticket is: somebody else must be able to finish it."""
    conn.execute(update(window).where(window.c.clerk == name).values(clerk=None, clerk_since=None))


def _principal(name: str, role: Role, windows: str, terminal: str | None) -> Principal | None:
    # A role this program does not know (of a newer one, or written by hand) may do nothing.
    return Principal(name, role, tuple(json.loads(windows)), terminal) if role in ROLES else None


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise AccountError(
            "name_invalid",
            "名称为 1 至 64 个字母、数字或 . _ - @，以字母或数字开头 / "
            "a name has 1 to 64 letters, digits, . _ - @ and begins with a letter or digit",
        )
    return name


def _checked_windows(role: str, windows: Sequence[str]) -> str:
    if role not in ROLES:
        raise AccountError("role_unknown", f"未知的角色 / unknown role: use one of {', '.join(ROLES)}")
    if any(not _WINDOW.fullmatch(window) for window in windows):
        raise AccountError(
            "window_invalid",
            "窗口编号为 1 至 64 个字母、数字或 . _ -,* 表示全部 / "
            "a window's id has 1 to 64 letters, digits, . _ -, or is * for all",
        )
    if role == "clerk" and not windows:
        raise AccountError(
            "window_needed",
            "窗口人员至少要有一个窗口，* 表示全部 / a clerk needs a window: name at least one, or * for all",
        )
    return json.dumps(sorted(set(windows)), ensure_ascii=False)


def _hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)

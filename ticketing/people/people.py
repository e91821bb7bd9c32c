"""Who may do what: people log in with a password, machines carry a token.

The store keeps no password, session secret or token, only hashes of them: argon2id for passwords, which are guessable,
and SHA-256 for the others, which are 32 random bytes. Whoever is removed is out at once; a token that another process
removes, within a second.
"""

import hmac
import json
import re
import secrets
import time
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from ticketing.model import Actor, StoreError, microseconds
from ticketing.people import second_factor
from ticketing.people.accounts import Account, Accounts, Added, Session
from ticketing.people.guessing import Try, network_of
from ticketing.people.keeper import AccountRules, Duty, Keeper, NoKeeper
from ticketing.people.password_rules import MAX_PASSWORD, MIN_PASSWORD, AccountError
from ticketing.people.passwords import COST, Cost, Passwords
from ticketing.people.principal import (
    EVERY_WINDOW,
    NAME,
    SECRET_BYTES,
    SECRET_CHARS,
    Principal,
    hash_of,
    principal_of,
    told_principal,
)
from ticketing.people.second_factor import SecondFactorError
from ticketing.people.tokens import TOKEN_KNOWN_FOR, TOKEN_PREFIX, Tokens, TokenView
from ticketing.store.prepared import Prepared
from ticketing.store.tables import account, login, token

if TYPE_CHECKING:
    from ticketing.store.base import Store

__all__ = [
    "EVERY_WINDOW",
    "LOGIN_LASTS",
    "MAX_PASSWORD",
    "MIN_PASSWORD",
    "TOKEN_KNOWN_FOR",
    "TOKEN_PREFIX",
    "Account",
    "AccountError",
    "AccountRules",
    "Added",
    "Duty",
    "People",
    "Principal",
    "SecondFactorError",
    "Session",
    "TokenView",
]

LOGIN_LASTS = timedelta(hours=12)
"""A working day; after it, a forgotten browser is logged out."""
KNOWN_LOGINS = 1024
"""Log-ins of which this box remembers who they are."""
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down at most that a log-in is used."""

ACCOUNTS_OF_DEVICE = 8
"""Accounts by which a browser is known; of more, the last ones."""

_DEVICE = re.compile(r"([\w-]{22})((?:\.[0-9a-f]{24})*)", re.ASCII)
_MARK_CHARS = 24

_LOGIN = Prepared(
    select(
        account.c.name,
        account.c.role,
        account.c.windows,
        account.c.must_change,
        account.c.totp_step,
        account.c.duty,
        login.c.locked,
        login.c.seen_at,
        login.c.expires_at,
    )
    .join(login, login.c.account == account.c.name)
    .where(login.c.hash == bindparam("hash"), login.c.expires_at > bindparam("now"))
)


class _Login(NamedTuple):
    """A log-in as this box knows it; ``acted_at`` by a clock that nobody sets, in seconds."""

    principal: Principal
    expires_at: int
    acted_at: float


class People(Accounts, Tokens):
    """Accounts, log-ins and tokens. Safe to use from any thread, and from several processes on one store.

    Args:
        store: where they are kept.
        clock: now, as an aware ``datetime``, for the dates of creation.
        ticks: seconds that nobody sets back, for what is known for a while.
        keeper: the hall's log and seal.
        rules: what the hall asks of its accounts.
        cost: of the hashes of new passwords.
    """

    def __init__(
        self,
        store: "Store",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
        *,
        keeper: Keeper | None = None,
        rules: AccountRules | None = None,
        cost: Cost = COST,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ticks = ticks
        self._keeper = keeper or NoKeeper()
        self.rules = rules or AccountRules()
        self._passwords = Passwords(ticks, cost)
        # Who was logged in when they last did something: known while the box goes on without the store.
        self._logins: dict[bytes, _Login] = {}
        self._begin_tokens()

    # -- coming and going ------------------------------------------------------------------------------------------

    def login(
        self, name: str, password: str, now: datetime, source: str = "", device: str = "", totp: str = ""
    ) -> str | None:
        """A session secret for the cookie, or None; a wrong password and an unknown name take the same time.

        Args:
            name: of the account.
            password: what was typed.
            now: from which the log-in lasts.
            source: the address it comes from.
            device: what the browser keeps of :meth:`device`, ``""`` for nothing.
            totp: the code of the second factor, or a recovery code; ``""`` for none.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait, for this name or, with ``everyone=True``, for
                any name from this source; the password was not looked at.
            SecondFactorError: ``totp_needed``, ``totp_wrong``: the password was right.
        """
        name = unicodedata.normalize("NFC", name)
        could_be = NAME.fullmatch(name) is not None
        row = self._row(name) if len(password) <= MAX_PASSWORD and could_be else None
        kept = row and row.password_hash
        # What cannot be a name counts as one name, so that long ones do not fill the memory.
        who = Try(name if could_be else "", network_of(source), _known(device, name, kept))
        used: dict[str, Any] = {}

        def second() -> bool | None:
            if row is None or row.totp_step is None:
                return True
            used.update(self._used_by(row, totp, now) if totp else {})
            return bool(used) if totp else None

        verdict = self._passwords.fits(who, kept, password[:MAX_PASSWORD], second)
        if verdict == "totp_needed":
            raise SecondFactorError("totp_needed")
        if verdict != "right" or row is None:
            self._note_failure(row, now, source, verdict)
            if verdict == "totp_wrong":
                raise SecondFactorError("totp_wrong")
            return None
        secret = secrets.token_urlsafe(SECRET_BYTES)
        at = microseconds(now)
        with self._store.write() as conn:
            # Removed, given another password, or let in by this very code while this one was being looked at?
            here = conn.execute(_of_account(name)).one_or_none()
            if here is None or here.password_hash != kept:
                return None
            if (here.totp_step, here.recovery) != (row.totp_step, row.recovery):
                raise SecondFactorError("totp_wrong")
            if used:
                conn.execute(update(account).where(account.c.name == name).values(**used))
            conn.execute(delete(login).where(login.c.expires_at <= at))
            conn.execute(
                insert(login).values(
                    hash=hash_of(secret),
                    account=name,
                    expires_at=microseconds(now + LOGIN_LASTS),
                    begun_at=at,
                    seen_at=at,
                    source=source[:64],
                    locked=False,
                )
            )
            how = "recovery code" if "recovery" in used else None
            self._record_if_possible(conn, now, Actor(name, row.role, source), "login", how)
        return secret

    def _used_by(self, row: Any, code: str, now: datetime) -> dict[str, Any]:
        """What is kept of an account once this second factor is used; nothing where it is wrong."""
        step = second_factor.step_of(self._keeper.unseal(row.name, row.totp).decode(), code, now, row.totp_step)
        if step is not None:
            return {"totp_step": step}
        left = second_factor.left_without(row.recovery, code)
        return {} if left is None else {"recovery": left}

    def _note_failure(self, row: Any, now: datetime, source: str, verdict: str) -> None:
        # Without a name that is no account's: it may be a password or an ID number in the wrong field.
        actor = Actor(row.name if row else "-", row.role if row else "clerk", source)
        with self._store.write() as conn:
            self._record_if_possible(conn, now, actor, "login-failed", verdict)

    def device(self, name: str, before: str = "") -> str:
        """What a browser that has just logged in to ``name`` keeps, so that it is known at its next log-in.

        An id and, for each of the last accounts, a mark: a MAC over id and name, keyed by the account's password hash.
        So every box that shares the store knows it, nobody else can make one, and it ends with the password. It opens
        nothing: it only has a bucket of its own in ``ticketing.people.guessing``.

        ``before`` is what the browser kept until now.
        """
        found = _DEVICE.fullmatch(before)
        number = found[1] if found else secrets.token_urlsafe(16)
        row = self._row(name)
        mark = _mark(number, name, row.password_hash if row else "")
        marks = [mark, *(one for one in (found[2].split(".")[1:] if found else []) if one != mark)]
        return ".".join([number, *marks[:ACCOUNTS_OF_DEVICE]])

    def known_as(self, name: str, source: str, device: str) -> Try:
        """Who tries a password of somebody logged in as ``name``."""
        row = self._row(name)
        return Try(name, network_of(source), _known(device, name, row and row.password_hash))

    def _row(self, name: str) -> Any:
        with self._store.read() as conn:
            return conn.execute(_of_account(name)).one_or_none()

    def logout(self, secret: str, source: str = "") -> None:
        """Ends one log-in; one that is not there is no error."""
        hashed = hash_of(secret)
        with self._store.write() as conn:
            row = conn.execute(
                select(account.c.name, account.c.role)
                .join(login, login.c.account == account.c.name)
                .where(login.c.hash == hashed)
            ).one_or_none()
            if row is not None:
                conn.execute(delete(login).where(login.c.hash == hashed))
                self._record_if_possible(conn, self._clock(), Actor(row.name, row.role, source), "logout", None)

    def principal_of_login(self, secret: str, now: datetime, *, acts: bool = False) -> Principal | None:
        """Who is logged in with this secret; None when nobody is, or not any more.

        A log-in without an act for longer than the rules have it is locked from here on. ``acts``: whether its person
        does something now, and does not only look.
        """
        if len(secret) != SECRET_CHARS:
            return None
        hashed = hash_of(secret)
        if self.goes_on():
            # The store would say nothing, and the clerk who pressed would wait for that.
            return self._known_login(hashed, now, acts=acts)
        try:
            found = self._look_up_login(hashed, secret, now, acts=acts)
        except StoreError as error:
            # By this very request the store may be found lost, or to take nothing any more: whoever sits there goes on
            # to see what it holds, and that it does not.
            if error.code not in ("store_full", "store_broken") and not self.lost(error):
                raise
            return self._known_login(hashed, now, acts=acts)
        if found is None:
            self._logins.pop(hashed, None)
            return None
        if len(self._logins) >= KNOWN_LOGINS:
            self._logins.clear()
        self._logins[hashed] = found
        return found.principal

    def _known_login(self, hashed: bytes, now: datetime, *, acts: bool) -> Principal | None:
        """Who is logged in as far as this box knows; the store is away.

        Raises:
            StoreError: ``login_later``: nobody of whom this box knows.
        """
        kept = self._logins.get(hashed)
        if kept is None:
            raise StoreError("login_later")
        if kept.expires_at <= microseconds(now):
            return None
        ticks, idle = self._ticks(), self.rules.idle
        if idle and ticks - kept.acted_at >= idle.total_seconds():
            kept = kept._replace(principal=replace(kept.principal, locked=True))
        elif acts and not kept.principal.locked:
            kept = kept._replace(acted_at=ticks)
        self._logins[hashed] = kept
        return kept.principal

    def _look_up_login(self, hashed: bytes, secret: str, now: datetime, *, acts: bool) -> "_Login | None":
        at = microseconds(now)
        with self._store.read() as conn:
            row = _LOGIN.one_or_none(conn, {"hash": hashed, "now": at})
        if row is None:
            return None
        locked = bool(row.locked)
        idle = self.rules.idle
        if not locked and idle and at - row.seen_at >= idle // timedelta(microseconds=1):
            locked = True
            self.lock(secret, now, reason="idle")
        elif acts and not locked and at - row.seen_at >= SEEN_EVERY // timedelta(microseconds=1):
            with self._store.write() as conn:
                conn.execute(update(login).where(login.c.hash == hashed, ~login.c.locked).values(seen_at=at))
        must = "password_change_needed" if row.must_change else ""
        if not must and row.role in self.rules.second_factor and row.totp_step is None:
            must = "totp_setup_needed"
        duty = row.duty
        if duty is None and row.role == "manager" and self.rules.separate_duties:
            # An account of before duties were kept apart: it administers no accounts until it is given that duty.
            duty = "system"
        principal = principal_of(row.name, row.role, row.windows, locked=locked, must=must, duty=duty)
        idled = 0 if acts else max(0, at - row.seen_at) / 1_000_000
        return None if principal is None else _Login(principal, row.expires_at, self._ticks() - idled)

    # -- a start while the store is away ---------------------------------------------------------------------------

    @property
    def known(self) -> frozenset[bytes]:
        """The hashes of all log-ins and tokens that this box knows."""
        return frozenset([*self._known.copy(), *self._logins.copy()])

    def tell_known(self) -> bytes:
        """Of whom this box knows, for :meth:`know_again` in another run of the program; whoever is gone is forgotten.

        It holds no more than the store does: hashes, and what their log-ins and tokens may do. Raises StoreError.
        """
        self._forget_gone()
        ticks, now = self._ticks(), microseconds(self._clock())
        logins = {
            hashed.hex(): {
                "principal": asdict(kept.principal),
                "expires_at": kept.expires_at,
                "at": now - int((ticks - kept.acted_at) * 1_000_000),
            }
            for hashed, kept in self._logins.copy().items()
        }
        return json.dumps({"tokens": self._tokens_known(ticks, now), "logins": logins}).encode()

    def know_again(self, told: bytes) -> None:
        """Know those whom an earlier run knew: they are as good as there, while the store is away."""
        if not told:
            return
        ticks, now, kept = self._ticks(), microseconds(self._clock()), json.loads(told)
        self._know_tokens(kept["tokens"], ticks, now)
        for hashed, one in kept["logins"].items():
            acted_at = ticks - max(0, now - one["at"]) / 1_000_000
            self._logins[bytes.fromhex(hashed)] = _Login(told_principal(one), one["expires_at"], acted_at)

    def _forget_gone(self) -> None:
        with self._store.read() as conn:
            for table, here in ((token, self._known), (login, self._logins)):
                known = list(here.copy())
                there = set(conn.scalars(select(table.c.hash).where(table.c.hash.in_(known)))) if known else set()
                for gone in set(known) - there:
                    here.pop(gone, None)

    # -- the lock --------------------------------------------------------------------------------------------------

    def lock(self, secret: str, now: datetime, source: str = "", reason: str | None = None) -> bool:
        """Locks a log-in until its person gives the password again; False where it is locked or not there."""
        with self._store.write() as conn:
            row = conn.execute(
                select(account.c.name, account.c.role, login.c.source)
                .join(login, login.c.account == account.c.name)
                .where(login.c.hash == hash_of(secret), ~login.c.locked)
            ).one_or_none()
            if row is None:
                return False
            conn.execute(update(login).where(login.c.hash == hash_of(secret)).values(locked=True))
            actor = Actor(row.name, row.role, source or row.source)
            self._record_if_possible(conn, now, actor, "locked", reason)
        return True

    def unlock(self, who: Try, secret: str, password: str, now: datetime, source: str = "") -> bool:
        """Opens a log-in again by its account's password; False where that is wrong.

        Raises:
            LimitError: ``too_many_tries``, as at the log-in.
        """
        row = self._row(who.name)
        if self._passwords.fits(who, row and row.password_hash, password) != "right" or row is None:
            self._note_failure(row, now, source, "unlock")
            return False
        with self._store.write() as conn:
            done = conn.execute(
                update(login)
                .where(login.c.hash == hash_of(secret), login.c.account == who.name)
                .values(locked=False, seen_at=microseconds(now))
            ).rowcount
            if done:
                self._record_if_possible(conn, now, Actor(row.name, row.role, source), "unlocked", None)
        return done > 0


def _of_account(name: str) -> Any:
    return select(
        account.c.name,
        account.c.role,
        account.c.password_hash,
        account.c.totp,
        account.c.totp_step,
        account.c.recovery,
    ).where(account.c.name == name)


def _known(device: str, name: str, kept: str | None) -> str | None:
    """The id of a device that has the mark of this account, else None."""
    found = _DEVICE.fullmatch(device)
    if found is None or kept is None:
        return None
    mark = _mark(found[1], name, kept)
    return found[1] if any(hmac.compare_digest(mark, one) for one in found[2].split(".")) else None


def _mark(number: str, name: str, kept: str) -> str:
    return hmac.new(kept.encode(), f"known device\n{number}\n{name}".encode(), "sha256").hexdigest()[:_MARK_CHARS]

"""Accounts: adding, changing, removing, their passwords and second factors."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from ticketing.model import Actor, Role, StateError, TicketingError, UnknownError, microseconds, time_of
from ticketing.people import second_factor
from ticketing.people.guessing import Try
from ticketing.people.keeper import CONSOLE, AccountRules, Duty
from ticketing.people.password_rules import AccountError, check_password
from ticketing.people.principal import (
    Registry,
    checked_name,
    checked_windows,
    free_windows,
    hash_of,
)
from ticketing.store.tables import account, login

log = logging.getLogger(__name__)

_DUTIES: dict[str, tuple[Duty, ...]] = {
    "manager": ("system", "security"),
    "technician": ("system",),
    "auditor": ("audit",),
}
"""What a role may administer where duties are kept apart; other roles administer nothing."""


@dataclass(frozen=True)
class Added:
    """What :meth:`Accounts.add_account` did.

    Attributes:
        new: whether the account was not there before.
        changed: of one that was there: ``password`` always, ``role`` and ``windows`` where they are others now.
    """

    new: bool
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """A log-in: ``id`` names it and opens nothing, ``own`` is the one that asks."""

    id: str
    begun_at: datetime
    seen_at: datetime
    expires_at: datetime
    source: str
    locked: bool
    own: bool = False


@dataclass(frozen=True)
class Account:
    """An account, without what it opens with."""

    name: str
    role: str
    windows: tuple[str, ...]
    created_at: datetime
    must_change: bool
    totp: bool
    duty: str | None
    sessions: tuple[Session, ...]


class Accounts(Registry):
    """Adding, changing, removing and listing accounts."""

    def add_account(
        self,
        name: str,
        role: Role,
        windows: Sequence[str],
        password: str,
        *,
        must_change: bool = False,
        duty: Duty | None = None,
        new: bool = False,
        by: Actor = CONSOLE,
    ) -> Added:
        """Adds an account, or gives one that is there a new password, role and windows, and logs it out everywhere.

        Where it sat, somebody else may sit now.

        Args:
            name: 1 to 64 letters, digits, ``. _ - @``; upper and lower case differ.
            role: one of ``ROLES``.
            windows: ids, or ``"*"``; a clerk needs one.
            password: as ``password_rules`` has it.
            must_change: whether its person must give it another password at the first log-in.
            duty: of a manager, where the hall keeps duties apart.
            new: whether it must not be there yet.
            by: who adds it, for the log.

        Raises:
            AccountError: one of these is not so.
            StateError: ``account_there``.
        """
        name = checked_name(name)
        bound = checked_windows(role, windows)
        duty = _duty_of(self.rules, role, duty)
        check_password(password, (name, *self.rules.names))
        # Before the transaction: a hash takes longer than anybody should hold the store.
        password_hash = self._passwords.hash(password)
        values = {
            "role": role,
            "windows": bound,
            "password_hash": password_hash,
            "must_change": must_change,
            "duty": duty,
        }
        with self._store.write() as conn:
            before = conn.execute(
                select(account.c.role, account.c.windows, account.c.duty).where(account.c.name == name)
            ).one_or_none()
            if before is None:
                now = self._clock()
                conn.execute(insert(account).values(name=name, created_at=microseconds(now), **values))
                self._keeper.record(conn, now, by, "account-added", f"{name} {role}")
                return Added(new=True)
            if new:
                raise StateError("account_there", name=name)
            self._refuse_second_duty(name, before.duty, duty)
            conn.execute(update(account).where(account.c.name == name).values(**values))
            conn.execute(delete(login).where(login.c.account == name))
            free_windows(conn, name)
            changed = ("password", *(what for what in ("role", "windows") if getattr(before, what) != values[what]))
            self._keeper.record(conn, self._clock(), by, "account-changed", f"{name} {role}: {', '.join(changed)}")
        return Added(new=False, changed=changed)

    def change_account(
        self, name: str, role: Role, windows: Sequence[str], *, duty: Duty | None = None, by: Actor = CONSOLE
    ) -> tuple[str, ...]:
        """Gives an account another role and other windows, and logs it out where one of them is another one now.

        Returns:
            What has changed, of ``role`` and ``windows``.

        Raises:
            UnknownError: ``unknown_account``.
            AccountError: as :meth:`add_account`.
        """
        bound = checked_windows(role, windows)
        duty = _duty_of(self.rules, role, duty)
        values = {"role": role, "windows": bound, "duty": duty}
        with self._store.write() as conn:
            before = conn.execute(
                select(account.c.role, account.c.windows, account.c.duty).where(account.c.name == name)
            ).one_or_none()
            if before is None:
                raise UnknownError("unknown_account")
            self._refuse_second_duty(name, before.duty, duty)
            changed = tuple(what for what in ("role", "windows") if getattr(before, what) != values[what])
            conn.execute(update(account).where(account.c.name == name).values(**values))
            if changed:
                conn.execute(delete(login).where(login.c.account == name))
                free_windows(conn, name)
                self._keeper.record(conn, self._clock(), by, "account-changed", f"{name} {role}: {', '.join(changed)}")
        return changed

    def reset_password(self, name: str, password: str, by: Actor = CONSOLE) -> None:
        """Gives an account a password that its person must change at the next log-in, and logs it out everywhere.

        Raises:
            UnknownError: ``unknown_account``.
            AccountError: the password is refused.
        """
        check_password(password, (name, *self.rules.names))
        # Before the transaction: a hash takes longer than anybody should hold the store.
        values = {"password_hash": self._passwords.hash(password), "must_change": True}
        with self._store.write() as conn:
            if not conn.execute(update(account).where(account.c.name == name).values(**values)).rowcount:
                raise UnknownError("unknown_account")
            conn.execute(delete(login).where(login.c.account == name))
            free_windows(conn, name)
            self._keeper.record(conn, self._clock(), by, "account-changed", f"{name}: password")

    def _refuse_second_duty(self, name: str, held: str | None, asked: Duty | None) -> None:
        if self.rules.separate_duties and held and asked != held:
            raise AccountError(
                "duty_other",
                f"{name} 已担任 {held}，三员不得兼任：请另建账号 / "
                f"{name} holds the duty {held}, and nobody holds two: make another account",
            )

    def remove_account(self, name: str, by: Actor = CONSOLE) -> bool:
        """Removes an account, logs it out everywhere and frees its windows; False when there is none of that name."""
        with self._store.write() as conn:
            free_windows(conn, name)
            removed = conn.execute(delete(account).where(account.c.name == name)).rowcount > 0
            if removed:
                self._keeper.record(conn, self._clock(), by, "account-removed", name)
        return removed

    def accounts(self, now: datetime) -> list[Account]:
        """All accounts by name, with their log-ins."""
        with self._store.read() as conn:
            rows = conn.execute(select(account).order_by(account.c.name)).all()
            logins = conn.execute(_logins(now)).all()
        found: dict[str, list[Session]] = {}
        for row in logins:
            found.setdefault(row.account, []).append(session_of(row))
        return [
            Account(
                row.name,
                row.role,
                tuple(json.loads(row.windows)),
                time_of(row.created_at),
                row.must_change,
                row.totp_step is not None,
                row.duty,
                tuple(found.get(row.name, ())),
            )
            for row in rows
        ]

    def account(self, name: str, now: datetime, own: str = "") -> Account | None:
        """One of them."""
        found = next((one for one in self.accounts(now) if one.name == name), None)
        return found and replace(found, sessions=tuple(self.sessions(name, now, own)))

    # -- log-ins -------------------------------------------------------------------------------------------------------

    def sessions(self, name: str, now: datetime, own: str = "") -> list[Session]:
        """The log-ins of an account, oldest first; ``own`` is the secret of the one that asks."""
        mine = hash_of(own)
        with self._store.read() as conn:
            rows = conn.execute(_logins(now).where(login.c.account == name)).all()
        return [session_of(row, own=row.hash == mine) for row in rows]

    def end_sessions(self, name: str, which: str | None, by: Actor) -> int:
        """Ends a log-in of an account, or all of them; how many there were. The last one frees its windows."""
        with self._store.write() as conn:
            hashes = list(conn.scalars(select(login.c.hash).where(login.c.account == name)))
            ended = [one for one in hashes if which is None or _id_of(one) == which]
            conn.execute(delete(login).where(login.c.hash.in_(ended)))
            if ended:
                if len(ended) == len(hashes):
                    free_windows(conn, name)
                self._keeper.record(conn, self._clock(), by, "session-ended", f"{name}: {len(ended)}")
        return len(ended)

    # -- passwords -----------------------------------------------------------------------------------------------------

    def is_password(self, who: Try, password: str) -> bool:
        """Whether this is the account's password, asked again for something that matters; raises as a log-in does."""
        with self._store.read() as conn:
            kept = conn.scalar(select(account.c.password_hash).where(account.c.name == who.name))
        return self._passwords.fits(who, kept, password) == "right"

    def change_password(self, who: Try, old: str, new: str, *, keep: str, place: str = "") -> bool:
        """Gives an account another password by the old one; False where the old one is wrong.

        All its log-ins end but the one with the secret ``keep``; guessing the old one is slowed down as a log-in is.

        Raises:
            AccountError: the new one is refused, or is the old one (``password_same``).
            LimitError: ``too_many_tries``.
        """
        with self._store.read() as conn:
            row = conn.execute(
                select(account.c.password_hash, account.c.role).where(account.c.name == who.name)
            ).one_or_none()
        kept = row and row.password_hash
        if self._passwords.fits(who, kept, old) != "right" or row is None:
            return False
        if new == old:
            raise AccountError("password_same", "新密码和旧密码一样，请换一个 / the new password is the old one")
        check_password(new, (who.name, *self.rules.names))
        password_hash = self._passwords.hash(new)
        with self._store.write() as conn:
            done = conn.execute(
                update(account)
                .where(account.c.name == who.name, account.c.password_hash == kept)
                .values(password_hash=password_hash, must_change=False)
            ).rowcount
            if not done:
                return False
            conn.execute(delete(login).where(login.c.account == who.name, login.c.hash != hash_of(keep)))
            self._keeper.record(conn, self._clock(), Actor(who.name, row.role, place), "password-changed")
        return True

    # -- the second factor ---------------------------------------------------------------------------------------------

    def begin_totp(self, name: str) -> tuple[str, str]:
        """A new secret for an account without a second factor, and the address for its QR code.

        It counts once :meth:`confirm_totp` has a code made from it.

        Raises:
            UnknownError: ``unknown_account``.
            StateError: ``totp_set``: remove the present one first.
        """
        secret = second_factor.new_secret()
        sealed = self._keeper.seal(name, secret.encode())
        with self._store.write() as conn:
            row = conn.execute(select(account.c.totp_step).where(account.c.name == name)).one_or_none()
            if row is None:
                raise UnknownError("unknown_account")
            if row.totp_step is not None:
                raise StateError("totp_set")
            conn.execute(update(account).where(account.c.name == name).values(totp=sealed, recovery=None))
        return secret, second_factor.address_of(secret, name, self.rules.names[0] if self.rules.names else "")

    def confirm_totp(self, name: str, code: str, now: datetime, by: Actor) -> list[str]:
        """Begin to ask for the second factor at the log-in, since this code is right; gives the recovery codes, once.

        Raises:
            StateError: ``totp_not_begun``, ``totp_set``.
            SecondFactorError: ``totp_wrong``.
        """
        with self._store.write() as conn:
            row = conn.execute(select(account.c.totp, account.c.totp_step).where(account.c.name == name)).one_or_none()
            if row is None or row.totp is None:
                raise StateError("totp_not_begun")
            if row.totp_step is not None:
                raise StateError("totp_set")
            step = second_factor.step_of(self._keeper.unseal(name, row.totp).decode(), code, now, None)
            if step is None:
                raise second_factor.SecondFactorError("totp_wrong")
            codes = second_factor.new_recovery_codes()
            kept = second_factor.kept_of(codes)
            conn.execute(update(account).where(account.c.name == name).values(totp_step=step, recovery=kept))
            self._keeper.record(conn, now, by, "totp-set", name)
        return codes

    def remove_totp(self, name: str, by: Actor) -> bool:
        """Take an account's second factor away, as when its phone is lost; False where it has none."""
        with self._store.write() as conn:
            row = conn.execute(select(account.c.totp_step).where(account.c.name == name)).one_or_none()
            if row is None or row.totp_step is None:
                return False
            _take_totp(conn, name)
            self._keeper.record(conn, self._clock(), by, "totp-removed", name)
        return True

    def _record_if_possible(
        self, conn: Connection, at: datetime, actor: Actor, action: str, reason: str | None
    ) -> None:
        """Record a coming or going; a log that is broken keeps nobody from calling numbers."""
        try:
            self._keeper.record(conn, at, actor, action, reason)
        except TicketingError as error:
            log.error("%s of %s was not recorded: %s", action, actor.who, error)


def session_of(row: Any, *, own: bool = False) -> Session:
    """Made of a row of ``login``."""
    begun, seen, ends = (time_of(at) for at in (row.begun_at, row.seen_at, row.expires_at))
    return Session(_id_of(row.hash), begun, seen, ends, row.source, row.locked, own)


def _logins(now: datetime) -> Select[Any]:
    return select(login).where(login.c.expires_at > microseconds(now)).order_by(login.c.begun_at)


def _id_of(hashed: bytes) -> str:
    return hashed[:8].hex()


def _take_totp(conn: Connection, name: str) -> None:
    conn.execute(update(account).where(account.c.name == name).values(totp=None, totp_step=None, recovery=None))


def _duty_of(rules: AccountRules, role: str, asked: Duty | None) -> Duty | None:
    """The duty of an account, None where duties are not kept apart; raises ``duty_needed``."""
    if not rules.separate_duties or role not in _DUTIES:
        return None
    possible = _DUTIES[role]
    if asked is None and len(possible) == 1:
        return possible[0]
    if asked not in possible:
        raise AccountError(
            "duty_needed",
            f"三员分立：角色 {role} 须指明职责 {'、'.join(possible)} / "
            f"duties are kept apart here: for the role {role} say which, of {', '.join(possible)}",
        )
    return asked

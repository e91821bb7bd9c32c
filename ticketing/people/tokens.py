"""Tokens of machines: with an end, bound to an address, and when they were used last."""

import ipaddress
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from ticketing.model import Actor, Role, StoreError, microseconds, time_of
from ticketing.people.keeper import CONSOLE
from ticketing.people.password_rules import AccountError
from ticketing.people.principal import (
    NAME,
    SECRET_BYTES,
    SECRET_CHARS,
    Principal,
    Registry,
    checked_name,
    checked_windows,
    hash_of,
    principal_of,
    told_principal,
)
from ticketing.store.prepared import Prepared
from ticketing.store.tables import token

log = logging.getLogger(__name__)

TOKEN_PREFIX = "quhao_"  # noqa: S105 - what a token begins with, so that scanners for leaked secrets know it
TOKEN_KNOWN_FOR = 1.0
"""Seconds a token is known without asking the store: a business system sends its own with each of many requests."""
KIOSK_KNOWN_FOR = 24 * 3600.0
"""Seconds for which a kiosk's or window's is known without asking, while its box goes on without the store."""
USES_EVERY = 60.0
"""Seconds between writing down when tokens were used."""
REFUSALS_EVERY = 600.0
"""Seconds in which a token that is used from one wrong address again is recorded once."""

_KNOWN_TOKENS = 256
_KNOWN_REFUSALS = 256
_TOKEN = Prepared(
    select(token.c.name, token.c.role, token.c.windows, token.c.terminal, token.c.expires_at, token.c.source).where(
        token.c.hash == bindparam("hash")
    )
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class _Known(NamedTuple):
    until: float
    principal: Principal
    network: Network | None
    expires_at: int | None


@dataclass(frozen=True)
class TokenView:
    """A token, without what it opens with.

    ``id`` names it and opens nothing; ``source`` is the address or network it may come from, None for any.
    """

    id: str
    name: str
    role: str
    windows: tuple[str, ...]
    terminal: str | None
    created_at: datetime
    expires_at: datetime | None
    source: str | None
    used_at: datetime | None
    used_from: str | None


class Tokens(Registry):
    """Adding, removing and knowing tokens."""

    def _begin_tokens(self) -> None:
        # Replaced, never emptied: who read a token before its removal puts it into a dictionary that nobody asks.
        self._known: dict[bytes, _Known] = {}
        self.goes_on: Callable[[], bool] = lambda: False
        self.lost: Callable[[StoreError], bool] = lambda _error: False
        self.away: Callable[[], bool] = lambda: False
        self._uses: dict[bytes, tuple[int, str]] = {}
        self._uses_at = self._ticks()
        self._refused: dict[tuple[bytes, str], float] = {}

    def add_token(
        self,
        name: str,
        role: Role,
        windows: Sequence[str] = (),
        terminal: str | None = None,
        *,
        days: int | None = None,
        source: str | None = None,
        by: Actor = CONSOLE,
    ) -> str:
        """Adds a token for a machine and gives it, this once; a name may have several.

        Args:
            name: of the machine.
            role: as of an account.
            windows: as of an account.
            terminal: the terminal it is for.
            days: after so many days it opens nothing; None for no end.
            source: the IP address or network it may be used from; None for any.
            by: who adds it, for the log.

        Raises:
            AccountError: as of an account, ``terminal_needed``, ``terminal_invalid``, ``address_invalid``.
        """
        name = checked_name(name)
        bound = checked_windows(role, windows)
        if role == "terminal" and terminal is None:
            raise AccountError(
                "terminal_needed",
                "角色 terminal 的令牌须指明终端 / a token of role terminal needs the terminal it is for",
            )
        if terminal is not None and not NAME.fullmatch(terminal):
            raise AccountError(
                "terminal_invalid",
                "终端编号为 1 至 64 个字母、数字或 . _ - @ / a terminal's id has 1 to 64 letters, digits, . _ - @",
            )
        secret = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        now = self._clock()
        with self._store.write() as conn:
            conn.execute(
                insert(token).values(
                    hash=hash_of(secret),
                    name=name,
                    role=role,
                    windows=bound,
                    terminal=terminal,
                    created_at=microseconds(now),
                    expires_at=None if days is None else microseconds(now + timedelta(days=days)),
                    source=None if source is None else str(_network(source)),
                )
            )
            self._keeper.record(conn, now, by, "token-added", f"{name} {role}")
        return secret

    def remove_tokens(self, name: str, by: Actor = CONSOLE) -> int:
        """Removes all tokens of that name; gives how many there were."""
        with self._store.write() as conn:
            removed = conn.execute(delete(token).where(token.c.name == name)).rowcount
            if removed:
                self._keeper.record(conn, self._clock(), by, "token-removed", name)
        self.forget_tokens()
        return removed

    def forget_tokens(self) -> None:
        """Ask the store for each token again, as after a command on this box has removed one."""
        self._known = {}

    def remove_token(self, ident: str, by: Actor = CONSOLE) -> bool:
        """Removes the one token with this ``TokenView.id``; False when there is none."""
        with self._store.write() as conn:
            rows = conn.execute(select(token.c.hash, token.c.name)).all()
            found = next((row for row in rows if _id_of(row.hash) == ident), None)
            if found is not None:
                conn.execute(delete(token).where(token.c.hash == found.hash))
                self._keeper.record(conn, self._clock(), by, "token-removed", found.name)
        self.forget_tokens()
        return found is not None

    def tokens(self) -> list[TokenView]:
        """All tokens, by name and age; used when is known to the minute."""
        self.write_uses(at_once=True)
        with self._store.read() as conn:
            rows = conn.execute(select(token).order_by(token.c.name, token.c.created_at)).all()
        return [
            TokenView(
                _id_of(row.hash),
                row.name,
                row.role,
                tuple(json.loads(row.windows)),
                row.terminal,
                time_of(row.created_at),
                None if row.expires_at is None else time_of(row.expires_at),
                row.source,
                None if row.used_at is None else time_of(row.used_at),
                row.used_from,
            )
            for row in rows
        ]

    def principal_of_token(self, secret: str, source: str = "") -> Principal | None:
        """Whose token this is; None when it is none of ours, not any more, or not from there.

        What another process does to a token is known here within ``TOKEN_KNOWN_FOR``, and of one of those that was used
        before the store was lost once that is back.
        """
        if not secret.startswith(TOKEN_PREFIX) or len(secret) != len(TOKEN_PREFIX) + SECRET_CHARS:
            return None
        hashed, now = hash_of(secret), self._ticks()
        kept = self._known.get(hashed)
        if kept is not None and self._may_go_on(kept, now):
            # The store would say nothing, and the resident who stands there would wait for that.
            pass
        elif kept is None or now >= kept.until:
            try:
                kept = self._look_up(hashed, now, source)
            except StoreError as error:
                # By this very request the store may be found lost.
                self.lost(error)
                if kept is None or not self._may_go_on(kept, now):
                    raise
            if kept is None:
                return None
        if kept.network is not None and not _is_in(source, kept.network):
            self._refuse(hashed, kept.principal, source, now)
            return None
        return kept.principal

    def _tokens_known(self, ticks: float, now: int) -> dict[str, Any]:
        """Those of kiosks and windows that this box knows, by hash, as :meth:`_know_tokens` takes them."""
        return {
            hashed.hex(): {
                "principal": asdict(kept.principal),
                "network": kept.network and str(kept.network),
                "expires_at": kept.expires_at,
                "at": now - int((ticks - kept.until) * 1_000_000),
            }
            for hashed, kept in self._known.copy().items()
            if kept.principal.role in ("kiosk", "clerk")
        }

    def _know_tokens(self, told: Mapping[str, Any], ticks: float, now: int) -> None:
        for hashed, one in told.items():
            network = one["network"] and ipaddress.ip_network(one["network"])
            until = ticks - max(0, now - one["at"]) / 1_000_000
            self._known[bytes.fromhex(hashed)] = _Known(until, told_principal(one), network, one["expires_at"])

    def _look_up(self, hashed: bytes, ticks: float, source: str) -> _Known | None:
        known = self._known
        with self._store.read() as conn:
            row = _TOKEN.one_or_none(conn, {"hash": hashed})
        now = microseconds(self._clock())
        principal = None
        if row is not None and (row.expires_at is None or row.expires_at > now):
            principal = principal_of(row.name, row.role, row.windows, row.terminal)
        if row is None or principal is None:
            known.pop(hashed, None)
            return None
        network = None if row.source is None else ipaddress.ip_network(row.source)
        if len(known) >= _KNOWN_TOKENS:
            known.clear()
        kept = known[hashed] = _Known(ticks + TOKEN_KNOWN_FOR, principal, network, row.expires_at)
        if network is None or _is_in(source, network):
            self._uses[hashed] = now, source
        return kept

    def _may_go_on(self, kept: _Known, now: float) -> bool:
        """Whether the store is away and a token is as good without it: of a kiosk; of a window, while numbers last.

        A kiosk without numbers is to say so.
        """
        ended = kept.expires_at is not None and kept.expires_at <= microseconds(self._clock())
        role = kept.principal.role
        goes_on = self.goes_on() if role == "clerk" else role == "kiosk" and self.away()
        return goes_on and not ended and now < kept.until + KIOSK_KNOWN_FOR

    def _refuse(self, hashed: bytes, principal: Principal, source: str, ticks: float) -> None:
        """Record that a token came from an address that it is not bound to."""
        last = self._refused.get((hashed, source))
        if last is not None and ticks - last < REFUSALS_EVERY:
            return
        if len(self._refused) >= _KNOWN_REFUSALS:
            self._refused.clear()
        self._refused[hashed, source] = ticks
        log.warning("the token %s was used from %s and is not for that address", principal.name, source)
        with self._store.write() as conn:
            self._keeper.record(
                conn, self._clock(), Actor(principal.name, principal.role, source), "token-refused", "address"
            )

    def write_uses(self, *, at_once: bool = False) -> None:
        """Write down when tokens were used last, once a minute at most; from a thread that answers no request."""
        now = self._ticks()
        if not at_once and now - self._uses_at < USES_EVERY:
            return
        self._uses_at, uses, self._uses = now, self._uses, {}
        if not uses:
            return
        with self._store.write() as conn:
            for hashed, (at, source) in list(uses.items()):
                conn.execute(update(token).where(token.c.hash == hashed).values(used_at=at, used_from=source))


def _id_of(hashed: bytes) -> str:
    return bytes(hashed[:8]).hex()


def _network(source: str) -> Network:
    try:
        return ipaddress.ip_network(source, strict=False)
    except ValueError:
        raise AccountError(
            "address_invalid",
            "不是 IP 地址或网段，如 192.168.1.20 / not an IP address or network, such as 192.168.1.20",
        ) from None


def _is_in(source: str, network: Network) -> bool:
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    return address.version == network.version and address in network

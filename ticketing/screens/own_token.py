"""The token (令牌) of a screen: by which it asks the hall, while it shows what nobody without one may see.

::

    the box      makes a token, keeps it, tells its hash by TLS or from the hall's own box
    technician   gives the screen the kiosk, a terminal, or a second screen   ──► the token has that page's role
                 gives it another page, or forgets it                         ──► the token opens nothing any more

So no token is ever sent to a screen, and what an unbound one has opens nothing. Giving and taking are entries in the
audit log, as of any other token; whoever manages accounts sees it in the list, and may remove it.
"""

import json
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from ticketing.day.transaction import Transaction
from ticketing.model import Actor, Role
from ticketing.privacy import access_log
from ticketing.store.tables import token

ROLES: dict[str, Role] = {"kiosk": "kiosk", "resident": "terminal", "terminal": "terminal"}
"""The pages that need a token, and its role."""


@dataclass(frozen=True)
class Opens:
    """What a token opens: its role, its windows, and the box or terminal that it is for."""

    role: Role
    windows: tuple[str, ...]
    terminal: str | None


def put(m: Transaction, hashed: bytes, name: str, opens: Opens | None, actor: Actor) -> None:
    """Have the token with this hash open that; None for nothing. What it opens already is left as it is."""
    row = m.conn.execute(
        select(token.c.role, token.c.windows, token.c.terminal).where(token.c.hash == hashed)
    ).one_or_none()
    held = row and Opens(row.role, tuple(json.loads(row.windows)), row.terminal)
    if held == opens:
        return
    if held:
        m.conn.execute(delete(token).where(token.c.hash == hashed))
        access_log.append(m.conn, m.vault, m.now, actor, "token-removed", None, f"{name} {held.role}")
    if opens:
        windows = json.dumps(opens.windows, ensure_ascii=False)
        values = {"role": opens.role, "windows": windows, "terminal": opens.terminal or None}
        m.conn.execute(insert(token).values(hash=hashed, name=name, created_at=m.at, **values))
        access_log.append(m.conn, m.vault, m.now, actor, "token-added", None, f"{name} {opens.role}")


def move(m: Transaction, hashed: bytes | None, box: str) -> None:
    """A screen reports to another box: its kiosk is that one's from now on."""
    kiosk = (token.c.hash == hashed) & (token.c.role == "kiosk")
    m.conn.execute(update(token).where(kiosk).values(terminal=box))

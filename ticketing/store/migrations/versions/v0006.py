"""Accounts with a second factor, tokens that end, log-ins that are locked."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_login = sa.table("login", *map(sa.column, ("expires_at", "begun_at", "seen_at")))
LOGIN_LASTED = 12 * 3600 * 1_000_000
"""Microseconds, in the versions before."""


def upgrade() -> None:
    """Add the columns. A log-in began as long before its end as every one did, and is locked by that."""
    op.add_column("account", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("account", sa.Column("duty", sa.String(length=16)))
    op.add_column("account", sa.Column("totp", sa.LargeBinary()))
    op.add_column("account", sa.Column("totp_step", sa.BigInteger()))
    op.add_column("account", sa.Column("recovery", sa.Text()))
    op.add_column("token", sa.Column("expires_at", sa.BigInteger()))
    op.add_column("token", sa.Column("source", sa.String(length=64)))
    op.add_column("token", sa.Column("used_at", sa.BigInteger()))
    op.add_column("token", sa.Column("used_from", sa.String(length=64)))
    for name in ("begun_at", "seen_at"):
        op.add_column("login", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("login", sa.Column("source", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("login", sa.Column("locked", sa.Boolean(), nullable=False, server_default=sa.false()))
    begun = _login.c.expires_at - LOGIN_LASTED
    op.execute(sa.update(_login).values(begun_at=begun, seen_at=begun))

"""What a purge leaves: nothing that was sealed, no key, no reason in somebody's words; on disk as in the tables."""

from typing import Any

from sqlalchemy import select, text

from offices import CHEN, CLERK, DESK, LI, OfficeHall
from ticketing.store import tables

REASON = "回家取结婚证"


def on_disk(desk: OfficeHall, secrets: list[bytes]) -> list[bytes]:
    """Those of ``secrets`` that stand in the store's files."""
    files = [file.read_bytes() for file in desk.path.parent.iterdir() if file.name.startswith(desk.path.name)]
    return [secret for secret in secrets if any(secret in content for content in files)]


def values(desk: OfficeHall, *columns: Any) -> list[Any]:
    with desk.store.read() as conn:
        return [value for column in columns for value in conn.scalars(select(column)) if value is not None]


def test_after_a_purge_nothing_personal_is_left_of_the_day(desk: OfficeHall) -> None:
    is_file = desk.url.startswith("sqlite")
    for resident in (LI, CHEN):
        desk.office.issue("licence", DESK, resident=resident, print=False, key=f"key {resident.birth_date}")
    desk.call("1")
    desk.office.hold("1", CLERK, reason=REASON)
    sealed = values(desk, tables.resident.c.sealed, tables.answer.c.sealed, tables.day_key.c.wrapped)
    said = [REASON.encode()]
    assert len(sealed) == 5
    assert values(desk, tables.ticket.c.hold_reason) == [REASON]
    if is_file:
        assert on_disk(desk, sealed + said) == sealed + said, "the search finds them while they are there"

    desk.next_day()
    assert desk.office.purge(desk.now.date()) == 1

    today = desk.now.date().isoformat()
    with desk.store.read() as conn:
        assert conn.scalar(text("SELECT count(*) FROM resident")) == 0
        assert conn.scalar(text("SELECT count(*) FROM answer")) == 0
        keys = conn.execute(select(tables.day_key.c.hall_day).where(tables.day_key.c.wrapped.is_not(None))).scalars()
        assert list(keys) == [today]
        assert conn.scalar(text("SELECT count(*) FROM used WHERE hall_day < :today"), {"today": today}) == 0
    assert values(desk, tables.ticket.c.hold_reason) == []
    if is_file:
        assert on_disk(desk, sealed + said) == []
    assert desk.office.purge(desk.now.date()) == 0

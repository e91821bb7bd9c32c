"""Backups: whole, of one moment, from either kind of store into either; and restoring, which gives nothing twice."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from keyrings import held
from offices import CHEAP, CHEN, CLERK, DESK, LI, MASTER, MORNING, SERVICES, WINDOWS, ZONE, OfficeHall, refused
from postgres import EMPTY
from ticketing.backup.backup import BackupError
from ticketing.backup.restore import Backups
from ticketing.calendar import Hours
from ticketing.day.ledger import Ledger
from ticketing.model import Actor, ClosedError, UnknownError
from ticketing.privacy import access_log
from ticketing.privacy.vault import ErasedError, Vault
from ticketing.setup.setup import HallSetup, Setup
from ticketing.store import tables
from ticketing.store.base import HEAD
from ticketing.store.tables import metadata
from wires import wait_until

ROOT = Actor("root", "technician", "console")


def backups(hall: OfficeHall) -> Backups:
    return Backups(hall.office.ledger)


def rows_of(hall: OfficeHall, *without: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in an order that both databases agree on."""
    with hall.store.read() as conn:
        return {
            table.name: sorted(map(repr, conn.execute(select(table)).all()))
            for table in metadata.sorted_tables
            if table.name not in without
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another empty store than the desk's; the test runs with each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other' / 'quhao.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = server.lend(EMPTY)
    yield server.url(name)
    server.take_back(name)


@pytest.fixture
def halls(other_url: str) -> Iterator[Callable[..., OfficeHall]]:
    """Makes another hall of the same id and key, on a store that is empty."""
    made: list[OfficeHall] = []

    def make(**options: Any) -> OfficeHall:
        hall = OfficeHall(other_url, **({"seeded": False} | options))
        made.append(hall)
        return hall

    yield make
    for hall in made:
        hall.close()


def a_morning(desk: OfficeHall) -> dict[str, str]:
    """Some of everything; the codes of the tickets by number."""
    codes = {}
    for resident in (LI, CHEN, None):
        issued = desk.issue(resident=resident, print=True)
        codes[issued.ticket.number] = issued.code
    codes["B001"] = desk.issue("tax").code
    desk.call("1")
    desk.office.scan("1", codes["A001"], CLERK)
    desk.office.finish("1", CLERK)
    desk.call("1")
    return codes


def test_a_restored_hall_is_the_one_that_was_backed_up(
    desk: OfficeHall, halls: Callable[..., OfficeHall], tmp_path: Path
) -> None:
    codes = a_morning(desk)
    manifest = backups(desk).write(tmp_path / "hall.backup")
    assert (manifest.rows["ticket"], manifest.rows["resident"], manifest.made) == (4, 2, desk.now)
    other = halls()
    other.now = desk.now
    restored = backups(other).restore(tmp_path / "hall.backup", ROOT)
    assert (restored.lost, restored.ended, restored.log) == ({}, 0, "backup")
    changed = ("access_log", "event", "fact", "print_job", "day_key", "resident", "answer", "window", "reading_key")
    assert rows_of(other, *changed) == rows_of(desk, *changed)
    assert {number: other.office.ticket_of_code(code).ticket.number for number, code in codes.items()} == {
        number: number for number in codes
    }
    assert other.office.window_view("1").ticket.number == "A002"  # type: ignore[union-attr]
    with other.store.read() as conn:
        assert access_log.verify(conn, other.vault).whole
        assert list(conn.scalars(select(tables.access_log.c.action))) == ["scan", "restore"]
    assert other.event_types()[-1] == "hall.restored"
    assert desk.event_types() == other.event_types()[:-1]
    other.office.finish("1", CLERK)
    assert other.call("1") == "A003"
    assert other.issue().ticket.number == "A004"


def test_a_backup_tells_no_name_number_code_or_key(desk: OfficeHall, tmp_path: Path) -> None:
    codes = a_morning(desk)
    with desk.store.write() as conn:
        conn.execute(text("UPDATE ticket SET hold_reason = 'gone to fetch papers for Mr Chen'"))
    with desk.store.read() as conn:
        wrapped = conn.scalar(select(tables.day_key.c.wrapped))
    path = tmp_path / "hall.backup"
    backups(desk).write(path)
    content = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert wrapped and wrapped not in content
    assert MASTER not in content
    secrets = [LI.name, LI.id_number, LI.address, CHEN.name, CHEN.id_number, "fetch papers", *codes.values()]
    for encoding in ("utf-8", "utf-16-le", "gb18030"):
        assert [one for one in secrets if one and one.encode(encoding) in content] == []
    assert "营业执照".encode() in content, "the search finds what is there"


def test_what_is_sealed_opens_again_in_the_store_that_has_the_days_key(desk: OfficeHall, tmp_path: Path) -> None:
    codes = a_morning(desk)
    backups(desk).write(tmp_path / "hall.backup")
    backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True)
    assert desk.office.scan("1", codes["A002"], CLERK).resident == CHEN


def test_what_is_sealed_is_gone_where_the_days_key_is_not(
    desk: OfficeHall, halls: Callable[..., OfficeHall], tmp_path: Path
) -> None:
    codes = a_morning(desk)
    backups(desk).write(tmp_path / "hall.backup")
    other = halls()
    other.now = desk.now
    backups(other).restore(tmp_path / "hall.backup", ROOT)
    assert rows_of(other)["resident"] == []
    assert other.office.scan("1", codes["A002"], CLERK).resident is None
    ticket = other.office.ticket_of_code(codes["A003"]).ticket
    again = other.office.reprint(ticket.id, DESK)
    assert other.office.ticket_of_code(again.code).ticket.number == "A003"
    issued = other.issue(resident=LI, print=True)
    assert other.office.ticket_of_code(issued.code).ticket.number == "A004"
    assert other.office.reprint(issued.ticket.id, DESK).id == issued.print_job


def test_a_day_that_is_erased_is_erased_in_its_backups(desk: OfficeHall, tmp_path: Path) -> None:
    a_morning(desk)
    backups(desk).write(tmp_path / "hall.backup")
    day = desk.now.date()
    desk.next_day()
    desk.office.purge(desk.now.date())
    backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True)
    assert rows_of(desk)["resident"] == []
    with desk.store.write() as conn, pytest.raises(ErasedError):
        desk.vault.day_code(conn, day.isoformat(), 1)
    assert desk.office.ticket(3).state == "expired", "its day has ended, too"
    assert desk.issue().ticket.number == "A001"


def test_whoever_booked_is_found_in_a_backup_from_before_the_months_had_keys(
    desk: OfficeHall, halls: Callable[..., OfficeHall], tmp_path: Path
) -> None:
    before = desk.vault.lasting_hash("appointment person", CHEN.id_number or "")
    slot = {"service_id": "tax", "day": "2026-03-05", "from_at": 1, "to_at": 2, "state": "booked", "made_at": 1}
    with desk.store.write() as conn:
        conn.execute(insert(tables.appointment).values(person_hash=before, code_hash=b"c" * 32, made_by="api", **slot))
        conn.execute(text("DELETE FROM fact WHERE name = 'master_key'"))
    backups(desk).write(tmp_path / "hall.backup")
    other = halls()
    backups(other).restore(tmp_path / "hall.backup", ROOT, replace=True)
    with other.store.read() as conn:
        person = conn.scalar(select(tables.appointment.c.person_hash))
    assert person in other.vault.month_hashes("appointment person", CHEN.id_number or "")
    assert person != before


def test_a_store_that_holds_something_is_not_overwritten_unasked(desk: OfficeHall, tmp_path: Path) -> None:
    desk.issue()
    backups(desk).write(tmp_path / "hall.backup")
    before = rows_of(desk)
    facts = refused(BackupError, "store_not_empty", backups(desk).restore, tmp_path / "hall.backup", ROOT)
    assert facts == {"rows": {"service": 3, "window": 3, "ticket": 1}}
    assert rows_of(desk) == before


def test_nothing_is_given_twice_after_going_back(desk: OfficeHall, tmp_path: Path) -> None:
    first = desk.issue(resident=LI, print=True)
    backups(desk).write(tmp_path / "hall.backup")
    later = [desk.issue(resident=CHEN), desk.issue("tax")]
    desk.call("1")
    seq = desk.office.last_seq()
    jobs = rows_of(desk)["print_job"]
    restored = backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True)
    assert restored.ended == 2
    new = desk.issue(print=True)
    assert new.ticket.number == "A003"
    assert new.ticket.id > max(one.ticket.id for one in later)
    assert len({first.code, new.code, *(one.code for one in later)}) == 4
    for one in later:
        assert desk.office.ticket_of_code(one.code).ticket.state == "expired"
    events = desk.office.events_after(seq, 10)
    assert [event.type for event in events] == ["hall.restored", "ticket.issued"]
    assert min(event.seq for event in events) > seq
    assert new.print_job and new.print_job > len(jobs)
    assert [job.ticket.number for job in desk.office.print_jobs(10)] == ["A003"], "the first slip may have come out"
    assert desk.office.reprint(first.ticket.id, DESK).copy
    assert desk.call("1") == "A001"


def test_a_number_that_two_stores_gave_stays_the_backups(desk: OfficeHall, tmp_path: Path) -> None:
    backups(desk).write(tmp_path / "empty.backup")
    desk.issue()
    backups(desk).write(tmp_path / "one.backup")
    backups(desk).restore(tmp_path / "empty.backup", ROOT, replace=True)
    mine = desk.issue()
    assert (mine.ticket.number, mine.ticket.id) == ("A002", 2)
    with desk.store.write() as conn:
        conn.execute(text("DELETE FROM ticket WHERE id = 1"))
        conn.execute(text("UPDATE ticket SET number = 'A001' WHERE id = 2"))
    backups(desk).restore(tmp_path / "one.backup", ROOT, replace=True)
    assert desk.office.ticket(1).state == "waiting"
    assert (desk.office.ticket(2).number, desk.office.ticket(2).state) == ("A001~2", "expired")
    assert desk.issue().ticket.number == "A003"


def test_going_back_works_for_another_process_that_is_at_work(desk: OfficeHall, tmp_path: Path) -> None:
    other = OfficeHall(desk.url, seeded=False)
    with closing(other):
        desk.issue()
        backups(desk).write(tmp_path / "hall.backup")
        desk.issue()
        assert other.office.hall().services[0].waiting == 2
        other.now = desk.now
        assert other.issue().ticket.ahead == 2
        backups(other).restore(tmp_path / "hall.backup", ROOT, replace=True)
        assert desk.issue().ticket.ahead == 1
        assert desk.office.hall().services[0].waiting == 2


def test_the_longer_access_log_stays_when_it_goes_on_from_the_other(desk: OfficeHall, tmp_path: Path) -> None:
    codes = a_morning(desk)
    backups(desk).write(tmp_path / "hall.backup")
    desk.office.scan("1", codes["A002"], CLERK)
    assert backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True).log == "own"
    with desk.store.read() as conn:
        assert access_log.verify(conn, desk.vault) == access_log.Verdict(3)
        assert list(conn.scalars(select(tables.access_log.c.action).order_by(tables.access_log.c.seq))) == [
            "scan",
            "scan",
            "restore",
        ]


def test_access_logs_that_part_are_for_somebody_to_decide(
    desk: OfficeHall, halls: Callable[..., OfficeHall], tmp_path: Path
) -> None:
    a_morning(desk)
    backups(desk).write(tmp_path / "hall.backup")
    other = halls(seeded=True)
    a_morning(other)
    before = rows_of(other)
    path = tmp_path / "hall.backup"
    other.now = desk.now
    desk.later(hours=1)
    with other.store.write() as conn:
        access_log.append(conn, other.vault, other.now, ROOT, "scan", 1)
    before = rows_of(other)
    with desk.store.write() as conn:
        access_log.append(conn, desk.vault, desk.now, ROOT, "scan", 2)
    backups(desk).write(path)
    facts = refused(BackupError, "log_diverged", backups(other).restore, path, ROOT, replace=True)
    assert facts == {"own": 2, "theirs": 2}
    assert rows_of(other) == before
    assert backups(other).restore(path, ROOT, replace=True, replace_log=True).log == "backup"
    with other.store.read() as conn:
        assert access_log.verify(conn, other.vault) == access_log.Verdict(3)


def test_a_backup_of_another_hall_or_key_is_refused(desk: OfficeHall, tmp_path: Path) -> None:
    path = tmp_path / "hall.backup"
    desk.issue()
    backups(desk).write(path)
    for number, (master, hall) in enumerate([(bytes(32), "hall"), (MASTER, "another")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        other = OfficeHall(folder, seeded=False)
        with closing(other):
            with other.store.write() as conn:
                conn.execute(text("DELETE FROM fact"))
                conn.execute(text("DELETE FROM day_key"))
            vault = Vault(other.store, held(master), hall)
            ledger = Ledger(other.store, vault, other.office.ledger.rules, ZONE, lambda: MORNING)
            refused(BackupError, "backup_other_hall", Backups(ledger).restore, path, ROOT)


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "cut":
        content = content[: len(content) * 2 // 3]
    elif how == "short":
        content = content[:4096]
    elif how == "flipped":
        at = content.index("营业执照".encode())
        content[at] ^= 1
    path.write_bytes(content)
    if how in ("row", "told", "dropped", "no manifest"):
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute(
                {
                    "row": "UPDATE account SET role = 'manager'",
                    "told": "UPDATE manifest SET told = replace(told, '2026', '2027')",
                    "dropped": "DELETE FROM ticket WHERE id = 2",
                    "no manifest": "DROP TABLE manifest",
                }[how]
            )


@pytest.mark.parametrize("how", ["cut", "short", "flipped", "row", "told", "dropped", "no manifest"])
def test_a_backup_that_was_cut_or_changed_is_refused(file_desk: OfficeHall, tmp_path: Path, how: str) -> None:
    desk, path = file_desk, tmp_path / "hall.backup"
    with desk.store.write() as conn:
        conn.execute(
            tables.account.insert().values(name="li", role="clerk", password_hash="x", windows="[]", created_at=0)
        )
    for _ in range(50):
        desk.issue()
    backups(desk).write(path)
    before = rows_of(desk)
    damage(path, how)
    refused(BackupError, "backup_broken", backups(desk).restore, path, ROOT, replace=True)
    assert rows_of(desk) == before


def test_what_is_no_backup_is_neither_restored_nor_overwritten(file_desk: OfficeHall, tmp_path: Path) -> None:
    desk = file_desk
    letter = tmp_path / "letter.txt"
    letter.write_text("do not lose me")
    for path in (letter, desk.path):
        refused(BackupError, "backup_foreign", backups(desk).restore, path, ROOT, replace=True)
        refused(BackupError, "backup_occupied", backups(desk).write, path)
    refused(BackupError, "backup_missing", backups(desk).restore, tmp_path / "none", ROOT, replace=True)
    assert letter.read_text() == "do not lose me"
    desk.issue()


def test_a_backup_takes_the_place_of_an_older_one_and_leaves_nothing_beside_it(
    file_desk: OfficeHall, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for count in (1, 2):
        file_desk.issue()
        assert backups(file_desk).write(folder / "hall.backup").rows["ticket"] == count
    assert [one.name for one in folder.iterdir()] == ["hall.backup"]
    missing = tmp_path / "none" / "hall.backup"
    refused(BackupError, "backup_unwritable", backups(file_desk).write, missing)


def test_a_backup_of_a_newer_program_is_refused_and_of_an_older_one_brought_up_to_date(
    file_desk: OfficeHall, tmp_path: Path
) -> None:
    from alembic import command

    from ticketing.backup import backup
    from ticketing.store.migrations import settings

    desk, path = file_desk, tmp_path / "hall.backup"
    code = desk.issue().code
    backups(desk).write(path)
    old = tmp_path / "old.backup"
    # The same rows in the tables of the first release, as its program would have written them.
    with closing(sqlite3.connect(old)) as raw, closing(sqlite3.connect(path)) as new:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        with create_engine(f"sqlite:///{old}", poolclass=NullPool).begin() as conn:
            config = settings()
            config.attributes["connection"] = conn
            command.upgrade(config, "0001")
        told = new.execute("SELECT told FROM manifest").fetchone()[0].replace(f'"schema": "{HEAD}"', '"schema": "0001"')
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = ", ".join(row[1] for row in raw.execute(f"PRAGMA table_info({name})"))
            if name in metadata.tables:
                rows = new.execute(f"SELECT {columns} FROM {name}").fetchall()
                marks = ", ".join("?" * (columns.count(",") + 1))
                raw.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", rows)
        raw.execute(backup._MANIFEST)
        raw.execute(f"PRAGMA application_id={backup._APPLICATION}")
        raw.execute("INSERT INTO manifest VALUES (?, ?)", (told, backup._mac(desk.vault, told, raw)))
        raw.commit()
    before = old.read_bytes()
    backups(desk).restore(old, ROOT, replace=True)
    assert desk.office.ticket_of_code(code).ticket.state == "waiting"
    assert desk.call("1") == "A001", "it stands in its line"
    assert old.read_bytes() == before
    with closing(sqlite3.connect(path)) as raw:
        told = raw.execute("SELECT told FROM manifest").fetchone()[0].replace(f'"schema": "{HEAD}"', '"schema": "0099"')
        raw.execute("UPDATE manifest SET told = ?, mac = ?", (told, backup._mac(desk.vault, told, raw)))
        raw.commit()
    refused(BackupError, "backup_newer", backups(desk).restore, path, ROOT, replace=True)


def test_a_backup_while_eight_clients_issue_is_of_one_moment(
    desk: OfficeHall, halls: Callable[..., OfficeHall], tmp_path: Path
) -> None:
    over = threading.Event()

    def issue() -> None:
        while not over.is_set():
            desk.office.issue("licence", DESK, print=False)

    clients = [threading.Thread(target=issue) for _ in range(8)]
    for client in clients:
        client.start()
    manifests = []
    try:
        for number in range(3):
            # A loaded machine may write a backup before the clients have their turn.
            seq = desk.office.last_seq()
            wait_until(lambda seq=seq: desk.office.last_seq() > seq)  # type: ignore[misc]
            manifests.append(backups(desk).write(tmp_path / f"{number}.backup"))
    finally:
        over.set()
        for client in clients:
            client.join()
    counts = [manifest.rows["ticket"] for manifest in manifests]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0] > 0
    for number, count in enumerate(counts):
        with closing(sqlite3.connect(tmp_path / f"{number}.backup")) as raw:
            numbers = [row[0] for row in raw.execute("SELECT number FROM ticket ORDER BY id")]
            events = raw.execute("SELECT count(*) FROM event WHERE type = 'ticket.issued'").fetchone()[0]
            last = raw.execute("SELECT last FROM counter").fetchone()[0]
        assert numbers == [f"A{place:03}" for place in range(1, count + 1)]
        assert events == last == count
    other = halls()
    backups(other).restore(tmp_path / "2.backup", ROOT)
    assert other.issue().ticket.number == f"A{counts[-1] + 1:03}"


def test_log_ins_and_kept_answers_stay_behind_and_accounts_and_tokens_come_along(
    desk: OfficeHall, halls: Callable[..., OfficeHall], tmp_path: Path
) -> None:
    from ticketing.people.people import People

    people = People(desk.store, cost=CHEAP)
    people.add_account("wang", "clerk", ("1",), "a-long-password")
    token = people.add_token("desk-pc", "desk")
    login = people.login("wang", "a-long-password", desk.now)
    assert login
    desk.office.issue("licence", DESK, print=False, key="once")
    backups(desk).write(tmp_path / "hall.backup")
    other = halls()
    backups(other).restore(tmp_path / "hall.backup", ROOT)
    there = People(other.store, cost=CHEAP)
    assert there.principal_of_login(login, desk.now) is None
    assert there.login("wang", "a-long-password", desk.now)
    principal = there.principal_of_token(token)
    assert principal and principal.name == "desk-pc"
    assert rows_of(other)["answer"] == []
    backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True)
    assert people.principal_of_login(login, desk.now) is None


def test_a_restore_brings_back_no_removed_account_no_revoked_token_and_no_old_password(
    desk: OfficeHall, tmp_path: Path
) -> None:
    from ticketing.people.people import People

    people = People(desk.store, cost=CHEAP)
    for name in ("wang", "zhao"):
        people.add_account(name, "clerk", ("1",), "a-long-password")
    tokens = [people.add_token(name, "desk") for name in ("stolen", "kept")]
    backups(desk).write(tmp_path / "hall.backup")
    people.remove_account("wang")
    people.remove_tokens("stolen")
    people.add_account("zhao", "clerk", ("1",), "another-long-one")
    people.add_account("qian", "clerk", ("1",), "a-newer-account")
    assert backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True).accounts == "own"
    afterwards = People(desk.store, cost=CHEAP)
    assert [one.name for one in afterwards.accounts(desk.now)] == ["qian", "zhao"]
    assert afterwards.login("wang", "a-long-password", desk.now) is None
    assert afterwards.login("zhao", "a-long-password", desk.now) is None
    assert afterwards.login("zhao", "another-long-one", desk.now)
    assert [bool(afterwards.principal_of_token(one)) for one in tokens] == [False, True]
    for name in ("qian", "zhao"):
        people.remove_account(name)
    people.remove_tokens("kept")
    backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True)
    assert afterwards.accounts(desk.now) == []
    assert afterwards.tokens() == []


def test_ids_go_on_after_going_back_over_several_days(desk: OfficeHall, tmp_path: Path) -> None:
    backups(desk).write(tmp_path / "hall.backup")
    desk.issue()
    desk.next_day()
    desk.issue()
    desk.next_day()
    backups(desk).restore(tmp_path / "hall.backup", ROOT, replace=True)
    assert desk.office.ticket(2).state == "expired", "of the last day that had tickets"
    with pytest.raises(UnknownError):
        desk.office.ticket(1)
    assert desk.issue(resident=LI).ticket.id == 3


def test_hours_that_come_back_hold_at_once_for_everybody(desk: OfficeHall, tmp_path: Path) -> None:
    other = OfficeHall(desk.url, seeded=False)
    with closing(other):
        setup = Setup(other.office.ledger)
        other.now = desk.now
        as_it_is = HallSetup(tuple(SERVICES), tuple(WINDOWS))
        setup.replace(as_it_is, DESK)
        desk.issue()
        backups(desk).write(tmp_path / "open.backup")
        shut = replace(as_it_is, hours=(Hours("*", 1, 0, 60),))
        setup.replace(shut, DESK)
        backups(desk).write(tmp_path / "shut.backup")
        refused(ClosedError, "service_closed", desk.office.issue, "licence", DESK, print=False)
        backups(other).restore(tmp_path / "open.backup", ROOT, replace=True)
        assert desk.issue().ticket.number == "A002"
        assert other.issue().ticket.number == "A003"
        backups(desk).restore(tmp_path / "shut.backup", ROOT, replace=True)
        for hall in (desk, other):
            refused(ClosedError, "service_closed", hall.office.issue, "licence", DESK, print=False)


def test_a_past_day_that_comes_back_without_its_key_is_erased_for_good(
    desk: OfficeHall, halls: Callable[..., OfficeHall], tmp_path: Path
) -> None:
    a_morning(desk)
    backups(desk).write(tmp_path / "hall.backup")
    other = halls()
    other.now = desk.now
    other.next_day()
    backups(other).restore(tmp_path / "hall.backup", ROOT)
    with other.store.write() as conn, pytest.raises(ErasedError):
        other.vault.day_code(conn, desk.now.date().isoformat(), 3)
    assert other.office.ticket(3).state == "expired"

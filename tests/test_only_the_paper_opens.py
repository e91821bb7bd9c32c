"""Whoever has the whole store, its log, a backup, the key file, the logs and the source, but no slip, reads nobody.

With one slip it is exactly that resident. On a file and on PostgreSQL, whose write-ahead log is searched too.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select

import burglar
from burglar import Loot, break_in
from drivers.card_reader.id_card import check_digit
from offices import CLERK, DESK, LI, OfficeHall
from postgres import PostgresServer
from spelt import spell_once
from ticketing.backup.restore import Backups
from ticketing.cases.applications import Applications
from ticketing.day import residents
from ticketing.day.residents import Holders
from ticketing.matters.matters import Matter, Matters
from ticketing.model import Actor, Resident
from ticketing.privacy import codes
from ticketing.privacy.keys import text_of
from ticketing.store import tables
from ticketing.terminals import Proof, Terminals

MANY = 200
APPLIED = Matter("lost", "营业执照补领", "", "business", "开办企业", "", "licence", applies=True)
_SEGMENT = "SELECT pg_walfile_name(pg_current_wal_lsn())"
TERMINAL = Actor("t-1", "terminal", "terminal hall-1")


def person(order: int) -> Resident:
    """An invented resident; no card of this number exists."""
    first = f"1101021980{1 + order // 28 % 12:02}{1 + order % 28:02}{order:03}"
    name = "赵钱孙李周吴郑王冯陈"[order % 10] + "甲乙丙丁戊己庚辛壬癸"[order // 10 % 10] + f"试{order}"
    return replace(LI, name=name, id_number=first + check_digit(first), address=f"北京市西城区某某街{order}号")


class Day:
    """A hall's day with some of everything that touches residents' data.

    Attributes:
        slips: the code on each resident's first slip, by ID number.
        receipts: the code on each applicant's receipt, by ID number.
        removed: what was sealed while somebody was served, by ticket; removed from the tables since.
    """

    def __init__(self, desk: OfficeHall) -> None:
        self.desk = desk
        self.slips: dict[str, str] = {}
        self.receipts: dict[str, str] = {}
        self.tickets: dict[str, int] = {}
        self.removed: list[tuple[int, bytes]] = []

    def pass_by(self, folder: Path) -> None:
        """Issue to all, print, serve most, hold and print again some; one is being served in the end."""
        desk, terminals = self.desk, Terminals(self.desk.office.ledger)
        for order in range(MANY):
            who, service = person(order), ("licence", "tax", "seal")[order % 3]
            key = str(UUID(int=order * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) if order % 5 == 0 else None
            issued = desk.issue(service, who, print=order % 2 == 0, key=key)
            self.slips[str(who.id_number)] = issued.code
            self.tickets[str(who.id_number)] = issued.ticket.id
            if order % 7 == 0:
                desk.office.reprint(issued.ticket.id, DESK)
            if order % 11 == 0:
                desk.office.reprint_by_card(issued.ticket.id, who, DESK)
            if order % 13 == 0:
                terminals.scan(issued.code, Proof(card=who), TERMINAL)
        for job in desk.office.print_jobs(MANY // 3):
            desk.office.print_sending(job.id)
            desk.office.print_ended(job.id, "printed", None)
        by_number = {desk.office.ticket(ticket).number: number for number, ticket in self.tickets.items()}
        for order in range(MANY // 2):
            number = desk.call()
            desk.office.scan("1", self.slips[by_number[number]], CLERK)
            desk.office.holders_at("1", CLERK)
            with desk.store.read() as conn:
                rows = conn.execute(select(tables.serving.c.ticket_id, tables.serving.c.sealed))
                self.removed += [(ticket, bytes(sealed)) for ticket, sealed in rows]
            if order % 9 == 0:
                desk.office.hold("1", CLERK)
            else:
                desk.office.conclude("1", CLERK, "promised" if order % 4 == 0 else "done")
        number = desk.call()
        desk.office.scan("1", self.slips[by_number[number]], CLERK)
        Matters(desk.office.ledger, spell_once).replace([APPLIED], DESK)
        applications = Applications(desk.office.ledger)
        for order in range(MANY, MANY + 3):
            made, _ = applications.apply(APPLIED.id, Holders(person(order)), TERMINAL, key=f"{order:032}")
            self.receipts[str(person(order).id_number)] = str(made.case.receipt)
            applications.open("1", str(made.case.receipt), CLERK)
        Backups(desk.office.ledger).write(folder / "hall.backup")

    @property
    def words(self) -> list[str]:
        """What names the residents, and the codes themselves."""
        people = [person(order) for order in (*range(0, MANY, 20), MANY, MANY + 1)]
        return [word for one in people for word in (one.name, one.id_number, one.address) if word] + [
            *list(self.slips.values())[:10],
            *self.receipts.values(),
        ]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def robbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Day, Loot]]:
    """A hall at work in the evening, and all that was copied from it."""
    folder = tmp_path_factory.mktemp("hall")
    if request.param == "sqlite":
        desk = OfficeHall(folder)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = server.create(request.getfixturevalue("_seeded_store"))
        desk = OfficeHall(server.url(name), seeded=False)
        begins = server.execute(_SEGMENT)[0][0]
    log = logging.FileHandler(folder / "quhao.log", encoding="utf-8")
    root = logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.INFO)
    try:
        day = Day(desk)
        day.pass_by(folder)
    finally:
        root.removeHandler(log)
        root.setLevel(level)
        log.close()
    (folder / "master.key").write_text(text_of(desk.keys.keys))
    files = burglar.files_of(folder)
    if request.param == "postgresql":
        data = server.folder / "data"
        ends = server.execute(_SEGMENT)[0][0]
        # The server is other tests' too: its log from the beginning of this day on. Before the checkpoint, after which
        # PostgreSQL gives the finished segments other names.
        log_of_it = [one for one in (data / "pg_wal").iterdir() if begins <= one.name <= ends]
        files += [one.read_bytes() for one in log_of_it]
        place = server.execute("SELECT oid FROM pg_database WHERE datname = %s", [name])[0][0]
        server.execute("CHECKPOINT")
        files += burglar.files_of(data / "base" / str(place))
    yield day, Loot(desk.vault, desk.store, files, day.removed)
    desk.close()
    if request.param == "postgresql":
        server.drop(name)


def test_without_a_slip_nobody_opens(robbed: tuple[Day, Loot], whole: bool) -> None:
    day, loot = robbed
    with loot.store.read() as conn:
        assert len(conn.execute(select(tables.resident.c.ticket_id)).all()) == MANY
    assert loot.sealed
    # What was removed from the tables lies in the files still, so it is right to try it.
    assert any(sealed in content for _, sealed in loot.sealed for content in loot.files)
    assert break_in(loot, persons=day.words, thorough=whole) == set()


@pytest.mark.parametrize("order", [0, 77])
def test_with_one_slip_it_is_exactly_that_resident(robbed: tuple[Day, Loot], order: int) -> None:
    day, loot = robbed
    number = str(person(order).id_number)
    assert break_in(loot, slips=[day.slips[number]]) == {number}


def test_with_one_receipt_it_is_exactly_that_applicant(robbed: tuple[Day, Loot]) -> None:
    day, loot = robbed
    number, receipt = list(day.receipts.items())[1]
    assert break_in(loot, slips=[receipt]) == {number}


def test_this_burglar_opens_what_the_version_before_sealed(tmp_path: Path) -> None:
    desk = OfficeHall(tmp_path)
    ticket = desk.issue("licence").ticket.id
    with desk.office.ledger.verb() as m:
        sealed = m.vault.seal(m.conn, m.day, residents.PURPOSE, ticket, residents.to_bytes(Holders(LI)))
        m.conn.execute(insert(tables.resident).values(ticket_id=ticket, hall_day=m.day, sealed=sealed))
    assert break_in(Loot(desk.vault, desk.store, burglar.files_of(tmp_path))) == {LI.id_number}
    with desk.store.read() as conn:
        code = codes.encode(desk.vault.day_code(conn, desk.now.date().isoformat(), ticket))
    assert codes.find_code(code) == code
    desk.close()

"""Boxes of a hall whose way to the store a test cuts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

import empty_store
from offices import PATIENCE, ZONE, OfficeHall
from ticketing.cut_off.box import CutOffBox
from ticketing.cut_off.rules import LeaseRules
from ticketing.model import Actor, StoreError
from ticketing.office import Issued, Office
from ticketing.policy import Rules
from ticketing.store.base import Store
from ticketing.store.opening import open_store

KIOSK = Actor("kiosk:a", "kiosk", "a")
SMALL = LeaseRules(numbers=10, ahead=20, lasts=timedelta(hours=2))


class Network:
    """The way of one box to the store, which can be cut before a commit or right after it."""

    def __init__(self, store: Store) -> None:
        self._of = store
        self.cut = False
        self.cut_after = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self.cut:
            raise StoreError("store_gone")
        with self._of.read() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.cut:
            raise StoreError("store_gone")
        with self._of.write() as conn:
            yield conn
        if self.cut_after:
            self.cut, self.cut_after = True, False
            raise StoreError("store_in_doubt")


class Box:
    """A box of a hall, with a file of its own."""

    def __init__(self, hall: OfficeHall, folder: Path, name: str, rules: LeaseRules = SMALL) -> None:
        self.hall, self.name, self.rules, self.folder = hall, name, rules, folder
        self.network = Network(hall.store)
        self.boot, self.sleeps = "first boot", timedelta(0)
        empty_store.lay(folder / f"{name}.db")
        self.start()

    def start(self) -> None:
        self.local = open_store(f"sqlite:///{self.folder / self.name}.db", exclusive=True, patience=PATIENCE)
        office = Office(
            self.network,  # type: ignore[arg-type] - all that an office asks of a store
            self.hall.vault,
            Rules(),
            ZONE,
            lambda: self.hall.now,
            self.name,
        )
        self.box = CutOffBox(office, self.local, self.rules, steady=self._steady, boot=self.boot)

    def restart(self) -> None:
        self.local.close()
        self.start()

    def _steady(self) -> int:
        return int((self.hall.now - self.sleeps).timestamp() * 1e9)

    def issue(self, service: str = "licence", resident: Any = None, **options: Any) -> Issued:
        self.hall.later(seconds=1)
        return self.box.do(
            lambda office: office.issue(service, KIOSK, resident=resident, **({"print": False} | options))
        )

    def numbers(self, count: int, service: str = "licence") -> list[str]:
        return [self.issue(service).ticket.number for _ in range(count)]

    def close(self) -> None:
        self.local.close()


def rows(hall: OfficeHall, table: Any) -> list[Any]:
    with hall.store.read() as conn:
        return list(conn.execute(select(table)))

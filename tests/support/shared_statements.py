"""Statements compiled once for all stores of a process.

SQLAlchemy keeps what it has compiled per engine, for a program has one. A test process opens hundreds of stores, each
with an engine of its own, and would spend a third of its time compiling the same statements again and again.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_COMPILED: LRUCache[Any, Any] = LRUCache(4000)


class SharingDialect(SQLiteDialect_pysqlite):
    """SQLite as each store speaks it: what is compiled for one of them is for all."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)


def share() -> None:
    """Have engines that are made from now on share what they compile."""
    registry.register("sqlite", __name__, SharingDialect.__name__)

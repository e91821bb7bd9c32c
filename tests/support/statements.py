"""SQLAlchemy's compiled statements, kept for all stores of a test process.

Each engine compiles each statement once. A service opens one store and keeps it; most tests open one of their own, and
took half of their time to compile what the test before had compiled.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event


class _Compiled(dict[Any, Any]):
    """What SQLAlchemy keeps compiled statements in, by keys whose first part is the engine's own dialect.

    All engines of a test process have the same options: what is compiled for one fits those of the same kind.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


def keep() -> None:
    """Have all engines of this process share their compiled statements from now on."""
    compiled = _Compiled()

    @event.listens_for(Engine, "engine_connect")
    def share(conn: Connection) -> None:
        conn.execution_options(compiled_cache=compiled)

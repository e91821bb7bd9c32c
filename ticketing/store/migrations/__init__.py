"""Changes of the schema, one file a version, run by Alembic from code: there is no file of settings."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def settings() -> Config:
    """Alembic's settings: where the versions are."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(conn: Connection, to: str = "head") -> None:
    """Bring the store on ``conn`` to a version, the newest one, inside the transaction that is open on it."""
    config = settings()
    config.attributes["connection"] = conn
    command.upgrade(config, to)


def versions() -> list[str]:
    """All versions there are files for, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(settings()).walk_revisions()][::-1]

"""Read one TOML file into :class:`~config.settings.Settings`, or say everything that is wrong with it at once."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from config.contradictions import SQLITE, contradictions
from config.problems import ConfigError, Problem, no_toml, not_utf8, unreadable, wrong_value
from config.settings import Settings

__all__ = ["ConfigError", "Problem", "load"]


def load(path: Path) -> Settings:
    """The settings in ``path``; relative paths in it are made absolute, starting from its folder.

    Raises:
        ConfigError: with every problem at once.
    """
    path = path.absolute()
    try:
        # Notepad begins a file with a byte order mark, which is no part of TOML.
        values = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(path, [unreadable(error)]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, [not_utf8(error)]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [no_toml(str(error))]) from error
    problems: list[Problem] = []
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += map(wrong_value, error.errors(include_url=False))
    problems += contradictions(values, path.parent)
    if settings is None or problems:
        raise ConfigError(path, problems)
    return _absolute(settings, path.parent)


def _absolute(settings: Settings, folder: Path) -> Settings:
    store, server = settings.store, settings.server
    url = store.url
    if url.startswith(SQLITE):
        url = f"{SQLITE}{folder / url.removeprefix(SQLITE)}"
    store = store.model_copy(update={"url": url, "key_file": folder / store.key_file})
    if server.tls_cert and server.tls_key:
        server = server.model_copy(update={"tls_cert": folder / server.tls_cert, "tls_key": folder / server.tls_key})
    devices = tuple(
        device.model_copy(update={"port": str(folder / device.port)})
        if device.driver != "speaker" and "://" not in device.port and not device.simulated
        else device
        for device in settings.devices
    )
    return settings.model_copy(update={"store": store, "server": server, "devices": devices})

"""Read one TOML file into :class:`~config.settings.Settings`, or say everything that is wrong with it at once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from config.contradictions import SQLITE, contradictions
from config.problems import ConfigError, ConfigProblem, no_driver, unreadable, wrong_value
from config.settings import Kind, Settings

__all__ = ["ConfigError", "ConfigProblem", "load"]


def load(path: Path, kinds: Mapping[str, Kind], any_kind: type[BaseModel]) -> Settings:
    """The settings in ``path``; relative paths in it are made absolute, starting from its folder.

    ``kinds`` are by driver; a device whose driver is not known is validated by ``any_kind``.

    Raises:
        ConfigError: with every problem at once.
    """
    path = path.absolute()
    try:
        # Notepad begins a file with a byte order mark, which is no part of TOML.
        values = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, [unreadable(error)]) from error
    problems: list[ConfigProblem] = []
    settings: Settings | None = None
    devices: dict[str, Any] = {}
    if isinstance(values.get("devices"), list):
        found, problems = _devices(values["devices"], kinds, any_kind, path.parent)
        devices["devices"] = tuple(found)
    try:
        settings = Settings.model_validate(values | devices)
    except ValidationError as error:
        problems += map(wrong_value, error.errors(include_url=False))
    problems += contradictions(values, path.parent, kinds)
    if settings is None or problems:
        raise ConfigError(path, problems)
    return _absolute(settings, path.parent)


def _devices(
    tables: list[Any], kinds: Mapping[str, Kind], any_kind: type[BaseModel], folder: Path
) -> tuple[list[BaseModel], list[ConfigProblem]]:
    found: list[BaseModel] = []
    problems: list[ConfigProblem] = []
    for index, table in enumerate(tables):
        driver = table.get("driver") if isinstance(table, dict) else None
        model = kinds[driver].settings if isinstance(driver, str) and driver in kinds else any_kind
        try:
            found.append(model.model_validate(table, context={"folder": folder}))
        except ValidationError as error:
            items = error.errors(include_url=False)
            # The keys of an unknown driver are unknown too.
            told = [item for item in items if model is not any_kind or item["type"] != "extra_forbidden"]
            problems += (wrong_value(item, model, ("devices", index)) for item in told)
        if model is any_kind and isinstance(driver, str):
            problems.append(no_driver(f"devices[{index}].driver", driver, list(kinds)))
    return found, problems


def _absolute(settings: Settings, folder: Path) -> Settings:
    store, server = settings.store, settings.server
    url = store.url
    if url.startswith(SQLITE):
        url = f"{SQLITE}{folder / url.removeprefix(SQLITE)}"
    store = store.model_copy(update={"url": url, "key_file": folder / store.key_file})
    if server.tls_cert and server.tls_key:
        server = server.model_copy(update={"tls_cert": folder / server.tls_cert, "tls_key": folder / server.tls_key})
    forms = settings.forms.model_copy(update={"font": folder / settings.forms.font})
    if forms.folder:
        forms = forms.model_copy(update={"folder": folder / forms.folder})
    fill = settings.fill.model_copy(update={"folder": folder / settings.fill.folder})
    languages = tuple(folder / one for one in settings.hall.languages)
    plan = settings.hall.plan and folder / settings.hall.plan
    hall = settings.hall.model_copy(update={"languages": languages, "plan": plan})
    screen = settings.screen.model_copy(update={"media": folder / settings.screen.media})
    backup = settings.backup.model_copy(
        update={
            "folder": settings.backup.folder and folder / settings.backup.folder,
            "identity": settings.backup.identity and folder / settings.backup.identity,
        }
    )
    changed = {
        "backup": backup,
        "store": store,
        "server": server,
        "hall": hall,
        "forms": forms,
        "fill": fill,
        "screen": screen,
    }
    return settings.model_copy(update=changed)

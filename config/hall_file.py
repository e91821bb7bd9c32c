"""The file of ``quhao hall export`` and ``import``: a hall's make-up, whole, under the keys of the configuration.

Written as JSON, in the hall's order, without what is not set; read as JSON or TOML, and refused with all that is wrong
with it at once.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.businesses import Businesses
from config.contradictions import contradictions_of_hall
from config.papers import ReceiptSettings, SlipSettings
from config.problems import SAYS_NOTHING, ConfigError, ConfigProblem, no_json, unreadable, wrong_value
from config.settings import ClassSettings

MOST = 16 * 1024 * 1024
"""Bytes that are read of a file at most."""


class HallFile(Businesses):
    """A hall's make-up with what overrules the configuration of its boxes.

    Attributes:
        classes: of priority, for every box; without any, those of each box's ``[[queue.classes]]``.
        slip, receipt: the layouts of its papers; without one, the usual one.
    """

    classes: tuple[ClassSettings, ...] = ()
    slip: SlipSettings | None = None
    receipt: ReceiptSettings | None = None


def read(path: Path, day_starts: int = 0) -> HallFile:
    """The make-up in a file (``.toml`` is TOML, else JSON); ``day_starts`` in minutes; raises ConfigError."""
    try:
        with path.open("rb") as file:
            # Notepad begins a file with a byte order mark, which is no part of either language.
            text = file.read(MOST).decode("utf-8-sig")
        values = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, [unreadable(error)]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(path, [no_json(str(error))]) from error
    if values == {}:
        raise ConfigError(path, [SAYS_NOTHING])
    found, problems = check(values, day_starts)
    if found is None:
        raise ConfigError(path, problems)
    return found


def check(values: Any, day_starts: int = 0) -> tuple[HallFile | None, list[ConfigProblem]]:
    """The make-up that ``values`` describe, as JSON or TOML have them, or None and everything that is wrong with it."""
    if not isinstance(values, dict):
        return None, [no_json("{ … }")]
    problems: list[ConfigProblem] = []
    found: HallFile | None = None
    try:
        found = HallFile.model_validate(values)
    except ValidationError as error:
        problems += (wrong_value(item, HallFile) for item in error.errors(include_url=False))
    problems += contradictions_of_hall(values, day_starts)
    return (None, problems) if problems else (found, [])


def values_of(businesses: Businesses) -> dict[str, Any]:
    """The make-up as JSON has it, without what is not set."""
    whole: dict[str, Any] = _without_nothing(businesses.model_dump(mode="json", exclude={"slip", "receipt"}))
    for name in ("slip", "receipt"):
        if paper := getattr(businesses, name, None):
            whole[name] = paper.model_dump(mode="json", exclude_defaults=True)
    # Written even when empty: a window without the key ``services`` serves all of them.
    for window in whole.get("windows", []):
        window.setdefault("services", [])
    return {"services": [], "windows": []} | whole


def text_of(businesses: Businesses) -> str:
    """The make-up as the file holds it."""
    return json.dumps(values_of(businesses), ensure_ascii=False, indent=2) + "\n"


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        made = {name: _without_nothing(one) for name, one in value.items()}
        return {name: one for name, one in made.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return [_without_nothing(one) for one in value]
    return value

"""Devices that ``quhao setup`` finds: which it takes by itself, and which a technician has to name."""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from config.opening_hours import tables_in

if TYPE_CHECKING:
    from config.problems import ConfigProblem
    from kiosk.devices.finding import Found

_BY_ITSELF = ("escpos", "sam", "pcsc")
"""Drivers of what a box has one of, which needs no window: nothing about it has to be asked."""


def look(where: Literal["box", "network"]) -> "list[Found]":
    """What is found on this box's ports, and on its networks."""
    from kiosk.devices.finding import find_devices, own_networks

    return list(find_devices(own_networks() if where == "network" else []))


def with_found(text: str, found: "Iterable[Found]") -> tuple[str, list[tuple[str, str]]]:
    """The settings ``text`` with those found that are certain, and what is to be said about the others.

    A device on a port that is given is left alone, and so is a second printer or reader.
    """
    left = []
    for one in found:
        values = tomllib.loads(text)
        if one.port in ports_of(values):
            continue
        if one.sure and one.driver in _BY_ITSELF and not _has(values, one.driver):
            text += "\n" + one.table(free_name(values, one.driver))
        else:
            left.append(
                (
                    f"{one.what.zh}（{one.port}）：要用就写进设置，见 quhao devices find",
                    f"{one.what.en} ({one.port}): to use it put it into the settings, see quhao devices find",
                )
            )
    return text, left


def ports_of(values: dict[str, Any]) -> set[Any]:
    """The ports that settings name."""
    return {table.get("port") for _, table in tables_in(values, "devices")}


def free_name(values: dict[str, Any], driver: str) -> str:
    """What a device of this driver is called that the settings do not have yet."""
    from kiosk.devices.finding import CALLED

    taken = {table.get("name") for _, table in tables_in(values, "devices")}
    base = CALLED.get(driver, driver)
    return next(name for name in (base, *(f"{base}-{number}" for number in range(2, 1000))) if name not in taken)


def problems_of(text: str) -> "list[ConfigProblem]":
    """What is wrong with settings that stand nowhere yet."""
    from config.problems import ConfigError
    from kiosk.settings import load

    with TemporaryDirectory() as folder:
        file = Path(folder) / "quhao.toml"
        file.write_text(text, "utf-8")
        try:
            load(file)
        except ConfigError as error:
            return error.problems
    return []


def _has(values: dict[str, Any], driver: str) -> bool:
    """Whether the settings have such a device for the box itself."""
    return any(
        table.get("driver") == driver and not (table.get("window") or table.get("terminal"))
        for _, table in tables_in(values, "devices")
    )


def quoted(text: str) -> str:
    """A text as TOML has it: JSON's escapes are among TOML's, but that it wants DEL escaped, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

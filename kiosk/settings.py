"""The configuration of a box, with the devices that this program has drivers for."""

from pathlib import Path

from config import loading
from config.settings import Settings
from drivers.device import DeviceSettings
from drivers.kinds import KINDS


def load(path: Path) -> Settings:
    """The settings in ``path``; relative paths in it are made absolute, starting from its folder.

    Raises:
        ConfigError: with every problem at once.
    """
    return loading.load(path, KINDS, DeviceSettings)

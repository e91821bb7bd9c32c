"""The configuration of a box, with the devices that this program has drivers for."""

from pathlib import Path

from config import loading
from config.settings import Settings
from drivers.device import DeviceSettings
from drivers.kinds import KINDS


def load(path: Path) -> Settings:
    """The settings in ``path``; relative paths in it start from its folder; raises ConfigError with every problem."""
    return loading.load(path, KINDS, DeviceSettings)

"""The pins of this box through gpiozero, or those of its MockFactory."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from drivers.errors import OfflineError


class Board:
    """Pins in use. Every method but ``close`` raises OfflineError when they cannot be used.

    Args:
        factory: gpiozero's.
    """

    def __init__(self, factory: Any) -> None:
        self._factory = factory
        self._used: list[Any] = []

    def listen(self, pin: int, *, pull_up: bool, changed: Callable[[bool], None]) -> Callable[[], bool]:
        """A function that tells whether ``pin`` is high; ``changed`` is told so at each edge, on another thread."""
        from gpiozero import DigitalInputDevice

        with _on(pin):
            device: Any = DigitalInputDevice(pin, pull_up=pull_up, pin_factory=self._factory)
        self._used.append(device)
        # With a pull-up, gpiozero calls a pin active when it is low.
        device.when_activated = lambda: changed(not pull_up)
        device.when_deactivated = lambda: changed(pull_up)

        def is_high() -> bool:
            with _on(pin):
                return bool(device.value) != pull_up

        return is_high

    def light(self, pin: int, *, active_high: bool) -> Callable[[bool], None]:
        """A function that switches what is on ``pin``; it is off before, and after ``close``."""
        from gpiozero import DigitalOutputDevice

        with _on(pin):
            device: Any = DigitalOutputDevice(pin, active_high=active_high, pin_factory=self._factory)
        self._used.append(device)

        def switch(on: bool) -> None:
            with _on(pin):
                device.value = on

        return switch

    def check(self) -> None:
        """Raise OfflineError if the pins are gone, as simulated ones can be."""

    def close(self) -> None:
        """Let go of all pins; may be called twice."""
        while self._used:
            self._used.pop().close()


def open_board() -> Board:
    """The pins of this box.

    Raises:
        OfflineError: ``gpio_not_installed``, ``no_gpio``.
    """
    try:
        from gpiozero import Device
        from gpiozero.exc import GPIOZeroError
    except ImportError as error:
        raise OfflineError("gpio_not_installed", str(error.name or "")) from error
    try:
        with warnings.catch_warnings():
            # One for each library that is not there.
            warnings.simplefilter("ignore")
            Device.ensure_pin_factory()
    except (GPIOZeroError, OSError) as error:
        raise OfflineError("no_gpio") from error
    return Board(Device.pin_factory)


@contextmanager
def _on(pin: int) -> Iterator[None]:
    from gpiozero.exc import GPIOPinInUse, GPIOZeroError

    try:
        yield
    except GPIOPinInUse as error:
        raise OfflineError("busy", f"GPIO{pin}") from error
    except (GPIOZeroError, OSError, ValueError) as error:
        raise OfflineError("no_gpio", f"GPIO{pin}") from error

"""What the program's modules know as ``threading``, ``time`` and the system's random numbers, on the scheduler.

:func:`substituted` puts these in the place of the real ones, in the modules of the program that wait or look at a
steady clock, and nowhere else; that is the whole boundary between the simulation and the code it runs. It is for a
process of its own: threads of another test would find virtual locks.
"""

import importlib
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from tests.simulation.lines import VirtualPlug
from tests.simulation.scheduler import SECOND, Process, Scheduler, Task

WAITING_MODULES = (
    "drivers.printer.driver",
    "drivers.printer.line",
    "drivers.printer.upkeep",
    "drivers.card_reader.sam",
    "drivers.card_reader.sam_line",
    "drivers.simulators.printer.simulator",
    "drivers.simulators.card_reader.sam",
    "drivers.supervisor",
    "kiosk.resident.printing",
    "kiosk.service",
    "ticketing.cut_off.box",
    "ticketing.line.forecasts",
    "ticketing.store.group_commit",
    "ticketing.store.sqlite",
)
"""Modules whose ``threading`` or ``time`` is a virtual one."""
PACE = (
    ("drivers.printer.driver", "READ_SLICE", 0.5),
    ("kiosk.resident.controller", "TICK", 0.5),
    ("kiosk.resident.printing", "LOOK", 3.0),
    ("kiosk.counter", "TRY", 4.0),
    ("kiosk.counter", "ROUND", 16.0),
    ("kiosk.counter", "FOLLOW", 6.0),
    ("ticketing.cut_off.rules", "SLACK", 5 * SECOND),
)
"""Where time goes by as in a hall of some minutes: idle looks are rarer, since most of a run would be those, and a
lease ends on its box only so much earlier."""


class Threads:
    """The part of ``threading`` that the program uses, on a scheduler."""

    def __init__(self, scheduler: Scheduler, outside: Process) -> None:
        self.scheduler = scheduler
        self._outside = outside

    def Thread(self, **options: Any) -> "VirtualThread":  # noqa: N802 - the names of the real ones
        return VirtualThread(self, **options)

    def Lock(self) -> "VirtualLock":  # noqa: N802
        return VirtualLock(self.scheduler)

    def RLock(self) -> "VirtualRLock":  # noqa: N802
        return VirtualRLock(self.scheduler)

    def Condition(self, lock: "VirtualRLock | None" = None) -> "VirtualCondition":  # noqa: N802
        return VirtualCondition(self.scheduler, lock)

    def Event(self) -> "VirtualEvent":  # noqa: N802
        return VirtualEvent(self.scheduler)

    def current_thread(self) -> object:
        return self.scheduler.current if self.scheduler.in_task else self

    def get_ident(self) -> int:
        return id(self.current_thread())

    def process(self) -> Process:
        """Whose threads are started now."""
        return self.scheduler.current.process if self.scheduler.in_task else self._outside


class VirtualThread:
    def __init__(
        self,
        threads: Threads,
        target: Callable[..., object],
        name: str = "thread",
        daemon: bool = True,
        args: tuple[Any, ...] = (),
    ) -> None:
        self._threads = threads
        self._target = target
        self._args = args
        self.name = name
        self._task: Task | None = None

    def start(self) -> None:
        run, args = self._target, self._args
        self._task = self._threads.scheduler.spawn(self._threads.process(), self.name, lambda: run(*args))

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.over

    def join(self, timeout: float | None = None) -> None:
        if self._task is not None and not self._task.over:
            self._threads.scheduler.wait(self._task.joined, timeout)


class VirtualLock:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._held = False
        self._queue: list[Task] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not self._held:
            self._held = True
            return True
        if not blocking:
            return False
        # Handed on by release: held all the while.
        return self._scheduler.wait(self._queue, None if timeout < 0 else timeout)

    def release(self) -> None:
        assert self._held, "release of a lock that nobody holds"
        if self._queue:
            self._scheduler.wake(self._queue[0])
        else:
            self._held = False

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()


class VirtualRLock:
    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._owner: object = None
        self._depth = 0
        self._queue: list[Task] = []

    def _me(self) -> object:
        return self.scheduler.current if self.scheduler.in_task else self

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = self._me()
        if self._owner is None or self._owner is me:
            self._owner, self._depth = me, self._depth + 1
            return True
        if not blocking or not self.scheduler.wait(self._queue, None if timeout < 0 else timeout):
            return False
        self._depth = 1
        return True

    def release(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = self._queue[0] if self._queue else None
            if self._queue:
                self.scheduler.wake(self._queue[0])

    def let_go(self) -> int:
        """Release it however often it is held; how often that was."""
        depth, self._depth = self._depth, 1
        self.release()
        return depth

    def take_back(self, depth: int) -> None:
        """Hold it so often again."""
        self.acquire()
        self._depth = depth

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()


class VirtualCondition:
    def __init__(self, scheduler: Scheduler, lock: VirtualRLock | None = None) -> None:
        self._lock = lock or VirtualRLock(scheduler)
        self._scheduler = scheduler
        self._queue: list[Task] = []

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        depth = self._lock.let_go()
        woken = self._scheduler.wait(self._queue, timeout)
        self._lock.take_back(depth)
        return woken

    def wait_for(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        end = None if timeout is None else self._scheduler.now + timeout * SECOND
        while not (found := done()):
            left = None if end is None else (end - self._scheduler.now) / SECOND
            if left is not None and left <= 0:
                break
            self.wait(left)
        return found

    def notify(self, n: int = 1) -> None:
        for task in self._queue[:n]:
            self._scheduler.wake(task)

    def notify_all(self) -> None:
        self.notify(len(self._queue))


class VirtualEvent:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._set = False
        self._queue: list[Task] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        for task in list(self._queue):
            self._scheduler.wake(task)

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self._set:
            self._scheduler.wait(self._queue, timeout)
        return self._set


@contextmanager
def substituted(scheduler: Scheduler, outside: Process) -> Iterator[Threads]:
    """The virtual threads, in place of the real ones as long as the block lasts.

    The system's random numbers come from the seed meanwhile, for the keys and codes of a run are the same each time.
    """
    threads = Threads(scheduler, outside)
    clock = SimpleNamespace(monotonic=lambda: scheduler.now / SECOND, time_ns=lambda: scheduler.now)
    plug = type("PlugTcp", (VirtualPlug,), {"scheduler": scheduler})
    before: list[tuple[Any, str, Any]] = []

    def put(module: Any, name: str, value: Any) -> None:
        before.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    for path in WAITING_MODULES:
        module = importlib.import_module(path)
        for name, value in (("threading", threads), ("time", clock)):
            if hasattr(module, name):
                put(module, name, value)
        if hasattr(module, "PlugTcp"):
            put(module, "PlugTcp", plug)
    put(importlib.import_module("kiosk.resident.controller"), "Lock", threads.Lock)
    for path, name, value in PACE:
        put(importlib.import_module(path), name, value)
    drawn = Random(scheduler.random.random())
    put(os, "urandom", drawn.randbytes)
    put(random, "_urandom", drawn.randbytes)
    try:
        yield threads
    finally:
        for module, name, value in reversed(before):
            setattr(module, name, value)

"""One thread, one clock, one seed: threads of the program as greenlets that run by turns.

A task runs until it waits for something. Which of the tasks that can go on is next, the seed decides; time stands still
meanwhile, and goes on to the next moment somebody waits for once all of them wait. So a seed is a schedule, and the
same seed is the same schedule.

A :class:`Process` is what is killed at once: its tasks are never resumed, so nothing of theirs is tidied up, as after a
power cut. (They are unwound when the run is over, so that many runs fit into one program.)
"""

import heapq
import math
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random

from greenlet import GreenletExit, getcurrent, greenlet

SECOND = 1_000_000_000
"""In nanoseconds, which virtual time is counted in."""
MOST_AT_ONCE = 20_000
"""Steps without any time going by, after which the tasks are taken to wait for each other in circles."""


class LivelockError(Exception):
    """The tasks go on and on, and no time goes by."""


class Process:
    """Tasks with one fate.

    Attributes:
        alive: whether it runs.
        on_death: called, in order, when it is killed: what the kernel does for a dead process, such as closing files.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.tasks: list[Task] = []
        self.on_death: list[Callable[[], None]] = []


class Task:
    """A thread of a process."""

    def __init__(self, process: Process, name: str, body: greenlet) -> None:
        self.process = process
        self.name = name
        self.body = body
        self.serial = 0
        self.woken = False
        self.waits_in: list[Task] | None = None
        self.joined: list[Task] = []

    @property
    def over(self) -> bool:
        """Whether it has ended, or its process has."""
        return self.body.dead or not self.process.alive


class Scheduler:
    """Runs tasks by turns.

    Attributes:
        random: all chance of a run comes from here.
        now: nanoseconds since the run began.
        steps: how many turns were taken.
        on_defect: told of a task that ended with an error.
    """

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)
        self.now = 0
        self.steps = 0
        self.on_defect: Callable[[Task, BaseException], None] = lambda _task, _error: None
        self._hub = getcurrent()
        self._ready: list[Task] = []
        self._timers: list[tuple[int, int, int, Task]] = []
        self._order = count()
        self._all: list[Task] = []
        self._ended = False

    # What the world does

    def spawn(self, process: Process, name: str, run: Callable[[], object]) -> Task:
        """A new task, which takes its first turn later."""

        def body() -> None:
            try:
                run()
            except GreenletExit:
                return
            except Exception as error:  # noqa: BLE001 - it is the top of a thread
                self.on_defect(task, error)
            finally:
                if not self._ended:
                    for other in list(task.joined):
                        self.wake(other)

        task = Task(process, name, greenlet(body, self._hub))
        process.tasks.append(task)
        self._all.append(task)
        self._ready.append(task)
        return task

    def kill(self, process: Process) -> None:
        """End all tasks of a process where they are. When one of them calls it, it does not return."""
        process.alive = False
        for task in process.tasks:
            task.serial += 1
            self._forget(task)
        self._ready = [one for one in self._ready if one.process is not process]
        for told in process.on_death:
            told()
        if self._current is not None and self._current.process is process:
            self._leave()

    def run(self, until: int, after_step: Callable[[], None]) -> None:
        """Take turns until virtual time ``until`` (ns); ``after_step`` is called after each of them."""
        at_once, moment = 0, self.now
        while True:
            if not self._ready:
                if not self._timers or self._timers[0][0] > until:
                    self.now = until
                    return
                self._next_moment()
                continue
            at_once = at_once + 1 if self.now == moment else 0
            moment = self.now
            if at_once > MOST_AT_ONCE:
                raise LivelockError(", ".join(sorted({f"{one.process.name}/{one.name}" for one in self._ready})))
            place = self.random.randrange(len(self._ready)) if len(self._ready) > 1 else 0
            task = self._ready[place]
            self._ready[place] = self._ready[-1]
            self._ready.pop()
            self.steps += 1
            self._current = task
            task.body.switch()
            self._current = None
            after_step()

    def end(self) -> None:
        """Unwind every task that has not ended; none takes another turn."""
        self._ended = True
        for task in self._all:
            for _ in range(50):
                if task.body.dead:
                    break
                with suppress(BaseException):
                    task.body.throw(GreenletExit)
        self._all.clear()

    # What a task does

    _current: Task | None = None

    @property
    def current(self) -> Task:
        """The task whose turn it is."""
        assert self._current is not None, "only a task can wait"
        return self._current

    @property
    def in_task(self) -> bool:
        """Whether a task has its turn."""
        return self._current is not None

    def wait(self, queue: list[Task] | None, timeout: float | None) -> bool:
        """Wait in ``queue`` until :meth:`wake`, for ``timeout`` seconds at most; False when time was up."""
        if self._ended:
            raise GreenletExit
        task = self.current
        task.woken = False
        task.serial += 1
        if queue is not None:
            queue.append(task)
            task.waits_in = queue
        if timeout is not None:
            # Up, so that who waits for the rest of a nanosecond does not find that no time has gone by.
            at = self.now + max(0, math.ceil(timeout * SECOND))
            heapq.heappush(self._timers, (at, next(self._order), task.serial, task))
        self._leave()
        return task.woken

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        self.wait(None, seconds)

    def give_way(self) -> None:
        """Let others have their turn, if the seed wants it so."""
        if self.in_task:
            task = self.current
            self._ready.append(task)
            self._leave()

    def wake(self, task: Task) -> None:
        """Have a waiting task go on."""
        if task.over:
            return
        task.serial += 1
        task.woken = True
        self._forget(task)
        self._ready.append(task)

    def _leave(self) -> None:
        self._hub.switch()
        if self._ended:
            raise GreenletExit

    def _forget(self, task: Task) -> None:
        if task.waits_in is not None:
            if task in task.waits_in:
                task.waits_in.remove(task)
            task.waits_in = None

    def _next_moment(self) -> None:
        at = self._timers[0][0]
        while self._timers and self._timers[0][0] == at:
            _, _, serial, task = heapq.heappop(self._timers)
            if task.serial == serial and not task.over:
                self.now = max(self.now, at)
                task.serial += 1
                self._forget(task)
                self._ready.append(task)

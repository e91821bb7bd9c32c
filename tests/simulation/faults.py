"""What goes wrong, and when: one fault after the other, as chance has it, at every boundary of the hall."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tests.simulation.boxes import Box, WallClock
from tests.simulation.scheduler import SECOND
from tests.simulation.stores import Database

if TYPE_CHECKING:
    from tests.simulation.hall import SimulatedHall

LITTLE = (-2, 2, -25, -40, 90)
MUCH = (-3600, 7200, -3600, 7200, -56 * 365 * 86400, 64 * 365 * 86400)
"""Seconds by which a clock is set."""


class Network:
    """Between browsers and boxes.

    Attributes:
        bad: the share of requests, and of answers, that are lost, and that arrive twice.
    """

    def __init__(self, hall: "SimulatedHall") -> None:
        self._chance = hall.scheduler.random
        self.bad = 0.02

    def loses(self) -> bool:
        return self._chance.random() < self.bad

    def repeats(self) -> bool:
        return self._chance.random() < self.bad

    def delay(self) -> float:
        return self._chance.uniform(0.0, 0.05) + (3.0 * self._chance.random() if self.loses() else 0.0)


class Chaos:
    """Breaks things and mends them."""

    def __init__(self, hall: "SimulatedHall") -> None:
        self.hall = hall
        self.chance = hall.scheduler.random

    def run(self, until: float) -> None:
        """One fault every few seconds, until then."""
        faults: list[tuple[int, Callable[[Box], None]]] = [
            (3, self._no_paper),
            (2, self._roll_ends),
            (2, self._cover),
            (2, self._jam),
            (3, self._power_of_printer),
            (3, self._line_cut),
            (2, self._answers_lost),
            (2, self._late_answers),
            (1, self._printer_hangs),
            (2, self._reader_unplugged),
            (2, self._reader_garbles),
            (4, self._killed_at_a_write),
            (2, self._killed),
            (2, self._doubt),
            (2, self._store_slow),
            (1, self._disk_full),
            (2, self._clock_set),
            (1, self._clock_drifts),
            (2, self._bad_network),
        ]
        if self.hall.boxes[0].database.shared:
            faults += [
                (9, self._store_cut),
                (6, self._cut_for_long),
                (3, self._killed_while_cut),
                (2, self._own_disk_full),
                (1, self._server_clock_set),
            ]
        weights = [weight for weight, _ in faults]
        while self.hall.seconds < until:
            self.hall.scheduler.sleep(self.chance.uniform(1, 2 * self.hall.fault_every))
            (_, fault) = self.chance.choices(faults, weights)[0]
            box = self.chance.choice(self.hall.boxes)
            self.hall.told(f"{box.name}: {fault.__name__.strip('_').replace('_', ' ')}")
            self.hall.spawn("fault", lambda fault=fault, box=box: fault(box))

    def leave_behind(self, box: Box, at: float) -> None:
        """Cut a box off at a time of the run; it has the store again the next morning."""

        def cut() -> None:
            self.hall.scheduler.sleep(at - self.hall.seconds)
            self.hall.told(f"{box.name}: cut off until tomorrow")
            box.wire.stays_cut = True

        self.hall.spawn("cut", cut)

    def mend(self) -> None:
        """Everything works again."""
        for box in self.hall.boxes:
            box.printer.put_in_paper()
            box.printer.close_cover()
            box.printer.clear_jam()
            box.printer.free_cutter()
            box.printer.mute(False)
            box.printer.silence(False)
            box.printer.hold_confirmations(False)
            if not box.printer.plugged:
                box.printer.plug_in()
            if not box.reader.plugged:
                box.reader.plug_in()
            box.reader.silence(False)
            box.wire.cut = False
            for link in box.links:
                link.slow, link.armed, link.database.full = 0.004, None, False
        self.hall.network.bad = 0.0

    def _wait(self, least: float, most: float) -> None:
        self.hall.scheduler.sleep(self.chance.uniform(least, most))

    # -- printers and readers

    def _no_paper(self, box: Box) -> None:
        box.printer.take_out_paper()
        self._wait(2, 40)
        box.printer.put_in_paper()

    def _roll_ends(self, box: Box) -> None:
        box.printer.paper_lasts(self.chance.randrange(1, 12))
        self._wait(5, 40)
        box.printer.put_in_paper()

    def _cover(self, box: Box) -> None:
        box.printer.open_cover()
        self._wait(1, 15)
        box.printer.close_cover()

    def _jam(self, box: Box) -> None:
        box.printer.jam_cutter()
        self._wait(2, 30)
        box.printer.free_cutter()

    def _power_of_printer(self, box: Box) -> None:
        box.printer.unplug()
        self._wait(1, 20)
        box.printer.plug_in()

    def _line_cut(self, box: Box) -> None:
        box.printer.hang_up_after(self.chance.randrange(0, 420))

    def _answers_lost(self, box: Box) -> None:
        box.printer.mute(True)
        self._wait(1, 10)
        box.printer.mute(False)

    def _late_answers(self, box: Box) -> None:
        box.printer.hold_confirmations(True)
        self._wait(1, 12)
        box.printer.hold_confirmations(False)

    def _printer_hangs(self, box: Box) -> None:
        box.printer.silence(True)
        self._wait(1, 10)
        box.printer.silence(False)

    def _reader_unplugged(self, box: Box) -> None:
        box.reader.unplug()
        self._wait(1, 10)
        box.reader.plug_in()

    def _reader_garbles(self, box: Box) -> None:
        what = self.chance.randrange(4)
        if what == 0:
            box.reader.spoil_next(self.chance.randint(1, 3))
        elif what == 1:
            box.reader.cut_next(self.chance.randrange(0, 40))
        elif what == 2:
            box.reader.say(self.chance.randbytes(self.chance.randrange(1, 30)))
        else:
            box.reader.silence(True)
            self._wait(1, 6)
            box.reader.silence(False)

    # -- boxes and store

    def _killed_at_a_write(self, box: Box) -> None:
        if box.links and box.up:
            self.chance.choice(box.links).armed = self.chance.choice(("kill before", "kill after"))

    def _killed(self, box: Box) -> None:
        self._wait(0, 2)
        box.kill(machine=self.chance.random() < 0.5)

    def _doubt(self, box: Box) -> None:
        """The answer to a commit is lost, and the network with it."""
        if box.links:
            self.chance.choice(box.links).armed = self.chance.choice(("lost before", "lost after"))
            self._wait(3, 25)
            box.wire.cut = False

    def _store_cut(self, box: Box) -> None:
        self._cut(box, 1, 20)

    def _cut_for_long(self, box: Box) -> None:
        """For longer than a lease lasts; and somebody who wonders at the clock sets it meanwhile."""
        if self.chance.random() < 0.5:
            self.hall.spawn("clock", lambda: self._set_in_a_while(box.wall))
        self._cut(box, 25, 60)

    def _set_in_a_while(self, clock: WallClock) -> None:
        self._wait(10, 40)
        self._set(clock, LITTLE)

    def _killed_while_cut(self, box: Box) -> None:
        box.wire.cut = True
        self._wait(1, 10)
        box.kill(machine=self.chance.random() < 0.3)
        # It is started again before the store is back, or after.
        self._wait(1, 25)
        box.wire.cut = False

    def _cut(self, box: Box, least: float, most: float) -> None:
        box.wire.cut = True
        self._wait(least, most)
        box.wire.cut = False

    def _store_slow(self, box: Box) -> None:
        link = box.link
        if link is not None:
            link.slow = self.chance.uniform(0.05, 2.0)
            self._wait(2, 15)
            link.slow = 0.004

    def _disk_full(self, box: Box) -> None:
        self._fill(box.database)

    def _own_disk_full(self, box: Box) -> None:
        self._fill(box.local or box.database)

    def _fill(self, disk: Database) -> None:
        disk.full = True
        self._wait(2, 15)
        disk.full = False

    # -- clocks and network

    def _clock_set(self, box: Box) -> None:
        """By seconds, hours, or to another year, and back."""
        self._set(box.wall, LITTLE + MUCH)

    def _server_clock_set(self, box: Box) -> None:
        # A server in the wrong year: a box that starts just then believes it, and the others do not.
        self._set(box.server, LITTLE)

    def _set(self, clock: WallClock, by: Sequence[int]) -> None:
        ahead = self.chance.choice(by) * SECOND
        clock.ahead += ahead
        self._wait(5, 60)
        clock.ahead -= ahead

    def _clock_drifts(self, box: Box) -> None:
        clock = box.server if box.database.shared else box.wall
        clock.drift = self.chance.randint(-200_000, 200_000)

    def _bad_network(self, box: Box) -> None:
        self.hall.network.bad = self.chance.uniform(0.05, 0.3)
        self._wait(5, 30)
        self.hall.network.bad = 0.02

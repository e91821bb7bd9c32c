"""Power cuts: the program is killed at random moments while tickets are issued, printed and called.

After each cut everybody whose slip never came lays the card at the kiosk, as a resident does who stands there without.
"""

import random
import re
import sqlite3
import threading
from collections import Counter
from http.client import HTTPException
from pathlib import Path
from typing import Any

from drivers.card_reader.id_card import check_digit
from foreign import ForeignPaper, ForeignPrinter, ForeignReader, card_text
from program import Client, QuhaoProcess
from wires import wait_until

PRINTER = """
[[devices]]
name = "printer"
driver = "escpos"
port = "tcp://127.0.0.1:{port}"
profile = "epson"

[[devices]]
name = "reader"
driver = "sam"
port = "{reader}"
"""

SERVICE = "business-licence"
COPY = "补打"
TRIES = 10
"""How often a slip is asked for after a cut."""


class Soak:
    """A hall with a printer and a reader, a desk that issues, and a window that calls; it survives its program."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.printer = ForeignPrinter()
        self.printer.start()
        self.reader = ForeignReader()
        self.reader.start()
        devices = PRINTER.format(port=self.printer.port, reader=self.reader.path)
        self.quhao = QuhaoProcess(folder, devices, forked=True)
        self.kiosk_token = self.quhao.token("kiosk")
        self.desk_token = self.quhao.token("desk")
        self.clerk_token = self.quhao.token("clerk", "3")
        self.issued: set[str] = set()
        self.residents: dict[str, str] = {}
        """ID numbers, by ticket."""
        self.unanswered: str | None = None
        """The ID number of whoever was being served as the power went."""
        self.laid: set[str] = set()
        """The tickets of those who laid the card, since no slip had come."""
        self.called: list[str] = []
        self.doubted: set[str] = set()
        self.persons = 0

    def stop(self) -> None:
        self.quhao.stop()
        self.printer.stop()
        self.reader.stop()

    def round(self) -> None:
        """Start, work, and be killed at a random moment of the next 1.5 s; the printer is at work after half of it."""
        self.quhao.start()
        self._get_slips()
        over = threading.Event()
        workers = [threading.Thread(target=work, args=(over,)) for work in (self._issue, self._call)]
        for worker in workers:
            worker.start()
        over.wait(self.random.uniform(0.0, 1.5))
        self.quhao.kill()
        over.set()
        for worker in workers:
            worker.join(60)

    def finish(self) -> None:
        """Start a last time, let everything be printed that will be, and call everybody who waits."""
        self.quhao.start()
        self._get_slips()
        desk, clerk = Client(self.quhao.port, self.desk_token), Client(self.quhao.port, self.clerk_token)
        # Where the machine gave the program no time in any round, this is the only ticket.
        last = desk.post("/tickets", {"service": SERVICE})
        assert last.status == 201, last
        self.issued.add(last.body["number"])
        wait_until(lambda: not self._jobs("pending", "sending"), 60)
        clerk.post("/windows/3/finish", {"outcome": "done"})
        while (answer := clerk.post("/windows/3/call-next")).status == 200:
            self.called.append(answer.body["ticket"]["number"])
            assert clerk.post("/windows/3/finish", {"outcome": "done"}).status == 200
        assert answer.status == 204
        desk.close()
        clerk.close()
        assert self.quhao.terminate() == 0

    def verify(self) -> dict[str, int]:
        """That nothing was lost, doubled or printed twice unmarked; some figures of how it went."""
        rows = self._rows("select number, state from ticket order by id")
        numbers = [number for number, _ in rows]
        assert numbers == [f"A{index:03}" for index in range(1, len(numbers) + 1)], "a number is missing or doubled"
        assert self.issued <= set(numbers), "a ticket that was answered is gone"
        assert {state for _, state in rows} <= {"done"}, "a ticket could not be called"
        # A call whose answer was lost in the cut was still a call: in the diary each ticket was called once.
        events = self._rows("select data from event where type = 'ticket.called'")
        calls = Counter(re.search(r'"number": ?"(\w+)"', data).group(1) for (data,) in events)  # type: ignore[union-attr]
        assert set(calls) == set(numbers)
        assert max(calls.values()) == 1, "a ticket was called twice"
        # What is cut off after a power cut, so that no half slip heads the next one, may be an empty piece.
        slips = [paper for paper in self.printer.papers if paper.text.strip()]
        originals = Counter(self._number(paper) for paper in slips if COPY not in paper.text)
        assert not [number for number, times in originals.items() if times > 1], "a number was printed twice unmarked"
        states = Counter(state for (state,) in self._rows("select state from print_job"))
        copies = {self._number(paper) for paper in slips if COPY in paper.text}
        printed = self._rows(
            "select number, copy from ticket join print_job on ticket.id = ticket_id where print_job.state = 'printed'"
        )
        # Of a slip that was in doubt, and never came, only the marked one is there.
        assert all(number in (copies if copy else originals) for number, copy in printed), (
            "called printed, and no paper"
        )
        reasons = {reason for (reason,) in self._rows("select reason from print_job where state = 'failed'")}
        assert set(states) <= {"printed", "unconfirmed", "failed"}
        assert reasons <= {"ticket_over", "code_lost", "offline", "expired"}, "with a printer that works it is printed"
        # A slip whose code went with the power never came out; its resident lays the card and gets another, unmarked.
        lost = {
            number
            for (number,) in self._rows(
                "select number from ticket join print_job on ticket.id = ticket_id where print_job.reason = 'code_lost'"
            )
        }
        assert lost <= set(self.residents) | (set(numbers) - self.issued), "a slip without data is printed all the same"
        assert not (lost - self.laid) & set(originals), "called lost, and its paper came out"
        assert self.laid <= {self._number(paper) for paper in slips}, "the card was laid, and no slip came"
        return {"tickets": len(numbers), "papers": len(self.printer.papers), "cards laid": len(self.laid), **states}

    def _get_slips(self) -> None:
        """Whoever has a ticket that is not over, and no paper of it, lays the card, or without one goes to the desk."""
        kiosk, desk = Client(self.quhao.port, self.kiosk_token), Client(self.quhao.port, self.desk_token)
        wait_until(lambda: kiosk.get("/kiosk").body["reader_ready"], 60)
        if self.unanswered:
            # Nobody knows whether the store took that ticket; the card shows it.
            number = self._lay(kiosk, self.unanswered)
            self.residents[number] = self.unanswered
            self.issued.add(number)
            self.laid.add(number)
            self.unanswered = None
        for _ in range(TRIES):
            # What is about to come comes: else its ticket may be over before the next cut takes its code.
            wait_until(lambda: not self._jobs("pending", "sending"), 60)
            # On a machine that stands still the printer may be away for longer than a slip waits for it.
            without = self._without_slips()
            if not without:
                break
            for ticket, number in without:
                if number in self.residents:
                    assert self._lay(kiosk, self.residents[number]) == number
                    self.laid.add(number)
                else:
                    assert desk.post(f"/tickets/{ticket}/print").status == 200
        else:
            raise AssertionError("asked for again, and no slip came")
        kiosk.close()
        desk.close()

    def _without_slips(self) -> list[tuple[int, str]]:
        """Id and number of the tickets that are not over, and of which no paper has come."""
        live = self._rows("select id, number from ticket where state in ('waiting', 'called', 'serving')")
        came = {self._number(paper) for paper in self.printer.papers if paper.text.strip()}
        return [(int(ticket), number) for ticket, number in live if number not in came]

    def _lay(self, kiosk: Client, person: str) -> str:
        """The number on the slip that somebody gets by the card."""
        before = kiosk.get("/kiosk").body["visit"]
        self.reader.lay(
            card_text("梁试问", "1", "01", person[6:14], "虚构路1号", person, "虚构公安局", "20200101", "长期")
        )

        def shown() -> Any:
            view = kiosk.get("/kiosk").body
            return view if view["visit"] != before and view["state"] == "choosing" else None

        wait_until(shown, 60)
        view = shown()
        (service,) = [one for one in view["services"] if one["id"] == SERVICE]
        verb = "reprint" if service["has_ticket"] else "choose"
        taken = kiosk.post(f"/kiosk/{verb}", {"service": SERVICE, "visit": view["visit"]})
        assert taken.status in (200, 201), taken
        self.reader.lift()
        wait_until(lambda: not kiosk.get("/kiosk").body["card_lies"], 60)
        return str(taken.body["number"])

    def _issue(self, over: threading.Event) -> None:
        client = Client(self.quhao.port, self.desk_token)
        try:
            while not over.is_set():
                resident = self._resident() if self.random.random() < 0.5 else None
                self.unanswered = resident and resident["id_number"]
                answer = client.post("/tickets", {"service": SERVICE} | ({"resident": resident} if resident else {}))
                assert answer.status == 201, answer
                self.issued.add(answer.body["number"])
                if resident:
                    self.residents[answer.body["number"]] = resident["id_number"]
                self.unanswered = None
                # As quick as paper comes out: else all but the first slips of a round would just wait.
                over.wait(0.05)
        except (OSError, HTTPException):
            return  # the power is gone
        finally:
            client.close()

    def _resident(self) -> dict[str, str]:
        """Somebody invented, and never the same."""
        self.persons += 1
        first = f"110102{1950 + self.persons // 12000}{1 + self.persons // 1000 % 12:02}15{self.persons % 1000:03}"
        return {"kind": "resident", "name": "梁试问", "id_number": first + check_digit(first)}

    def _call(self, over: threading.Event) -> None:
        client = Client(self.quhao.port, self.clerk_token)
        try:
            while not over.is_set():
                client.post("/windows/3/finish", {"outcome": "done"})
                answer = client.post("/windows/3/call-next")
                assert answer.status in (200, 204), answer
                if answer.status == 200:
                    self.called.append(answer.body["ticket"]["number"])
                over.wait(0.1)
        except (OSError, HTTPException):
            return  # the power is gone
        finally:
            client.close()

    def _number(self, paper: ForeignPaper) -> str:
        found = re.search(r"\bA\d{3,}\b", paper.text)
        assert found, paper.text
        return found.group()

    def _jobs(self, *states: str) -> list[tuple[str]]:
        return [row for row in self._rows("select state from print_job") if row[0] in states]

    def _rows(self, query: str) -> list[tuple[str, ...]]:
        connection = sqlite3.connect(f"file:{self.quhao.folder / 'var/quhao.db'}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


def run(folder: Path, rounds: int, seed: int = 20260302) -> dict[str, int]:
    """``rounds`` power cuts, then a look at everything."""
    soak = Soak(folder, seed)
    try:
        for _ in range(rounds):
            soak.round()
        soak.finish()
        return soak.verify()
    finally:
        soak.stop()

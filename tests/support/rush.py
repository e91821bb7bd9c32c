"""A full hall: eight kiosks that issue and eight windows that call at once, on one program or several on one store."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from http.client import HTTPException
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from program import Answer, Client, Following, QuhaoProcess
from wires import wait_until

CLIENTS = 8

CONFIG = """
[hall]
id = "rush"
name = "西城区综合行政服务中心"

[server]
port = {{port}}

[store]
url = "{url}"
key_file = "{key}"

{{devices}}

[[services]]
id = "business-licence"
name = "营业执照(五证合一)"
prefix = "A"

[[services]]
id = "social-security"
name = "社会保障卡"
prefix = "B"

[[services]]
id = "seal"
name = "公章备案"
prefix = "A"
"""

WINDOW = """
[[windows]]
id = "{id}"
name = "{id}号窗口"
services = {services}
"""

SERVICES = ("business-licence", "social-security", "seal")
# Windows for everything, for some services, and for one.
SERVED = (["*"], ["*"], ["social-security"], ["business-licence", "seal"])


class Rush:
    """The hall, its programs and what was answered.

    Args:
        folder: for settings, keys and logs.
        url: of the store.
        programs: how many processes work on it.
        checkout: another checkout whose code they run.
    """

    def __init__(self, folder: Path, url: str, programs: int, seed: int = 7, checkout: Path | None = None) -> None:
        self.url = url
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._faults: list[str] = []
        self.issued: dict[int, list[str]] = defaultdict(list)
        self.called: dict[int, list[str]] = defaultdict(list)
        self.repeats = 0
        self.programs = []
        windows = "".join(
            WINDOW.format(id=at + 1, services=json.dumps(SERVED[at % len(SERVED)])) for at in range(CLIENTS)
        )
        for number in range(programs):
            place = folder / f"box-{number}"
            place.mkdir()
            config = CONFIG.format(url=url, key=folder / "master.key") + windows
            self.programs.append(QuhaoProcess(place, config=config, checkout=checkout, forked=True))
        self.desk = self.programs[0].token("desk")
        self.clerk = self.programs[0].token("clerk", "*")

    def run(self, seconds: float, kills: int) -> None:
        """Work for so long; kill and start again a program so many times meanwhile."""
        for program in self.programs:
            program.start()
        following = [Following(program.port, "/api/v1/events?after=0") for program in self.programs]
        workers = [
            threading.Thread(target=self._work, args=(work, index))
            for index in range(CLIENTS)
            for work in (self._issue, self._call)
        ]
        for worker in workers:
            worker.start()
        end = time.monotonic() + seconds
        for kill in range(kills):
            self._over.wait(self._random.uniform(0.3, 0.9) * seconds / kills)
            victim = self.programs[kill % len(self.programs)]
            victim.kill()
            victim.start()
        self._over.wait(max(0.0, end - time.monotonic()))
        self._over.set()
        for worker in workers:
            worker.join(300)
        assert not self._faults, self._faults[:3]
        self._drain()
        if not kills:
            self._follow_to_the_end(following)
        for stream in following:
            stream.close()

    def stop(self) -> None:
        """Make sure that nothing runs on."""
        self._over.set()
        for program in self.programs:
            program.stop()

    def verify(self) -> dict[str, int]:
        """No number twice, none missing, no ticket called twice; how many of what."""
        rows = self.rows("SELECT number, state FROM ticket ORDER BY id")
        numbers = [number for number, _ in rows]
        answered = [number for some in self.issued.values() for number in some]
        assert sorted(answered) == sorted(numbers), "a number was answered twice, or one is in the store and unanswered"
        for prefix in "AB":
            own = sorted(number for number in numbers if number.startswith(prefix))
            assert own == sorted(f"{prefix}{at:03}" for at in range(1, len(own) + 1)), "a number is missing or doubled"
        called = Counter(number for some in self.called.values() for number in some)
        assert max(called.values()) == 1, "a ticket was called twice"
        assert set(called) == set(numbers), "a ticket was called to nobody"
        diary = Counter(
            json.loads(data)["number"] for (data,) in self.rows("SELECT data FROM event WHERE type = 'ticket.called'")
        )
        assert diary == called
        assert {state for _, state in rows} == {"done"}
        return {"issued": len(numbers), "called": len(called), "asked again": self.repeats}

    def rows(self, query: str) -> list[Any]:
        """Look into the store, past the programs."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as conn:
                return list(conn.execute(text(query)).all())
        finally:
            engine.dispose()

    def _work(self, work: Any, index: int) -> None:
        try:
            work(index)
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self._faults.append(f"{work.__name__} {index}: {error!r}")

    def _issue(self, index: int) -> None:
        chance = random.Random(index)
        client = self._client(index, self.desk)
        count = 0
        # Once at least, however little of the time this client got.
        while not (count and self._over.is_set()):
            count += 1
            body = {"service": chance.choice(SERVICES)}
            answer, _ = self._ask(client, "/tickets", body, f"issue-{index}-{count}")
            assert answer.status == 201, answer
            self.issued[index].append(answer.body["number"])
        client.close()

    def _call(self, index: int) -> None:
        client = self._client(index, self.clerk)
        count = 0
        while not self._over.is_set():
            count += 1
            if not self._serve(client, index, f"call-{index}-{count}"):
                self._over.wait(0.005)
        client.close()

    def _serve(self, client: Client, index: int, key: str) -> bool:
        """Call the next at window ``index + 1`` and finish it; whether there was one."""
        answer, _ = self._ask(client, f"/windows/{index + 1}/call-next", {}, key)
        assert answer.status in (200, 204), answer
        if answer.status == 204:
            return False
        self.called[index].append(answer.body["ticket"]["number"])
        answer, repeated = self._ask(client, f"/windows/{index + 1}/finish", {"outcome": "done"}, f"{key}-finish")
        done = answer.status == 200 or (repeated and answer.body["code"] == "nobody_here")
        assert done, answer
        return True

    def _ask(self, client: Client, path: str, body: dict[str, str], key: str) -> tuple[Answer, bool]:
        """Ask until there is an answer, as a client does whose server went away; and whether it took several times."""
        repeated = False
        while True:
            try:
                answer = client.post(path, body, Idempotency_Key=key)
                if (answer.body or {}).get("code") != "store_busy":
                    return answer, repeated
                # On a machine that is this slow it asks to be asked again, and nothing has happened.
            except (OSError, HTTPException):
                # The program is being started again; to wait a moment is all a client can do.
                repeated = True
            self.repeats += 1
            threading.Event().wait(0.05)

    def _client(self, index: int, token: str) -> Client:
        return Client(self.programs[index % len(self.programs)].port, token)

    def _drain(self) -> None:
        """Call whoever still waits."""
        for index in range(CLIENTS):
            client = self._client(index, self.clerk)
            count = 0
            while self._serve(client, index, f"last-{index}-{count}"):
                count += 1
            client.close()

    def _follow_to_the_end(self, following: list[Following]) -> None:
        """Every program told every event, in the order of the store."""
        events = [str(seq) for (seq,) in self.rows("SELECT seq FROM event ORDER BY seq")]
        for stream in following:
            wait_until(lambda one=stream: one.events and one.events[-1][2] == events[-1], 60)  # type: ignore[misc]
            assert [ident for _, _, ident in stream.events] == events


def run(folder: Path, url: str, programs: int, seconds: float, kills: int) -> dict[str, int]:
    """A rush from the first start to the last look."""
    rush = Rush(folder, url, programs)
    try:
        rush.run(seconds, kills)
        return rush.verify()
    finally:
        rush.stop()

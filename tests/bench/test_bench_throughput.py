"""Issue and call next per second, in turns with one durable commit on the same disk, and with another checkout."""

import statistics
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

import sampled
from beside import Bare, Side, compare
from load import Raw, Turn, rate
from program import CONFIG, QuhaoProcess

WINDOWS = 8
VERBS = {"issue": 2, "call next or finish": 1}
"""How long a turn of each is beside the others: more must be issued than can be called."""


class Hall:
    """A program under load."""

    def __init__(self, side: Side, folder: Path, profile: bool) -> None:
        self.name = side.name
        windows = "".join(f'\n[[windows]]\nid = "w{n}"\nname = "{n}号"\n' for n in range(WINDOWS))
        self.quhao = QuhaoProcess(
            side.folder(folder), config=CONFIG + windows, checkout=side.checkout, sampled=profile, forked=True
        )
        self._desk = self.quhao.token("desk")
        self._clerk = self.quhao.token("clerk", *(f"w{n}" for n in range(WINDOWS)))

    def turn(self, verb: str, clients: int, seconds: float) -> Turn:
        token, step = (self._desk, issue) if verb == "issue" else (self._clerk, call)
        assert self.quhao.process
        return rate(clients, seconds, lambda _index: Raw(self.quhao.port, token), step, [self.quhao.process.pid])


def issue(raw: Raw, _index: int) -> int:
    assert raw.post("/api/v1/tickets", {"service": "business-licence"})[0] == 201
    return 1


def call(raw: Raw, index: int) -> int:
    called = raw.post(f"/api/v1/windows/w{index}/call-next")[0]
    if called == 204:
        # The machine stood still while tickets were issued, and all are served.
        return 1
    assert called == 200
    assert raw.post(f"/api/v1/windows/w{index}/finish", {"outcome": "done"})[0] == 200
    return 2


def commit(raw: Raw, _index: int) -> int:
    assert raw.post("/commit")[0] == 201
    return 1


@pytest.mark.timeout(900)
def test_bench_issue_and_call(
    tmp_path: Path,
    whole: bool,
    figure: Callable[[str], None],
    bare: Bare,
    sides: list[Side],
    request: pytest.FixtureRequest,
) -> None:
    profile = request.config.getoption("--profile")
    rounds, seconds = (4 * len(sides), 1.0) if whole else (1, 0.1)
    bares = {server: bare.start("commit", server) for server in bare.servers}

    def commit_on(server: str, clients: int, seconds: float) -> Turn:
        port, pid = bares[server]
        return rate(clients, seconds, lambda _index: Raw(port), commit, [pid])

    with ExitStack() as stack:
        halls = [Hall(side, tmp_path, profile) for side in sides]
        for hall in halls:
            stack.enter_context(hall.quhao).start()
        # Of eight clients a profile would show little but how they wait for each other.
        for clients in (1,) if profile else (1, 8):
            turns: dict[tuple[str, str], list[Turn]] = defaultdict(list)
            for number in range(rounds + 1):
                # The first round warms up.
                length = seconds if number else seconds / 3
                taken = {(server, "commit"): commit_on(server, clients, length) for server in bare.servers}
                for verb, times in VERBS.items():
                    taken |= {(hall.name, verb): hall.turn(verb, clients, length * times) for hall in halls}
                for key, turn in taken.items():
                    turns[key] += [turn] if number else []
            tell(clients, turns, list(bare.servers), [side.name for side in sides], figure)
        for hall in halls if profile else ():
            hall.quhao.terminate()
            figure(f"where the time of a verb goes, {hall.name} (a sampler watched, so the rates are lower):")
            for line in sampled.told(hall.quhao.profile):
                figure(line)


def tell(
    clients: int,
    turns: dict[tuple[str, str], list[Turn]],
    servers: list[str],
    names: list[str],
    figure: Callable[[str], None],
) -> None:
    """The figures of this many clients."""
    rates, cpus = ({key: [getattr(turn, of) for turn in each] for key, each in turns.items()} for of in ("rate", "cpu"))
    middle = {key: statistics.median(each) for key, each in rates.items()}
    this, *others = names
    for verb in VERBS:
        beside = ", ".join(
            f"{middle[server, 'commit']:.0f}/s on {server}: {middle[this, verb] / middle[server, 'commit']:.2f}x"
            for server in servers
        )
        figure(
            f"{clients} client(s), {verb}: {middle[this, verb]:.0f}/s, {statistics.median(cpus[this, verb]):.2f} ms of "
            f"CPU each; one bare durable commit {beside}"
        )
        for name in others:
            figure(f"  beside {name}: {compare(rates[this, verb], rates[name, verb], 'a second')}")
            figure(f"  CPU beside {name}: {compare(cpus[this, verb], cpus[name, verb], 'ms each', 2)}")

"""Run the program with a sampler of its threads: ``python tests/bench/sampled.py REPORT --config FILE run``.

Each millisecond the sampler notes the stack of every thread that answers a request. When the program ends, REPORT
holds the samples of each verb as JSON, and :func:`told` puts them into lines. A share is one of wall time: waiting for
the disk or for a lock counts as work does.
"""

import json
import re
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

EVERY = 0.001
SWITCH = 0.0001
"""Seconds until a thread gives Python's lock to the sampler; the usual 5 ms would show little but waits."""
DISPATCH = "dispatch_request"
OURS = ("config/", "display/", "drivers/", "kiosk/", "ticketing/")


class Sampler:
    """Counts stacks on a thread of its own."""

    def __init__(self) -> None:
        self._stacks: Counter[tuple[CodeType, ...]] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        own = threading.get_ident()
        while not self._over.wait(EVERY):
            for thread, frame in sys._current_frames().items():
                if thread != own:
                    stack = _codes(frame)
                    if any(code.co_name == DISPATCH for code in stack):
                        self._stacks[stack] += 1

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join()

    def report(self) -> dict[str, Any]:
        """By verb: the number of samples, those below each function of ours, and those in each package."""
        verbs: dict[str, dict[str, Any]] = defaultdict(
            lambda: {"samples": 0, "functions": Counter(), "packages": Counter(), "innermost": Counter()}
        )
        for stack, count in self._stacks.items():
            names = [_name(code) for code in stack]
            begin = max(at for at, code in enumerate(stack) if code.co_name == DISPATCH)
            verb = next((name for name in names[begin:] if re.match(r"kiosk/(web/)?api/.*:routes\.", name)), "others")
            found = verbs[verb.rpartition(".")[2]]
            found["samples"] += count
            found["innermost"][names[-1]] += count
            found["packages"][_package(names[-1])] += count
            for name in {name for name in names[begin:] if name.startswith(OURS)}:
                found["functions"][name] += count
        return verbs


def _codes(frame: FrameType | None) -> tuple[CodeType, ...]:
    """The code objects of a stack, outermost first."""
    codes = []
    while frame:
        codes.append(frame.f_code)
        frame = frame.f_back
    return tuple(reversed(codes))


def _name(code: CodeType) -> str:
    """File below its root, and function."""
    file = code.co_filename
    for root in ("/site-packages/", f"/python{sys.version_info[0]}.{sys.version_info[1]}/"):
        file = file.rpartition(root)[2]
    for folder in OURS:
        if f"/{folder}" in file:
            file = file[file.index(f"/{folder}") + 1 :]
            break
    return f"{file}:{code.co_qualname}"


def _package(name: str) -> str:
    """The room of a module of ours, else the library."""
    parts = name.partition(":")[0].split("/")
    return "/".join(parts[:-1]) if name.startswith(OURS) else parts[0].removesuffix(".py")


def told(report: Path, most: int = 20) -> list[str]:
    """The report's tables in lines, the verb with the most samples first."""
    lines = []
    verbs = json.loads(report.read_text("utf-8"))
    for verb, found in sorted(verbs.items(), key=lambda item: -item[1]["samples"]):
        lines.append(f"{verb}: {found['samples']} samples")
        for title, key in (
            ("below a function of ours", "functions"),
            ("innermost, by package", "packages"),
            ("innermost, by function", "innermost"),
        ):
            lines.append(f"  {title}")
            for name, count in Counter(found[key]).most_common(most):
                lines.append(f"    {count / found['samples']:6.1%}  {name}")
    return lines


def main() -> None:
    """Run the program's command line with the arguments after the first."""
    report = Path(sys.argv.pop(1))
    from kiosk.__main__ import main as run

    sys.setswitchinterval(SWITCH)
    sampler = Sampler()
    try:
        run()
    finally:
        sampler.stop()
        report.write_text(json.dumps(sampler.report()), "utf-8")


if __name__ == "__main__":
    main()

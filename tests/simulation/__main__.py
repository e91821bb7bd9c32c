"""``python -m tests.simulation SEED``: what happened in the hall of this seed, line by line.

``python -m tests.simulation FIRST-LAST``: how many of the seeds broke a rule, and which.
"""

import argparse
import sys
import time
from collections import Counter

from tests.simulation.hall import Plan, run
from tests.simulation.mutations import MUTATIONS
from tests.support import statements


def main() -> int:
    """Run what was asked for; 1 when a rule was broken."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", help="a seed, or the first and the last of many, as 1-50")
    parser.add_argument("--residents", type=int, default=usual.residents)
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="how long the hall is open")
    parser.add_argument("--digests", action="store_true", help="of many seeds, print each one's hash of what happened")
    parser.add_argument("--fault-every", type=float, default=usual.fault_every, help="mean seconds; 0 for no faults")
    parser.add_argument(
        "--without", choices=MUTATIONS, help="a safety rule to take out: ends with the first broken seed"
    )
    asked = parser.parse_args()
    statements.keep()
    plan = Plan(asked.residents, asked.seconds, asked.fault_every)
    first, _, last = asked.seeds.partition("-")
    if asked.without:
        with MUTATIONS[asked.without]():
            return _until_broken(range(int(first), int(last or first) + 1), plan)
    if not last:
        result = run(int(first), plan)
        print("\n".join(result.trace))
        print(result.digest)
        return int(result.broken is not None)
    began, failed, total = time.process_time(), 0, Counter[str]()
    seeds = range(int(first), int(last) + 1)
    for seed in seeds:
        result = run(seed, plan)
        total += result.counts
        if asked.digests:
            print(f"{seed} {result.digest}", flush=True)
        if result.broken is not None:
            failed += 1
            print(f"seed {seed}: {result.broken}", flush=True)
    spent = time.process_time() - began
    print(f"{len(seeds)} seeds, {failed} broken, {spent / len(seeds):.2f} s of CPU each; {dict(sorted(total.items()))}")
    return int(failed > 0)


def _until_broken(seeds: range, plan: Plan) -> int:
    for seed in seeds:
        broken = run(seed, plan).broken
        if broken is not None:
            print(f"caught by seed {seed}: {broken}")
            return 1
    print(f"not caught by {len(seeds)} seeds")
    return 0


if __name__ == "__main__":
    sys.exit(main())

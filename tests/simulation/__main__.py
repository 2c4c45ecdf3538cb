"""Plays seeds again, one or a range, and says what came of each.

python -m tests.simulation SEED [FIRST-LAST ...]
"""

import sys

from tests.simulation.run import run

for argument in sys.argv[1:]:
    first, _, last = argument.partition("-")
    for seed in range(int(first), int(last or first) + 1):
        outcome = run(seed)
        counts = ", ".join(f"{n} {what}" for what, n in sorted(outcome.counts.items()))
        settled = f"quiet after {outcome.settled_ms / 1000:.0f} s"
        print(f"{seed}: {outcome.plan}; {settled}; {counts}")
        for complaint in outcome.complaints:
            print(f"  {complaint}")

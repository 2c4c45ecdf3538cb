"""One run of a seed, from the plan to the verdict."""

from collections import Counter
from dataclasses import dataclass

from tests.simulation.plan import TROUBLE_MS, Plan
from tests.simulation.verdict import complaints

LONGEST_MS = 400_000
"""Of quiet, until all must be equal."""
STEP_MS = 10_000


@dataclass(frozen=True)
class Outcome:
    """What came of a seed; `settled_ms` counts from the end of the trouble."""

    plan: str
    complaints: list[str]
    counts: Counter[str]
    settled_ms: float


def run(seed: int) -> Outcome:
    """Plays a seed."""
    plan = Plan(seed)
    world = plan.world
    until = float(TROUBLE_MS)
    world.timeline.run(until)
    found = ["not yet"]
    while found and until < TROUBLE_MS + LONGEST_MS:
        until += STEP_MS
        world.timeline.run(until)
        found = complaints(world)
    return Outcome(str(plan), found, world.counts, until - TROUBLE_MS)

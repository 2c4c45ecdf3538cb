"""Virtual time: what is to happen, in its order."""

from collections.abc import Callable
from heapq import heappop, heappush

Act = Callable[[], None]


class Timeline:
    """Milliseconds that pass as fast as the work is done."""

    def __init__(self) -> None:
        self.now = 0.0
        self._acts: list[tuple[float, int, Act]] = []
        self._count = 0

    def after(self, delay: float, act: Act) -> None:
        """Does something so many milliseconds from now; what is due at one time keeps its order."""
        self._count += 1
        heappush(self._acts, (self.now + delay, self._count, act))

    def run(self, until: float) -> None:
        """Lets time pass."""
        acts = self._acts
        while acts and acts[0][0] <= until:
            self.now, _, act = heappop(acts)
            act()
        self.now = until

"""Which of the workers of `network` dials next: connections are spread over them.

Knows workers and how many connections each has. Must never know peers. Told by who follows
`connections.changes`.
"""

from collections import Counter
from collections.abc import Callable

from common.runtime.workers import worker_of

__all__ = ["Spread"]


class Spread:
    """The workers and their connections."""

    def __init__(self, workers: tuple[str, ...]) -> None:
        self.workers = workers
        self._connections: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()

    def connected(self, connection: str) -> None:
        """One more stands."""
        self._connections[worker_of(connection)] += 1

    def disconnected(self, connection: str) -> None:
        """One less does."""
        self._connections[worker_of(connection)] -= 1

    def lost(self, worker: str) -> None:
        """A worker went away, and its connections with it."""
        self._connections[worker] = 0

    def least(self, is_up: Callable[[str], bool]) -> str:
        """The worker with the fewest connections, of those that are up; the first when none is.

        Of several the one that was given least often: dials that are under way count nowhere yet.
        """
        up = [worker for worker in self.workers if is_up(worker)]
        found = min(up or self.workers[:1], key=lambda w: (self._connections[w], self._asked[w]))
        self._asked[found] += 1
        return found

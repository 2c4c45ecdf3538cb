"""Running mean and deviation of a measured quantity, in the shape of npm's `statistics`.

Knows numbers. Must never know what they measure. Used for the length of connections and for pings.
"""

from dataclasses import dataclass
from math import sqrt

__all__ = ["Statistic"]


@dataclass(slots=True)
class Statistic:
    """The sums from which mean and standard deviation follow."""

    count: int = 0
    sum: float = 0
    sqsum: float = 0

    def add(self, value: float) -> None:
        """Take one more measurement."""
        self.count += 1
        self.sum += value
        self.sqsum += value * value

    def json(self) -> dict[str, float]:
        """`mean stdev count sum sqsum`, all zero when nothing was measured."""
        n = self.count or 1
        mean = self.sum / n
        return {
            "mean": mean,
            "stdev": sqrt(max(self.sqsum / n - mean * mean, 0)),
            "count": self.count,
            "sum": self.sum,
            "sqsum": self.sqsum,
        }

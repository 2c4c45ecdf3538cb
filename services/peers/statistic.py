"""Running mean and deviation of a measured quantity, in the shape of npm's `statistics`.

Knows numbers. Must never know what they measure. Used for the length of connections and for pings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, sqrt

__all__ = ["Statistic"]


@dataclass(slots=True)
class Statistic:
    """The sums from which mean and standard deviation follow."""

    count: int = 0
    sum: float = 0
    sqsum: float = 0

    @classmethod
    def read(cls, value: object) -> "Statistic":
        """What `json` wrote; an empty one for anything else."""
        if not isinstance(value, Mapping):
            return cls()
        count, total, squares = (_positive(value.get(n)) for n in ("count", "sum", "sqsum"))
        return cls(int(count), total, squares)

    def add(self, value: float) -> None:
        """Take one more measurement."""
        self.count += 1
        self.sum += value
        self.sqsum += value * value

    def json(self) -> dict[str, float]:
        """`mean stdev count sum sqsum`, all zero when nothing was measured."""
        n = self.count or 1
        mean = self.sum / n
        shown = {
            "mean": mean,
            "stdev": sqrt(max(self.sqsum / n - mean * mean, 0)),
            "count": self.count,
            "sum": self.sum,
            "sqsum": self.sqsum,
        }
        return {name: int(one) if one == int(one) else one for name, one in shown.items()}


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return 0
    return max(value, 0)

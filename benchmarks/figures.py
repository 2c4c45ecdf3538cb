"""What rows hand to the table: values by name, each with the limit of the machine that it may be held against."""

from typing import NamedTuple

Limits = dict[str, float]


class Figure(NamedTuple):
    """A measured value; `limit` names an entry of the limits, which is a rate, or a cost (`is_cost`)."""

    value: float
    limit: str = ""
    is_cost: bool = False

    def share(self, limits: Limits) -> float | None:
        """How much of the limit is reached: 1 is all of it; None where there is no limit."""
        if self.limit not in limits or not self.value:
            return None
        limit = limits[self.limit]
        return limit / self.value if self.is_cost else self.value / limit


Figures = dict[str, Figure]

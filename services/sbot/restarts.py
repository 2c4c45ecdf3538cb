"""When a service that ended is started again: at once, then later and later as long as it keeps ending.

Knows failures and seconds; never processes or clocks. Called by `supervise` and `compact`, one for each service.
"""

from dataclasses import dataclass

CALM_SECONDS = 60.0  # who ran this long has got over what ended it before
FIRST_SECONDS = 0.25  # the second start; each further one waits twice as long
LONGEST_SECONDS = 30.0  # a cause that is gone is noticed within this time


@dataclass(slots=True)
class Restarts:
    """The ends of one service since it was last calm."""

    ends: int = 0

    def delay(self, ran: float) -> float:
        """Note that the service ended after running so many seconds; give the seconds to wait."""
        self.ends = 1 if ran >= CALM_SECONDS else self.ends + 1
        if self.ends == 1:
            return 0.0
        doublings = min(self.ends - 2, 30)
        return float(min(FIRST_SECONDS * 2**doublings, LONGEST_SECONDS))

"""The methods of ssb-replication-scheduler: whether the graph says whom we replicate.

Knows arguments; decides nothing itself. The table in `actor` names them.
"""

from common.bus import Call
from services.replication import arguments
from services.replication.model import Wishes
from services.replication.requests import GraphAsked


class SchedulerHandlers:
    """The methods `replicationScheduler.*`."""

    def __init__(self, wishes: Wishes, *, started: bool) -> None:
        self._wishes = wishes
        self._started = started

    async def start(self, _: Call) -> None:
        """`replicationScheduler.start`: replicate whom the graph names, where that did not begin by itself."""
        if not self._started:
            self._started = True
            self._wishes.ask(GraphAsked())

    async def reconfigure(self, call: Call) -> None:
        """`replicationScheduler.reconfigure`: replicate anew whom the graph names, whatever was asked of them.

        Raises:
            CallerError: feeds are to be replicated in part, which is not supported.
        """
        arguments.check_scheduler(call.args)
        if self._started:
            self._wishes.ask(GraphAsked())

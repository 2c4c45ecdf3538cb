"""Runs supervisord for the suite: as it is, but quick to notice, and ending where trying again is no use.

Knows supervisor's inner objects; never what a service does. Started by `start` as a process of its own.
Three things differ from plain supervisord: a signal or a child's end wakes it at once (it polls once a
second otherwise), a service that ends with `EXIT_FATAL` or that will not start ends all, and it ends
when the process that started it is gone.
"""

import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import ServerOptions
from supervisor.states import ProcessStates, SupervisorStates
from supervisor.supervisord import Supervisor

from common.runtime import logs
from common.runtime.errors import EXIT_FATAL

PR_SET_PDEATHSIG = 1

log = logging.getLogger("supervisor")


class Waker:
    """A dispatcher of supervisord that only ends its poll: signals write into its pipe."""

    def __init__(self) -> None:
        self.output, feed = os.pipe()
        for end in (self.output, feed):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(feed, warn_on_full_buffer=False)
        os.write(feed, b"\0")  # the first turn, which starts the services, comes at once

    def readable(self) -> bool:
        """Say that this one waits for input."""
        return True

    def writable(self) -> bool:
        """Say that this one has no output."""
        return False

    def handle_read_event(self) -> None:
        """Forget what woke us: the turn that follows looks at everything."""
        os.read(self.output, 4096)


class Suite(Supervisor):  # type: ignore[misc]  # supervisor has no types
    """supervisord with the three differences."""

    failed = False

    def run(self) -> None:
        """Run until told to stop or until a service cannot be helped."""
        wait = self.options.waitpid

        def waitpid() -> tuple[int | None, int | None]:
            pid, status = wait()
            if pid and status is not None and os.waitstatus_to_exitcode(status) == EXIT_FATAL:
                self._fail()
            return pid, status

        self.options.waitpid = waitpid
        super().run()

    def runforever(self) -> None:
        """Watch for signals and for services that restart, then do as supervisord does."""
        self._waker = Waker()
        events.subscribe(events.ProcessStateExitedEvent, self._report)
        events.subscribe(events.ProcessStateBackoffEvent, self._report)
        super().runforever()

    def get_process_map(self) -> dict[int, Any]:
        """Add the waker to what is polled."""
        return {**super().get_process_map(), self._waker.output: self._waker}

    def tick(self, now: float | None = None) -> None:
        """End the suite when a service was given up."""
        super().tick(now)
        for group in self.process_groups.values():
            for process in group.processes.values():
                if process.get_state() == ProcessStates.FATAL and not self.failed:
                    log.error("%s does not start", process.config.name)
                    self._fail()

    def _report(self, event: Any) -> None:
        """Tell that a service ended and will be started again."""
        if not self.failed:
            log.warning("%s ended and is started again", event.process.config.name)

    def _fail(self) -> None:
        self.failed = True
        self.options.mood = SupervisorStates.SHUTDOWN


def main() -> int:
    """Run the suite's supervisord; 1 when a service could not be helped, 0 after an asked-for stop."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(os.environ["SBOT_PARENT"]):
        return 1
    document = json.loads(Path(os.environ["SBOT_SETTINGS_FILE"]).read_bytes())
    logs.set_up("supervisor", document["logging"]["level"])
    options = ServerOptions()
    options.realize(sys.argv[1:])
    for group in options.process_group_configs:
        group.process_configs = [
            config for config in group.process_configs if config.name in document["services"]
        ]
    options.first, options.test = True, False
    suite = Suite(options)
    with contextlib.suppress(ExitNow):
        suite.main()
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())

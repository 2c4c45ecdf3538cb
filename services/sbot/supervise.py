"""Runs supervisord for the suite: as it is, but quick to notice, and ending where trying again is no use.

Knows supervisor's inner objects; never what a service does. Started by `start` as a process of its own.
Four things differ from plain supervisord: a signal or a child's end wakes it at once (it polls once a
second otherwise), a service that ends is started again for ever, with the delays of `restarts`, but one
that ends with `EXIT_FATAL` ends all, and it ends when the process that started it is gone.
"""

import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import ServerOptions
from supervisor.states import ProcessStates, SupervisorStates
from supervisor.supervisord import Supervisor

from common.runtime import logs
from common.runtime.errors import EXIT_FATAL
from common.runtime.workers import service_of
from services.sbot.restarts import Restarts

MARGIN_SECONDS = 0.005  # the alarm comes when the delay is over, not just before

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
    """supervisord with the four differences."""

    failed = False
    _code = 0

    def run(self) -> None:
        """Run until told to stop or until a service says that a person must mend something."""
        wait = self.options.waitpid

        def waitpid() -> tuple[int | None, int | None]:
            pid, status = wait()
            if pid and status is not None:
                self._code = os.waitstatus_to_exitcode(status)
                if self._code == EXIT_FATAL:
                    self._fail()
            return pid, status

        self.options.waitpid = waitpid
        super().run()

    def runforever(self) -> None:
        """Watch for signals and for services that end, then do as supervisord does."""
        self._waker = Waker()
        self._restarts: defaultdict[str, Restarts] = defaultdict(Restarts)
        self._began: dict[str, float] = {}
        signal.signal(signal.SIGALRM, lambda *_: None)  # it wakes us, nothing more
        events.subscribe(events.ProcessStateStartingEvent, self._note)
        events.subscribe(events.ProcessStateExitedEvent, self._restart)
        events.subscribe(events.ProcessStateBackoffEvent, self._restart)
        super().runforever()

    def get_process_map(self) -> dict[int, Any]:
        """Add the waker to what is polled."""
        return {**super().get_process_map(), self._waker.output: self._waker}

    def _note(self, event: Any) -> None:
        """Remember when a service was started, by a clock that does not jump."""
        self._began[event.process.config.name] = time.monotonic()

    def _restart(self, event: Any) -> None:
        """Let a service that ended wait for its turn, and say so."""
        if self.options.mood <= SupervisorStates.RESTARTING:
            return  # all of it is about to end
        process, name = event.process, event.process.config.name
        ran = time.monotonic() - self._began[name]
        delay = self._restarts[name].delay(ran)
        process.state = (
            ProcessStates.BACKOFF
        )  # for plain supervisord one that ran a second is due at once
        process.delay = time.time() + delay
        signal.setitimer(signal.ITIMER_REAL, delay + MARGIN_SECONDS)
        when = f"in {delay:g} s" if delay else "at once"
        how = told(self._code)
        log.warning("%s %s after %.1f s and is started again %s", name, how, ran, when)

    def _fail(self) -> None:
        self.failed = True
        self.options.mood = SupervisorStates.SHUTDOWN


def told(code: int) -> str:
    """Say how a process ended, by its exit code or, below zero, by the signal that killed it."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def programs(configs: Sequence[Any], processes: str) -> list[Any]:
    """Give the programs of these processes: of a service's further workers copies of the first one's."""
    found = []
    for config in configs:
        workers = [name for name in processes.split() if service_of(name) == config.name]
        for number, name in enumerate(workers, 1):
            found.append(program := copy(config))
            program.name = name
            if number > 1:
                program.command = f"{config.command} --worker {number}"
    return found


def main() -> int:
    """Run the suite's supervisord; 1 when a person must mend something, 0 after an asked-for stop."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(os.environ["SBOT_PARENT"]):
        return 1
    document = json.loads(Path(os.environ["SBOT_SETTINGS_FILE"]).read_bytes())
    logs.set_up("supervisor", document["logging"]["level"])
    options = ServerOptions()
    options.realize(sys.argv[1:])
    for group in options.process_group_configs:
        group.process_configs = programs(group.process_configs, os.environ["SBOT_PROCESSES"])
    options.first, options.test = True, False
    suite = Suite(options)
    with contextlib.suppress(ExitNow):
        suite.main()
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs one service as a process: settings, logging, signals, and an end that is clean and short.

Knows how a process starts and stops; never what a service does. Called by each `__main__`:

    async def main(settings: Settings) -> None:
        ...                      # serve until cancelled; clean up in `finally`, within STOP_SECONDS

    if __name__ == "__main__":
        run("storage", main)

Exit codes: 0 a clean end, 1 an unexpected exception (the supervisor starts it again), 2 (`EXIT_FATAL`)
something that a person must mend. `sbot start --compact` runs all services' coroutines in one
process, and stops them by `until_stopped` too.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop

from common.runtime import folders, logs, memory, settings
from common.runtime.errors import EXIT_FATAL, EXIT_RETRY, NotNow, StartError

STOP_SECONDS = 3.0  # the suite ends within 5 s; the supervisor and the launcher need the rest
SUPERVISED = "SBOT_SUPERVISED"  # set by the launcher: standard input ends when the supervisor does

# Objects made and not freed before the collector looks for cycles. A thousand calls in flight are some ten thousand:
# with Python's 700, and all that was imported looked through again, a tenth of a publish's work was collecting.
YOUNG_OBJECTS = 10_000

Main = Callable[[settings.Settings], Awaitable[None]]


def run(name: str, main: Main, argv: list[str] | None = None) -> None:
    """Run a service until it returns, SIGTERM or SIGINT comes, or the supervisor is gone; then exit."""
    sys.exit(_run(name, main, sys.argv[1:] if argv is None else argv))


def _run(name: str, main: Main, argv: list[str]) -> int:
    try:
        loaded = settings.load(argv)
        name = loaded.own_name(name)
        logs.set_up(name, loaded.logging_level)
        folders.prepare(loaded)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(until_stopped(name, main, loaded))
    except StartError as error:
        sys.stderr.write(f"sbot {name}: {error}\n")
        return EXIT_FATAL
    except NotNow as error:
        sys.stderr.write(f"sbot {name}: {error}\n")
        return EXIT_RETRY
    except Exception:
        logging.getLogger(name).exception("ended by an exception")
        return EXIT_RETRY


async def until_stopped(name: str, main: Main, loaded: settings.Settings) -> int:
    """Run a service's coroutine; cancel it when asked to stop and give it its seconds; 0 for a clean end.

    Raises: what the coroutine raises.
    """
    _settle()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if os.environ.get(SUPERVISED):
        loop.add_reader(0, _watch_input, loop, stop)
    service = asyncio.ensure_future(main(loaded))
    asked = asyncio.ensure_future(stop.wait())
    tidying = asyncio.ensure_future(memory.return_forever())
    await asyncio.wait((service, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    tidying.cancel()
    if not service.done():
        service.cancel()
        await asyncio.wait((service,), timeout=STOP_SECONDS)
    if not service.done():
        sys.stderr.write(f"sbot {name}: did not stop within {STOP_SECONDS:g} s\n")
        sys.stderr.flush()
        os._exit(1)  # a thread or a callback hangs: nothing in this process can be waited for
    if not service.cancelled():
        service.result()
    return 0


def _settle() -> None:
    """Keep the garbage collector from what was imported, which stays, and let it run less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _watch_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop when standard input ends: its other end was held by the supervisor."""
    if not os.read(0, 4096):
        loop.remove_reader(0)
        stop.set()

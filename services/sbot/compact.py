"""`sbot start --compact`: all services as actors in one process, on one event loop, over `inproc`.

Knows their names and how a service is run (`services.NAME.__main__.main`), the same that makes it a
process; never what it does, and imports none of them by itself. Called by `start`. What ends by an
exception is started again with the delays of `restarts`, as processes are; what a person must
mend ends all.
"""

import asyncio
import importlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import uvloop

from common.runtime import logs, process
from common.runtime.apart import apart
from common.runtime.errors import NotNow, SettingsError, StartError
from common.runtime.process import Main
from common.runtime.settings import Settings
from services.sbot import readiness
from services.sbot.restarts import Restarts

LEAVE_SECONDS = 0.25  # what the sockets of one that ended need at most to leave their names

log = logging.getLogger("compact")


def run(loaded: Settings) -> int:
    """Run the suite in this process until it is asked to stop; give the exit code.

    Raises:
        StartError: a service cannot go on until somebody mends something.
    """
    logs.set_up("sbot", loaded.logging_level, waits=False)
    if any(count > 1 for count in loaded.worker_counts.values()):
        log.warning("compact: one worker of each service, whatever the setting workers says")
    suite = partial(serve, mains(loaded))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(process.until_stopped("compact", suite, loaded))


def mains(loaded: Settings) -> dict[str, Main]:
    """Load the composition of each service that the settings name.

    Raises:
        SettingsError: there is no such service.
    """
    found: dict[str, Main] = {}
    for name in loaded.services:
        try:
            found[name] = importlib.import_module(f"services.{name}.__main__").main
        except ModuleNotFoundError as error:
            raise SettingsError(f"setting services: there is no service {name!r}") from error
    return found


async def serve(services: Mapping[str, Main], loaded: Settings) -> None:
    """Run all services until cancelled; tell on standard output when all are ready.

    Raises:
        StartError: what a service raised.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for name, main in services.items():
                tasks.create_task(keep(name, main, loaded))
            tasks.create_task(readiness.tell(loaded.endpoint, loaded.services))
    except* StartError as group:
        raise _first(group) from group


async def keep(
    name: str,
    main: Main,
    loaded: Settings,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run one service, again and again when it ends by itself.

    Raises:
        StartError: trying again would not help.
    """
    logs.actor.set(name)
    restarts = Restarts()
    while True:
        began = clock()
        try:
            await apart(main(loaded))
        except StartError:
            raise
        except NotNow as error:
            log.error("%s", error)  # noqa: TRY400  its text says all
        except Exception:
            log.exception("%s ended by an exception", name)
        ran = clock() - began
        delay = max(restarts.delay(ran), LEAVE_SECONDS)
        log.warning("%s ended after %.1f s and is started again in %g s", name, ran, delay)
        await sleep(delay)


def _first(group: BaseExceptionGroup[StartError]) -> StartError:
    """Pick one error of a group and of the groups in it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, StartError) else StartError(str(error))

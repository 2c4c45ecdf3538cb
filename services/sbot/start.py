"""`sbot start`: the whole suite in the foreground, under supervisor or compact, from first check to clean end.

Knows folders, the lock, the order of a start and of an end; never what a service does. Called by
`__main__`.
"""

import asyncio
import json
import os
import shlex
import signal
import sys
from pathlib import Path

from common.bus import keyring
from common.runtime import folders, known, settings, sources
from common.runtime.errors import StartError
from common.runtime.process import SUPERVISED
from services.sbot import foreign, identity, lock, ports, readiness
from services.sbot.relay import Relay

STOP_SECONDS = (
    4.5  # supervisord kills after 3 s what does not stop; the whole end takes 5 s at most
)


def start(argv: list[str]) -> int:
    """Run the suite until SIGTERM or SIGINT; give the exit code.

    Raises:
        StartError: nothing was started: settings, secret, or folder are wrong, or in use.
    """
    loaded = settings.load(argv)
    for name, near in known.unknown(loaded.document, sources.defaults()):
        hint = f"; did you mean {near}?" if near else " (docs/settings.md)"
        sys.stderr.write(f"sbot: setting {name} means nothing here{hint}\n")
    folders.prepare(loaded)
    if loaded.bus_keys is not None:
        keyring.read(loaded.bus_keys, readiness.OWN)
    held = lock.take(loaded.path)
    identity.claim(loaded)
    if (left := foreign.left(loaded.path)) is not None:
        sys.stderr.write(f"sbot: {left}\n")
    if loaded.compact:
        from services.sbot import compact  # noqa: PLC0415  the launcher of processes needs no uvloop

        return compact.run(loaded)
    return asyncio.run(_run(ports.settle(loaded), held))


async def _run(loaded: settings.Settings, held: int) -> int:
    """Start supervisord, tell when all is ready, and wait for the end."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    relay = Relay(sys.stderr.fileno())
    relay.start(loop)
    suite = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "services.sbot.supervise"),
        *("-c", str(sources.data_file("supervisord.conf"))),
        stdin=held,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=relay.entry,
        env=_environment(loaded, _seal(loaded)),
        start_new_session=True,
    )
    ended = asyncio.ensure_future(suite.wait())
    asked = asyncio.ensure_future(stop.wait())
    told = readiness.tell(loaded.endpoint, loaded.processes, loaded.bus_keys)
    ready = asyncio.ensure_future(told)
    await asyncio.wait((ended, asked, ready), return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
    for task in (asked, ready):
        task.cancel()
    code = await _end(suite, ended, asked=stop.is_set())
    relay.stop(loop)
    return code


async def _end(
    suite: asyncio.subprocess.Process, ended: asyncio.Future[int], *, asked: bool
) -> int:
    """Stop supervisord, which stops the services; give our exit code."""
    if not ended.done():
        suite.terminate()
        await asyncio.wait((ended,), timeout=STOP_SECONDS)
    if not ended.done():
        suite.kill()
        await ended
        return 1
    return 0 if asked and not ended.result() else 1


def _seal(loaded: settings.Settings) -> Path:
    """Write the effective settings where the services read them, and nothing else."""
    path = loaded.bus_dir / "settings.json"
    shared = {k: v for k, v in loaded.document.items() if k not in sources.OF_PROCESS}
    text = json.dumps(shared | {sources.SEALED: True}, indent=2)
    fresh = path.with_suffix(".new")
    try:
        with open(fresh, "w", opener=_private) as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        raise StartError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _environment(loaded: settings.Settings, sealed: Path) -> dict[str, str]:
    """Give the environment of supervisord and the services: ours, settings left out."""
    inherited = {k: v for k, v in os.environ.items() if not k.lower().startswith("ssb_")}
    return inherited | {
        SUPERVISED: "1",
        "SBOT_PARENT": str(os.getpid()),
        "SBOT_PROCESSES": " ".join(loaded.processes),
        "SBOT_PYTHON": shlex.quote(sys.executable),
        "SBOT_RUN": str(loaded.bus_dir),
        "SBOT_SETTINGS": shlex.quote(str(sealed)),
        "SBOT_SETTINGS_FILE": str(sealed),
    }

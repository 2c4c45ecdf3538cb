"""The command `sbot`: `sbot start` runs the suite, anything else calls a method of a running one.

Knows exit codes and what people read when something is wrong. The words are those of ssb-server 16
(bin.js), so that scripts around it go on working.
"""

import json
import os
import shutil
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.runtime import flags, folders, known, secret, settings, sources
from common.runtime.errors import StartError
from services.sbot import command, completion, foreign, identity, overviews, usage
from services.sbot.command import Command, CommandError

if TYPE_CHECKING:
    from services.sbot.connection import Line

USAGE_ERRORS = ("UsageError", "BadParamError", "BadArgError")  # muxrpcli shows their text alone


def main() -> int:
    """Run the command line; give the exit code."""
    argv = sys.argv[1:]
    try:
        return _carried_out(argv)
    except StartError as error:
        return _complain(f"sbot: {error}")
    except CommandError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has left: nothing to add
        return 1


def _carried_out(argv: list[str]) -> int:
    own = {"init": _init, "bus-keys": _bus_keys, "completion": _complete, "ready": _ready}
    name = argv[0] if argv else ""
    if name not in own and name not in ("start", "server"):
        return _call(argv)
    if "--help" in argv:
        return _print(command.USAGE.rstrip())
    return own[name](argv[1:]) if name in own else _start(argv)


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


def _start(argv: list[str]) -> int:
    from services.sbot.start import start  # noqa: PLC0415  calls need neither the bus nor asyncio

    if argv[0] == "server":
        _complain("WARNING-DEPRECATION: `sbot server` has been renamed to `sbot start`")
    return start(argv[1:])


def _init(argv: list[str]) -> int:
    """Make what the services need where it is missing: the folder, the secret, keys of the bus; print the id."""
    loaded = settings.load(argv)
    folders.prepare(loaded)
    own = identity.claim(loaded).id
    secret.tell_id(loaded.path, own)
    if (left := foreign.left(loaded.path)) is not None:
        _complain(f"sbot: {left}")
    if loaded.bus_keys is not None:
        _make_keys(loaded, loaded.bus_keys)
    return _print(own)


def _bus_keys(argv: list[str]) -> int:
    """Make the keys of a bus over tcp where they are missing; print the names that are new."""
    words = [str(word) for word in flags.parse(argv).words]
    if not words:
        raise CommandError(command.USAGE.rstrip())
    made = _make_keys(settings.load(argv), sources.expand(words[0]), *words[1:])
    return _print("\n".join(made))


def _make_keys(loaded: settings.Settings, folder: Path, *others: str) -> list[str]:
    from common.bus import keyring  # noqa: PLC0415  nothing else here needs the bus

    return keyring.make(folder, (*loaded.processes, "sbot", *others))


def _complete(argv: list[str]) -> int:
    """Print a script of completion for a shell, or the words that such a script asks for."""
    shell = str(argv[0]) if argv else ""
    if shell in completion.SCRIPTS:
        return _print(completion.SCRIPTS[shell].rstrip())
    if shell != "words":
        raise CommandError("usage: sbot completion bash|zsh|fish")
    path = settings.load(argv[1:]).path / "manifest.json"
    manifest = command.read_manifest(path) if path.exists() else {}
    return _print("\n".join(completion.words(manifest)))


def _ready(argv: list[str]) -> int:
    """Say whether these services are ready, each asked by itself; without names whether all are. For health checks."""
    from services.sbot import readiness  # noqa: PLC0415  nothing else here needs the bus

    loaded = settings.load(argv)
    words = [str(word) for word in flags.parse(argv).words]
    if words and not loaded.compact:
        missing = readiness.missing(loaded, words)
    else:
        missing = [name for name in _not_ready(loaded) if not words or name in words]
    return _complain(f"not ready: {', '.join(missing)}") if missing else _print("ready")


def _not_ready(loaded: settings.Settings) -> list[str]:
    """Ask a running suite, compact too, by its door for clients: who is not ready."""
    from services.sbot.call import AnswerError, call  # noqa: PLC0415  as below
    from services.sbot.connection import Unreachable, connect  # noqa: PLC0415  ditto

    told: list[bytes] = []
    try:
        with closing(connect(loaded)) as line:
            call(line, ("status",), "async", [], told.append)
    except (Unreachable, AnswerError, OSError):
        return ["network"]
    services = json.loads(b"".join(told))["services"]
    return [name for name, one in services.items() if not one["ready"]]


def _call(argv: list[str]) -> int:
    """Carry out a command other than `start`."""
    asked = command.read(argv)
    loaded = settings.load(argv)
    if asked.name == ("config",):
        return _config(argv, loaded, asked)
    manifest = command.read_manifest(loaded.path / "manifest.json")
    kind = command.find(manifest, asked.name)
    if not asked.name:
        return _print(f"{command.USAGE}\n{command.overview(manifest, asked.name)}")
    if len(asked.name) == 1 and asked.name[0] in overviews.NAMES and not asked.help:
        return _overview(loaded, asked)
    if kind is None or isinstance(kind, dict) or asked.help:
        _help(loaded, manifest, asked)
        return 0 if asked.help or kind else 1
    if kind not in ("async", "sync", "source", "sink"):
        raise CommandError(f"Invalid Manifest: {kind} is not a valid method-type")
    return _ask(loaded, asked, kind)


def _config(argv: list[str], loaded: settings.Settings, asked: Command) -> int:
    """Print what is in force; on a terminal, or with `--sources`, name by name with where it was said."""
    wanted = any(isinstance(arg, dict) and arg.get("sources") for arg in asked.args)
    shown = effective(loaded)
    for option in ("sources", "json"):
        shown.pop(option, None)
    if asked.json or not (wanted or sys.stdout.isatty()):
        return _print(json.dumps(shown, indent=2, ensure_ascii=False))
    home = Path(os.environ.get("HOME") or Path.home())
    names = dict(known.leaves(shown))
    said = sources.origins(sources.layers(argv, os.environ, home, Path.cwd()), names)
    rows = [(name, json.dumps(value, ensure_ascii=False)) for name, value in names.items()]
    return _print("\n".join(f"{n} = {v}   # {said.get(n, 'derived')}" for n, v in sorted(rows)))


def _help(loaded: settings.Settings, manifest: dict[str, Any], asked: Command) -> None:
    """Print what the server's own help says of a name, or what the manifest does where it says nothing."""
    group = usage.holder(manifest, asked.name)
    told = None if group is None else _told(loaded, (*group, "help"))
    about = None if told is None else usage.found(told, asked.name[len(group or ()) :])
    if about is None:
        known = command.find(manifest, asked.name)
        missing = "" if known else f"missing command: {'.'.join(asked.name)}\n"
        _print(f"{missing}{command.overview(manifest, asked.name if known else group or ())}")
    elif asked.json:
        _print(json.dumps(told, indent=2, ensure_ascii=False))
    elif asked.help or asked.deep:
        _print(usage.deep(about, asked.name))
    else:
        _print(usage.quick(about))


def _told(loaded: settings.Settings, name: tuple[str, ...]) -> Any:
    """The value of a method without arguments; None where the server does not answer."""
    from services.sbot.call import AnswerError, call  # noqa: PLC0415  as below
    from services.sbot.connection import Unreachable, connect  # noqa: PLC0415  ditto

    shown: list[bytes] = []
    try:
        with closing(connect(loaded)) as line:
            call(line, name, "async", [], shown.append)
    except (AnswerError, Unreachable, OSError):
        return None
    return json.loads(b"".join(shown))


def _overview(loaded: settings.Settings, asked: Command) -> int:
    """Print a table on a terminal, and JSON elsewhere or where that is asked for."""
    from services.sbot.call import AnswerError  # noqa: PLC0415  as below
    from services.sbot.connection import Unreachable, connect  # noqa: PLC0415  ditto
    from services.sbot.tables import Style  # noqa: PLC0415  ditto

    is_table = sys.stdout.isatty() and not asked.json
    style = Style.of(os.environ, shutil.get_terminal_size().columns) if is_table else None
    try:
        return _print(overviews.overview(asked.name[0], partial(connect, loaded), style))
    except Unreachable as reason:
        return _not_there(loaded, reason)
    except AnswerError as error:
        return _complain(f"{error.failure.name}: {error.failure.message}")


def _not_there(loaded: settings.Settings, reason: Exception) -> int:
    _complain(
        f"Error: Could not connect to ssb-server {loaded.host or 'localhost'}:{loaded.port}\n"
        'Use the "start" command to start it.\n'
        "Use --verbose option to see full error"
    )
    return _complain(str(reason)) if loaded.document.get("verbose") else 1


def _ask(loaded: settings.Settings, asked: Command, kind: str) -> int:
    """Call the method and print what comes."""
    from services.sbot import upkeep, upload  # noqa: PLC0415  `config` and help need no crypto
    from services.sbot.call import AnswerError, call, read_input  # noqa: PLC0415  ditto
    from services.sbot.connection import Unreachable, connect  # noqa: PLC0415  ditto
    from services.sbot.progress import Progress, Steps  # noqa: PLC0415  ditto

    args = _from_stdin() if asked.stdin and not sys.stdin.isatty() else asked.args
    blob = upload.Upload(args) if asked.name == upload.NAME else None
    try:
        line = connect(loaded)
    except Unreachable as reason:
        return _not_there(loaded, reason)
    try:
        with closing(line):
            if asked.name == ("blobs", "get"):
                _download(loaded, line, args)
            elif asked.name in upkeep.NAMES:
                return _keep_up(line, asked.name, args)
            elif asked.name == ("rebuild",) and sys.stderr.isatty():
                with Steps() as steps:
                    upkeep.follow_rebuild(partial(connect, loaded), args, _show, steps)
            elif blob is None:
                call(line, asked.name, kind, args, _show, read_input())
            else:
                with Progress(blob.size) as progress:
                    call(line, asked.name, kind, [], _show, progress.of(blob))
                _print(blob.id)
    except AnswerError as error:
        failure = error.failure
        plain = failure.name in USAGE_ERRORS
        return _complain(failure.message if plain else f"{failure.name}: {failure.message}")
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        return _complain(f"Error: {error}")
    return 0


def _keep_up(line: "Line", name: tuple[str, ...], args: list[Any]) -> int:
    """Check or compact: in words on a terminal, else as JSON; the exit code says whether all is well."""
    from services.sbot.call import call  # noqa: PLC0415  as above
    from services.sbot.progress import Steps  # noqa: PLC0415  ditto
    from services.sbot.upkeep import Report  # noqa: PLC0415  ditto

    in_words = sys.stdout.isatty()
    with Steps() as steps:
        report = Report(steps, lambda text: _show(f"{text}\n".encode() if in_words else b""))

        def show(data: bytes) -> None:
            report.take(data)
            if not in_words:
                _show(data)

        call(line, name, "source", args, show)
    return 0 if report.ok else 1


def _download(loaded: settings.Settings, line: "Line", args: list[Any]) -> None:
    """Print a blob, and on a terminal that does not get the bytes how far it is."""
    from services.sbot.call import call  # noqa: PLC0415  as above
    from services.sbot.download import size_of  # noqa: PLC0415  ditto
    from services.sbot.progress import Progress  # noqa: PLC0415  ditto

    if sys.stdout.isatty() or not sys.stderr.isatty():
        call(line, ("blobs", "get"), "source", args, _show)
        return

    with Progress(size_of(loaded, args)) as progress:

        def show(data: bytes) -> None:
            _show(data)
            progress.add(len(data))

        call(line, ("blobs", "get"), "source", args, show)


def _from_stdin() -> list[Any]:
    from common.feed import json as field  # noqa: PLC0415  only here

    try:
        return [field.parse(sys.stdin.buffer.read())]
    except ValueError as error:
        raise CommandError(f"Error: standard input is no JSON: {error}") from error


def effective(loaded: settings.Settings) -> dict[str, Any]:
    """Give the configuration as `ssb-server config` shows it; the private key is left out."""
    incoming = {
        name: [{key: value for key, value in _entry(one).items() if value} for one in entries]
        for name, entries in loaded.connections_incoming.items()
    }
    connections = {**loaded.document.get("connections", {}), "incoming": incoming}
    places = {"host": loaded.host, "port": loaded.port}
    return {**loaded.document, **places, "connections": connections}


def _entry(one: settings.Incoming) -> dict[str, Any]:
    return {
        "host": one.host,
        "port": one.port,
        "scope": list(one.scope),
        "transform": one.transform,
        "external": list(one.external),
    }


def _print(text: str) -> int:
    _show(f"{text}\n".encode())
    return 0


def _show(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())

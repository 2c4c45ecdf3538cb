"""What the user asked for: a method of a running server, with its arguments, read as muxrpcli reads them.

Knows the command line of `ssb-server` 16 and the manifest's tree; calls nothing. Called by `__main__`.
"""

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from common.runtime import flags

ALIASES = {  # of ssb-server 16, lib/cli-cmd-aliases.js
    "feed": "createFeedStream",
    "history": "createHistoryStream",
    "hist": "createHistoryStream",
    "public": "getPublicKey",
    "pub": "getPublicKey",
    "log": "createLogStream",
    "logt": "messagesByType",
    "conf": "config",
}
STDIN = "."  # as first argument: the arguments are one JSON text on standard input
USAGE = """\
usage: sbot start [--setting value]...
       sbot init [--setting value]...
       sbot bus-keys FOLDER [NAME]...
       sbot ready [SERVICE]...
       sbot fsck [--repair] | sbot compact | sbot rebuild [VIEW]
       sbot status | sbot peers | sbot feeds | sbot invites | sbot metrics
       sbot completion bash|zsh|fish
       sbot METHOD [ARGUMENT]... [--option value]... [-- --setting value...]
       sbot config
"""


class CommandError(Exception):
    """The command cannot be carried out; the text is for people, line by line."""


class Command(msgspec.Struct, frozen=True):
    """A method's name and its arguments; `stdin` when they stand on standard input.

    `help`, `deep` and `json` say whether help is wanted instead, and of what kind.
    """

    name: tuple[str, ...]
    args: list[Any]
    stdin: bool
    help: bool
    deep: bool = False
    json: bool = False


def read(argv: list[str]) -> Command:
    """Read a command line; what stands behind `--` is settings, not options of the method."""
    texts = [os.fsencode(arg).decode("utf-8", "replace") for arg in argv]
    found = flags.parse(texts[: texts.index("--")] if "--" in texts else texts)
    words = [str(word) for word in found.words[:1]]
    args = [*found.words[1:], *([found.options] if found.options else [])]
    name = ALIASES.get(words[0], words[0]) if words else ""
    return Command(
        name=tuple(name.split(".")) if name else (),
        args=args,
        stdin=found.words[1:2] == [STDIN],
        help=bool(found.options.get("help")),
        deep=bool(found.options.get("deep")),
        json=bool(found.options.get("json")),
    )


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the file that the network service wrote.

    Raises:
        CommandError: there is none, or it is damaged.
    """
    try:
        tree = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CommandError(
            f"Error: no manifest file- should be generated first time server is run ({path})\n"
            'Use the "start" command to start it.'
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"Error: {path}: cannot be used: {error}") from error
    if not isinstance(tree, dict):
        raise CommandError(f"Error: {path}: cannot be used: not a JSON object")
    return tree


def find(manifest: dict[str, Any], name: tuple[str, ...]) -> Any:
    """Look a name up: the method's type, the tree of a group, or None."""
    here: Any = manifest
    for part in name:
        here = here.get(part) if isinstance(here, dict) else None
    return here


def overview(manifest: dict[str, Any], name: tuple[str, ...] = ()) -> str:
    """Tell what there is to call in a group, or of what type one method is."""
    found = find(manifest, name)
    if isinstance(found, str):
        return f"{'.'.join(name)} # {found}"
    group = found if isinstance(found, dict) else manifest
    methods = "|".join(key for key, value in group.items() if isinstance(value, str))
    groups = [
        f"{'.'.join((*name, key))}: {'|'.join(value)}"
        for key, value in group.items()
        if isinstance(value, dict)
    ]
    return "\n".join([*([methods] if methods else []), *groups])

"""What `--help` prints of the help that the server's methods give, as muxrpc-usage lays it out.

Knows the shape of such help: `{description, commands: {name: {type, description, args}}}`; asks nobody. Called by `__main__`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["deep", "found", "holder", "quick"]

Help = Mapping[str, Any]


def holder(manifest: Mapping[str, Any], name: Sequence[str]) -> tuple[str, ...] | None:
    """The innermost group around a name that has a method `help`; None where none has."""
    group = tuple(name)
    while True:
        here: Any = manifest
        for part in group:
            here = here.get(part) if isinstance(here, Mapping) else None
        if isinstance(here, Mapping) and isinstance(here.get("help"), str):
            return group
        if not group:
            return None
        group = group[:-1]


def found(help_: Help, path: Sequence[str]) -> Help | None:
    """The part of a help that is about a path; None where it says nothing of it."""
    here: Any = help_
    for part in path:
        commands = here.get("commands") if isinstance(here, Mapping) else None
        here = commands.get(part) if isinstance(commands, Mapping) else None
    return here if isinstance(here, Mapping) else None


def quick(about: Help) -> str:
    """The names of options of a method, or of the methods of a group."""
    if _is_command(about):
        return "--" + "|".join(about["args"]) if about["args"] else ""
    return "|".join(about.get("commands") or ())


def deep(about: Help, name: Sequence[str]) -> str:
    """All that is said of a method, or of each method of a group; ends with a line break."""
    if not _is_command(about):
        commands = about.get("commands") or {}
        return "\n".join(deep(one, (*name, key)) for key, one in commands.items())
    args = about["args"]
    single = f" {{{about['single']}}}" if args and about.get("single") else ""
    lines = [f"{'.'.join(name)}{single} # {about.get('description', '')}"]
    if args:
        lines.append(_aligned([_row(key, one) for key, one in args.items()]))
    return "\n".join(lines) + "\n"


def _is_command(about: Help) -> bool:
    return bool(about.get("type")) and isinstance(about.get("args"), Mapping)


def _row(key: str, arg: Help) -> list[str]:
    default = f"={_js(arg['default'])}" if "default" in arg else ""
    end = "]?" if arg.get("optional") else "]"
    return [f"  --{key}", f"[{arg.get('type')}{default}{end}", f"# {arg.get('description')}"]


def _js(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )

"""Shell completion: scripts for bash, zsh and fish that ask `sbot completion words`, and what that answers.

Knows the manifest and our own commands; never what a method does. Called by `__main__`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.sbot.command import ALIASES

__all__ = ["COMMANDS", "SCRIPTS", "words"]

COMMANDS: Final = (
    "start",
    "init",
    "bus-keys",
    "ready",
    "config",
    "completion",
    "peers",
    "feeds",
    "invites",
)

SCRIPTS: Final[Mapping[str, str]] = {
    "bash": """\
_sbot() {
    COMPREPLY=($(compgen -W "$(sbot completion words 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _sbot sbot
""",
    "zsh": """\
#compdef sbot
_sbot() {
    compadd -- ${(f)"$(sbot completion words 2>/dev/null)"}
}
compdef _sbot sbot
""",
    "fish": "complete -c sbot -f -a '(sbot completion words 2>/dev/null)'\n",
}


def words(manifest: Mapping[str, Any]) -> list[str]:
    """Everything that can stand behind `sbot`, in order."""
    return sorted({*COMMANDS, *ALIASES, *_methods(manifest)})


def _methods(tree: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, kind in tree.items():
        if isinstance(kind, Mapping):
            yield from _methods(kind, f"{path}{name}.")
        elif kind in ("async", "sync", "source", "sink"):
            yield f"{path}{name}"

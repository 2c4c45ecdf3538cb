"""Where settings come from: flags, environment, files, defaults, merged in the order of npm's `rc`.

Knows files and their places; never what a setting means. Called by `settings.load`.
The order (first wins) is that of ssb-config 3: flags, environment, `--config`, `.ssbrc` here or in a
parent, `~/.ssbrc`, `config` in the data folder, `~/.ssb/config`, `~/.config/ssb`, `~/.config/ssb/config`,
`/etc/ssbrc`, `/etc/ssb/config`, defaults. Ours is that the data folder's own `config` is read also when
the folder was named by `path`, and that a file that cannot be read is an error instead of silence.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common.runtime import flags
from common.runtime.errors import SettingsError

Document = dict[str, Any]

MAX_FILE = 1 << 20  # a settings file is written by hand; anything larger is something else
FORCE = "force"  # for one run only: what says it for ever, in a file, is not listened to
SEALED = "sealed"  # marks a file that says everything: nothing else is read beside it
OF_PROCESS = ("worker",)  # but this, which no two processes of a service have in common

_TOKENS = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def data_file(name: str) -> Path:
    """Find a file of `config/`: beside this module in an installed wheel, at the root in a checkout."""
    installed = Path(__file__).parent / "data" / name
    return installed if installed.exists() else Path(__file__).parents[2] / "config" / name


class Layer(NamedTuple):
    """One source: what people call it, and what it says."""

    name: str
    document: Document


def defaults() -> Document:
    """What holds where nothing else is said, but for the data folder."""
    return tomllib.loads(data_file("defaults.toml").read_text())


def collect(
    argv: list[str], env: Mapping[str, str], home: Path, here: Path, etc: Path = Path("/etc")
) -> Document:
    """Merge every source into one document.

    Raises:
        SettingsError: a file is damaged or unreadable; the text names it and the place.
    """
    return merge(*(layer.document for layer in layers(argv, env, home, here, etc)))


def layers(
    argv: list[str], env: Mapping[str, str], home: Path, here: Path, etc: Path = Path("/etc")
) -> list[Layer]:
    """Read every source there is, the weakest first.

    Raises:
        SettingsError: a file is damaged or unreadable; the text names it and the place.
    """
    name = env.get("ssb_appname") or "ssb"
    given = _flags(argv)
    environment = _environment(env, name + "_")
    named = given.get("config", environment.get("config"))
    top = [Layer("environment", environment), Layer("flags", given)]
    if named is not None:
        explicit = _explicit(here / str(named))
        if explicit.pop(SEALED, False):
            of_process = {key: given[key] for key in OF_PROCESS if key in given}
            return [Layer(str(named), explicit), Layer("flags", of_process)]
        explicit.pop(FORCE, None)
        top.insert(0, Layer(str(named), explicit))
    default_path = {"path": str(home / f".{name}")}
    bottom = Layer("defaults", defaults() | default_path)
    places = _places(name, home, here, etc)
    found = [bottom, *_read_all(places), *top]
    path = merge(*(layer.document for layer in found))["path"]
    own = here / expand(str(path)) / "config"
    if own in places:
        return found
    places.insert(places.index(home / f".{name}rc"), own)
    # The data folder's own file is read because of its place: it cannot move itself.
    return [bottom, *_read_all(places), *top, Layer("", {"path": path})]


def origins(found: Sequence[Layer], names: Iterable[str]) -> dict[str, str]:
    """Which source said what is in force of each dotted name; nothing for what none of them names."""
    said = {}
    for name in names:
        for layer in found:
            here: Any = layer.document
            for part in name.split("."):
                here = here.get(part) if isinstance(here, dict) else None
            if here is not None and layer.name:
                said[name] = layer.name
    return said


def _read_all(places: list[Path]) -> list[Layer]:
    read_ = [(path, document) for path in places if (document := read(path)) is not None]
    return [
        Layer(str(path), {key: value for key, value in document.items() if key != FORCE})
        for path, document in read_
    ]


def _flags(argv: list[str]) -> Document:
    """Read flags on both sides of `--`; those after it win."""
    cut = argv.index("--") if "--" in argv else len(argv)
    return merge(flags.parse(argv[:cut]).options, flags.parse(argv[cut + 1 :]).options)


def _places(name: str, home: Path, here: Path, etc: Path) -> list[Path]:
    """List the files that may hold settings, the weakest first."""
    near = next((p for d in (here, *here.parents) if (p := d / f".{name}rc").exists()), None)
    return [
        etc / name / "config",
        etc / f"{name}rc",
        home / ".config" / name / "config",
        home / ".config" / name,
        home / f".{name}" / "config",
        home / f".{name}rc",
        *([] if near is None else [near]),
    ]


def _environment(env: Mapping[str, str], prefix: str) -> Document:
    """Read `ssb_a__b=c` as `{"a": {"b": "c"}}`."""
    document: Document = {}
    for key, value in env.items():
        if not key.lower().startswith(prefix) or key == "ssb_appname":
            continue
        *folders, last = [part for part in key[len(prefix) :].split("__") if part] or [""]
        here: Any = document
        for folder in folders:
            here = here.setdefault(folder, {}) if isinstance(here, dict) else None
        if last and isinstance(here, dict):
            here[last] = value
    return document


def expand(text: str) -> Path:
    """Make a path of a setting: `~` is the home folder, `~name` somebody else's.

    Raises:
        SettingsError: there is nobody of that name, or no file can be called so.
    """
    try:
        path = Path(text).expanduser()
        os.fsencode(path)
    except (RuntimeError, ValueError) as error:
        raise SettingsError(f"{text[:60]!r} is no path: {error}") from error
    if "\0" in text:
        raise SettingsError(f"{text[:60]!r} is no path: a zero byte")
    return path


def merge(*documents: Document) -> Document:
    """Lay documents over each other: maps are merged, anything else is replaced (deep-extend)."""
    merged: Document = {}
    for document in documents:
        for key, value in document.items():
            if isinstance(value, dict):
                before = merged.get(key)
                merged[key] = merge(before if isinstance(before, dict) else {}, value)
            else:
                merged[key] = value
    return merged


def _explicit(path: Path) -> Document:
    """Read the file that `--config` names: it must be there."""
    document = read(path)
    if document is None:
        raise SettingsError(f"{path}: no such settings file")
    return document


def read(path: Path) -> Document | None:
    """Read one settings file: JSON with comments; None where there is none.

    Raises:
        SettingsError: unreadable, too large, or not a JSON object.
    """
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_FILE:
        raise SettingsError(f"{path}: too large for settings ({len(raw)} bytes)")
    try:
        text = raw.decode()
        document = json.loads(_TOKENS.sub(_blank, text)) if text.strip() else {}
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except RecursionError as error:
        raise SettingsError(f"{path}: nested too deeply") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise SettingsError(f"{path}: damaged at {place}: {error.msg}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: damaged: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{path}: not a JSON object")
    return document


def _blank(match: re.Match[str]) -> str:
    """Replace a comment by blanks, so that error places stay true; leave strings alone."""
    text = match[0]
    return text if text.startswith('"') else re.sub(r"[^\n]", " ", text)

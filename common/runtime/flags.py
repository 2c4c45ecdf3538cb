"""Command line flags as npm's minimist reads them, so that old commands go on working.

Knows the grammar only: `--a.b=c`, `--a.b c`, `--no-a`, `--a`, `-xyz`, numbers, repeated flags as lists.
Never knows what a flag means. Called by the settings and by the command's method calls.
"""

import re
from math import inf
from typing import Any

import msgspec

MAX_EXACT = 2**53  # beyond it a double skips integers
_TOO_LARGE = 2**1024 - 2**970  # rounds to infinity

_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?\Z", re.ASCII)
_HEX = re.compile(r"0x[0-9a-f]+\Z", re.IGNORECASE | re.ASCII)
_ASSIGNED = re.compile(r"--([^=]+)=(.*)\Z", re.DOTALL)
_FLAG = re.compile(r"--?[^-]")
_ENDS_IN_NUMBER = re.compile(r"-?\d+(\.\d*)?(e-?\d+)?\Z", re.ASCII)
_LETTER = re.compile(r"[A-Za-z]")


class Flags(msgspec.Struct, frozen=True):
    """What a command line said: words in order, and options as a nested map."""

    words: list[Any]
    options: dict[str, Any]


def parse(argv: list[str]) -> Flags:
    """Read a command line; what stands after `--` is words only (minimist's `_`)."""
    cut = argv.index("--") if "--" in argv else len(argv)
    flags = Flags(words=[], options={})
    tokens = argv[:cut]
    at = 0
    while at < len(tokens):
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        at += 1
        if match := _ASSIGNED.match(token):
            _set(flags.options, match[1], match[2])
        elif token.startswith("--no-") and len(token) > 5:
            _set(flags.options, token[5:], False)
        elif token.startswith("--") and len(token) > 2:
            at += _set_next(flags.options, token[2:], following)
        elif token.startswith("-") and len(token) > 1:
            at += _letters(flags.options, token[1:], following)
        else:
            flags.words.append(_value(token))
    flags.words.extend(argv[cut + 1 :])
    return flags


def _set_next(options: dict[str, Any], key: str, following: str | None) -> int:
    """Set a flag to the token after it, or to true; say how many tokens that took."""
    if following is None or _FLAG.match(following):
        _set(options, key, True)
        return 0
    _set(options, key, following)
    return 1


def _letters(options: dict[str, Any], letters: str, following: str | None) -> int:
    """Set the one-letter flags of `-xyz`, `-n5`, `-a=b`; say how many further tokens that took."""
    for at, letter in enumerate(letters[:-1]):
        rest = letters[at + 1 :]
        if rest == "-":
            _set(options, letter, rest)
        elif _LETTER.match(letter) and rest.startswith("="):
            _set(options, letter, rest[1:])
            return 0
        elif (_LETTER.match(letter) and _ENDS_IN_NUMBER.search(rest)) or re.match(r"\W", rest):
            _set(options, letter, rest)
            return 0
        else:
            _set(options, letter, True)
    if letters[-1] == "-":
        return 0
    return _set_next(options, letters[-1], following or None)


def _value(text: str | bool) -> Any:
    """Turn what looks like a number into one, as JavaScript's `Number` does."""
    if isinstance(text, bool):
        return text
    if _HEX.match(text):
        number: int | float = int(text, 16)
        if number <= MAX_EXACT:
            return number
        return float(number) if number < _TOO_LARGE else inf
    if not _NUMBER.match(text):
        return text
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= MAX_EXACT else number


def _set(options: dict[str, Any], path: str, text: str | bool) -> None:
    """Put a value at a dotted path; a second value at one place makes a list."""
    *folders, last = path.split(".")
    here = options
    for folder in folders:
        inner = here.setdefault(folder, {})
        if not isinstance(inner, dict):
            return
        here = inner
    value = _value(text)
    before = here.get(last)
    if last not in here or isinstance(before, bool):
        here[last] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        here[last] = [before, value]

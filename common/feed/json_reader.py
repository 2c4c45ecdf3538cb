"""JSON text to values, as V8's JSON.parse does: the slow and complete way.

Keeps lone surrogates as lone code points, orders integer-like keys as JavaScript objects do, knows no
limit of depth. Called by `common.feed.json` alone, when its fast way doesn't apply.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from common.feed.errors import JsonError

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

MAX_EXACT = 2**53  # above it a double skips integers
MAX_INDEX = 2**32 - 2  # the largest array index of ECMAScript

_SHORT = 15  # so many digits are always below MAX_EXACT
_TOKEN = re.compile(
    r"""[ \t\n\r]*+(?:
      (?P<mark>[\[\]{},:])
    | "(?P<string>[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+)"
    | (?P<number>-?(?:0|[1-9][0-9]*+)(?P<real>(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?))
    | (?P<word>true|false|null)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_INDEX = re.compile("0|[1-9][0-9]{0,9}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

_Container: TypeAlias = list[Json] | dict[str, Json]

# What the grammar lets come next.
_VALUE, _FIRST_ITEM, _KEY, _FIRST_KEY, _COLON, _AFTER = range(6)
_TAKES_VALUE = (_VALUE, _FIRST_ITEM)
_TAKES_KEY = (_KEY, _FIRST_KEY)
_VALUES = ("string", "number", "word", "[", "{")
_CLOSES = {"]": (_FIRST_ITEM, _AFTER), "}": (_FIRST_KEY, _AFTER)}


def read(text: str) -> Json:
    """The value of a JSON text.

    Numbers without fraction up to 2**53 become int whatever their spelling, all others float (infinite
    when out of range, as in V8); of a repeated key the first place and the last value stay.

    Raises:
        JsonError: the text is no JSON (ECMA-404, as strict as V8).
    """
    root: list[Json] = []
    top: _Container = root
    parents: list[_Container] = []
    key = ""
    state = _VALUE
    next_token = _tokens(text).__next__
    while True:
        kind, value, at = next_token()
        if state in _TAKES_VALUE and kind in _VALUES:
            if isinstance(top, list):
                top.append(value)
            else:
                top[key] = value
            state = _AFTER
            if isinstance(value, list | dict):
                parents.append(top)
                top = value
                state = _FIRST_ITEM if kind == "[" else _FIRST_KEY
        elif state in _TAKES_KEY and isinstance(value, str):
            key = value
            state = _COLON
        elif state == _COLON and kind == ":":
            state = _VALUE
        elif state == _AFTER and kind == "," and parents:
            state = _VALUE if isinstance(top, list) else _KEY
        elif state in _CLOSES.get(kind, ()) and parents and isinstance(top, list) == (kind == "]"):
            order_members(top)
            top = parents.pop()
            state = _AFTER
        elif state == _AFTER and kind == "end" and not parents:
            return root[0]
        else:
            raise JsonError(f"unexpected token in JSON at position {at}")


def order_members(container: list[Json] | dict[str, Json]) -> None:
    """Puts integer-like keys (0 to 2**32 - 2) first and in their order, as JavaScript objects keep them."""
    if isinstance(container, list) or not any(map(is_index, container)):
        return
    first = sorted(filter(is_index, container), key=int)
    ordered = {key: container.pop(key) for key in first}
    ordered.update(container)
    container.clear()
    container.update(ordered)


def is_index(key: str) -> bool:
    """Whether a key is an array index of ECMAScript and so goes before all others."""
    return _INDEX.fullmatch(key) is not None and int(key) <= MAX_INDEX


def join_surrogates(text: str) -> str:
    """The same UTF-16 with each pair of surrogates as the one character that it spells."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _tokens(text: str) -> Iterator[tuple[str, Json, int]]:
    at = 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        kind = token.lastgroup
        if kind == "mark":
            mark = token["mark"]
            yield mark, [] if mark == "[" else {} if mark == "{" else None, at
        elif kind == "string":
            yield "string", _string(token["string"]), at
        elif kind == "number":
            yield "number", _number(token["number"], token["real"]), at
        elif kind == "word":
            yield "word", _WORDS[token["word"]], at
        else:
            yield "end", None, at
    raise JsonError(f"unexpected character in JSON after position {at}")


def _string(body: str) -> str:
    if "\\" in body:
        body = _ESCAPE.sub(_unescape, body)
    return join_surrogates(body)


def _unescape(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(letter, letter)


def _number(text: str, real: str) -> int | float:
    if not real and len(text) <= _SHORT:
        return int(text)
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= MAX_EXACT else number

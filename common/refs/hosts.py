"""What ssb-ref 2.16.0 takes for a host and for a port.

It asks npm's ip 1.1.5 and is-valid-domain 0.0.20 and is more lenient than the net: 256.1.1.1 passes.
Left out on purpose is the latter's list of second-level domains, which only forbids an underscore in the
label before one (`a_b.co.uk`).
"""

import re

MAX_PORT = 65536  # sic
_MAX_NAME = 253
_MAX_LABEL = 63

_V6_GROUPS = 8
_V6_GROUP = 21  # characters at most: IPv4, four digits, two colons
_V6_ENDS = 4  # characters of a `::` before and one behind

_V4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_V4_HEAD = re.compile(r"(?:[0-9]{1,3}\.){3}(?=[0-9])")
_DIGITS = frozenset("0123456789")
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_COLON = frozenset(":")
_SCHEME = re.compile(r"^wss?://")
_NAME = re.compile(r"[a-z0-9\-._*]+")
_TOP = re.compile(r"(?:xn--)?(?![0-9]+$)[a-z0-9]+")
_LABEL = re.compile(r"[a-z0-9_-]+")
_LAST_LABEL = re.compile(r"[a-z0-9-]+")

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX = {"0x": 16, "0o": 8, "0b": 2}
_SPACE = "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def is_host(value: object) -> bool:
    """Whether a value is an IP address, a domain name, or `localhost`; `ws://` before it is allowed."""
    if not isinstance(value, str):
        return False
    host = _SCHEME.sub("", value)
    is_ip = _V4.fullmatch(host) is not None or _is_v6(host)
    return is_ip or host == "localhost" or _is_domain(host)


def is_port(value: object) -> bool:
    """Whether a value is a whole number of at most 65536; 0 and negative ones pass."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return (isinstance(value, int) or value.is_integer()) and value <= MAX_PORT


def number(text: str) -> float:
    """The number that JavaScript's unary plus makes of a text, NaN when none."""
    body = text.strip(_SPACE)
    if not body:
        return 0
    if body[:2].lower() in _RADIX:
        return _with_radix(body)
    if _DECIMAL.fullmatch(body):
        value = float(body)
        return int(value) if value.is_integer() else value
    return {"Infinity": float("inf"), "+Infinity": float("inf"), "-Infinity": -float("inf")}.get(
        body, float("nan")
    )


def _with_radix(body: str) -> float:
    if not body[2:].isalnum() or not body.isascii():
        return float("nan")
    try:
        return int(body[2:], _RADIX[body[:2].lower()])
    except ValueError:
        return float("nan")


def _is_v6(text: str) -> bool:
    """Up to eight groups, perhaps a `::` on either side; a group is (IPv4)? hex{0,4} :{0,2}.

    ip 1.1.5 says this with an expression that backtracks for seconds on hostile text; here every place
    is looked at once.
    """
    if len(text) > _V6_GROUPS * _V6_GROUP + _V6_ENDS:
        return False
    reached = {0, 2} if text.startswith("::") else {0}
    fresh = reached
    for _ in range(_V6_GROUPS):
        fresh = {end for start in fresh for end in _group_ends(text, start)} - reached
        reached = reached | fresh
    return len(text) in reached or (text.endswith("::") and len(text) - 2 in reached)


def _group_ends(text: str, start: int) -> set[int]:
    head = _V4_HEAD.match(text, start)
    starts = {start, *(_run(text, head.end(), _DIGITS, 3)[1:] if head else ())}
    digits = {end for place in starts for end in _run(text, place, _HEX_DIGITS, 4)}
    return {end for place in digits for end in _run(text, place, _COLON, 2)}


def _run(text: str, start: int, allowed: frozenset[str], most: int) -> range:
    """Every place where a run of at most so many characters may end."""
    end = start
    while end < min(start + most, len(text)) and text[end] in allowed:
        end += 1
    return range(start, end + 1)


def _is_domain(text: str) -> bool:
    name = text.lower().removesuffix(".")
    if len(name) > _MAX_NAME or _NAME.fullmatch(name) is None:
        return False
    *labels, top = name.split(".")
    if not labels or _TOP.fullmatch(top) is None:
        return False
    return _LAST_LABEL.fullmatch(labels[-1]) is not None and all(map(_is_label, labels))


def _is_label(label: str) -> bool:
    """Two hyphens in a row stand in `xn--` only."""
    return (
        _LABEL.fullmatch(label) is not None
        and len(label) <= _MAX_LABEL
        and label.count("--") == label.count("xn--")
        and not label.startswith("-")
        and not label.endswith("-")
    )

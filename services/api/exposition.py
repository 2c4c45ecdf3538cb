"""The text format of Prometheus (version 0.0.4): families of samples as text.

Knows the format; must never know what is counted. Pure. Called by `metrics`.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

__all__ = ["Family", "Kind", "Sample", "text"]

Kind = Literal["gauge", "counter"]


class Sample(NamedTuple):
    """A value, and what it is the value of."""

    labels: Mapping[str, str]
    value: float


class Family(NamedTuple):
    """What is told under one name, in words of which no line breaks."""

    name: str
    kind: Kind
    help: str
    samples: tuple[Sample, ...]


def text(families: Iterable[Family]) -> str:
    """All families that have samples, each with its HELP and TYPE, in order."""
    return "".join(map(_family, families))


def _family(family: Family) -> str:
    if not family.samples:
        return ""
    name = family.name
    lines = [f"# HELP {name} {_escaped(family.help)}", f"# TYPE {name} {family.kind}"]
    lines += [f"{name}{_labels(labels)} {value}" for labels, value in family.samples]
    return "\n".join([*lines, ""])


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    quoted = (f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return f"{{{','.join(quoted)}}}"


def _quoted(value: str) -> str:
    return _escaped(value).replace('"', '\\"')


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("\n", "\\n")

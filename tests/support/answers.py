"""Two servers' answers to the same calls: what differs, and which differences have a reason."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.support.asking import Answer, Question
from tests.support.pair import Side

SHOWN = 500
"""Characters shown of an answer that differs, from a little before the first difference."""
BEFORE = 150

STUMBLED = (
    "Cannot read properties of",
    "Cannot create property",
    "Cannot destructure property",
    "Cannot set properties of",
    "Cannot set properties of",
    "is not a function",
    "is not iterable",
)
"""How V8 begins or ends when JavaScript stumbles over what it was given: no text to keep."""


class Accepted(NamedTuple):
    """A difference that stays, and why."""

    reason: str
    holds: Callable[[Question, Answer, Answer], bool]


def failed(answer: Answer) -> bool:
    """Whether the call or the stream ended with an error."""
    return "error" in answer or isinstance(answer.get("end"), str)


def options(question: Question) -> dict[str, Any]:
    """The first argument where it is an object."""
    first = question.args[0] if question.args else None
    return first if isinstance(first, dict) else {}


def stumbled(answer: Answer) -> bool:
    """Whether it failed with an exception of V8's own."""
    text = str(answer.get("error", answer.get("end", "")))
    return any(words in text for words in STUMBLED)


ENDED = Accepted(
    "the question ends the connection there, or the server; here it gets an answer or an error, and nothing ends",
    lambda _, theirs, ours: "gone" in theirs and not {"gone", "silent"} & ours.keys(),
)


def plain(_: Question, answer: Answer) -> str:
    """The answer as it is, the order of members included."""
    return json.dumps(answer)


def signed_now(answer: Answer) -> Answer:
    """What is the same in two messages of the same content that were signed at two times."""
    value = answer.get("value")
    if not isinstance(value, dict) or "value" not in value:
        return answer
    content = value["value"]["content"]
    if isinstance(content, str):
        content = f"{len(content)} {content[content.index('.') :]}"
    return {
        "members": [list(value), list(value["value"])],
        "content": content,
        "sequence": value["value"]["sequence"],
    }


class Compared(NamedTuple):
    """What came of a comparison."""

    wrong: list[str]
    """Every difference that no reason covers, as text to read."""
    alike: Counter[str]
    """How many answers are the same, without any reason, by method."""


def compared(
    questions: Sequence[Question],
    theirs: Sequence[Answer],
    ours: Sequence[Answer],
    accepted: Sequence[Accepted],
    text: Callable[[Question, Answer], str] = plain,
) -> Compared:
    """What differs, and how much is the same; `text` says what counts of an answer."""
    found = Compared([], Counter())
    for question, a, b in zip(questions, theirs, ours, strict=True):
        there, here = text(question, a), text(question, b)
        if there == here:
            found.alike[question.name] += 1
        elif not any(one.holds(question, a, b) for one in accepted):
            start = max(0, _same(there, here) - BEFORE)
            shown = (text[start : start + SHOWN] for text in (there, here))
            found.wrong.append("{}\n   theirs {}\n   ours   {}".format(question, *shown))
    return found


def differences(
    questions: Sequence[Question],
    theirs: Sequence[Answer],
    ours: Sequence[Answer],
    accepted: Sequence[Accepted],
    text: Callable[[Question, Answer], str] = plain,
) -> list[str]:
    """Every difference that no reason covers, as text to read."""
    return compared(questions, theirs, ours, accepted, text).wrong


def _same(a: str, b: str) -> int:
    """How many characters are the same from the beginning."""
    return next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def assert_alive(side: Side) -> None:
    """Fails where a question ended ssb-server, as several do: those are not to be asked."""
    log = side.server.folder.parent / f"{side.server.folder.name}.log"
    assert side.server.process.returncode is None, log.read_text()[-2000:]

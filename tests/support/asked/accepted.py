"""Differences between what npm's plugins answer and what we do that stay, each with its reason."""

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.support.answers import Accepted, failed, options, stumbled
from tests.support.asked import accepted_queries
from tests.support.asking import Answer, Question

LIVE = ("about.socialValueStream", "about.socialValuesStream", "about.latestValueStream")
"""Streams that never end, there and here."""
QUERIES = ("query.read", "query.explain", "links2.read", "backlinks.read", "private.read")
REFUSING = ("names.getSignifies", "names.getSignifier", "names.getImageFor")
ROOTED = ("partialReplication.getTangle", "partialReplication.getSubset")
LISTS = ("messagesByType", "links")
PROTOTYPE = {"constructor", "tostring", "valueof", "__proto__", "hasownproperty"}


def accepted(data: dict[str, Any]) -> Sequence[Accepted]:
    """The list, for what `social.js` wrote."""
    private = frozenset(data["private"])

    def boxed_left_out(question: Question, theirs: Answer, ours: Answer) -> bool:
        nameless = options(question).get("keys") is False and _is_part(theirs, ours)
        return _without_boxes(theirs, private) == ours or _is_limited(question) or nameless

    return (
        *_ACCEPTED,
        *accepted_queries.QUERIES,
        Accepted(
            "of what was boxed for us ssb-db's indexes tell type and links without `private`; here only with it",
            lambda q, theirs, ours: (
                q.name in LISTS
                and options(q).get("private") is not True
                and boxed_left_out(q, theirs, ours)
            ),
        ),
    )


_ACCEPTED: tuple[Accepted, ...] = (
    Accepted(
        "the plugin stumbles over the argument and says it in V8's words, or throws where nobody catches; we refuse it in ours",
        lambda _, theirs, ours: (
            (stumbled(theirs) or "UNCAUGHT" in str(theirs.get("end")))
            and (failed(ours) or not ours.get("items", ()))
        ),
    ),
    Accepted(
        "the plugin throws where nobody catches, or waits for words that nobody asked for: the call has no answer",
        lambda q, theirs, _: (
            "silent" in theirs or (theirs.get("end") is False and q.name not in LIVE)
        ),
    ),
    Accepted(
        "what belongs in no query is taken for something, or for nothing, there; here the reason and the place are said",
        lambda q, _, ours: (
            q.name in QUERIES
            and any(words in _error(ours) for words in ("must be", "needs a", "needs at"))
        ),
    ),
    Accepted(
        "`raw` gives what flumedb keeps, with bytes of its file for positions",
        lambda q, _, __: q.name == "createLogStream" and bool(options(q).get("raw")),
    ),
    Accepted(
        "ssb-db's `links` forgets its option `private`: it never opens a box",
        lambda q, theirs, ours: (
            q.name == "links"
            and options(q).get("private") is True
            and _links(theirs) == _links(ours)
        ),
    ),
    Accepted(
        "flumeview-search knows words in ASCII alone, asked for in lower case, and none that JavaScript's objects have",
        lambda q, _, __: q.name == "search.query" and _is_strange(options(q).get("query")),
    ),
    Accepted(
        "of messages of one rank and time those that were found first come first, there; here the last ones",
        lambda q, theirs, ours: q.name == "search.query" and _ranks(theirs) == _ranks(ours),
    ),
    Accepted(
        "a limit that counts no messages is one of JavaScript's `slice`, there, and none here",
        lambda q, _, __: q.name == "search.query" and not _is_count(options(q).get("limit")),
    ),
    Accepted(
        "`seq` is a byte of flumelog's file there and a place in the log here",
        lambda q, theirs, ours: (
            q.name in ("names.get", "names.getImages")
            and _without_seq(theirs) == _without_seq(ours)
        ),
    ),
    Accepted(
        "what is no name or id gets V8's guess there and a reason here",
        lambda q, _, ours: (
            q.name in REFUSING and failed(ours) and not isinstance((q.args or [None])[0], str)
        ),
    ),
    Accepted(
        "what names no root fails in other words",
        lambda q, theirs, ours: q.name in ROOTED and failed(theirs) and failed(ours),
    ),
    Accepted(
        "ssb-db opens a box with any key it is given, and says in flumedb's words that it did not open",
        lambda _, theirs, __: "but log error" in _error(theirs),
    ),
)


def _error(answer: Answer) -> str:
    return str(answer.get("error", answer.get("end", "")))


def _without_seq(answer: Answer) -> Answer:
    value = answer.get("value")
    return {**answer, "value": {**value, "seq": 0}} if isinstance(value, dict) else answer


def _is_limited(question: Question) -> bool:
    return isinstance(options(question).get("limit"), int) and options(question)["limit"] >= 0


def _without_boxes(answer: Answer, private: frozenset[str]) -> Answer:
    def is_open(item: Any) -> bool:
        if isinstance(item, str):
            return item not in private
        if "key" in item:
            return item["key"] not in private
        return not isinstance(item.get("content", item.get("value", {}).get("content", {})), str)

    return {**answer, "items": [item for item in answer.get("items", ()) if is_open(item)]}


def _is_strange(query: Any) -> bool:
    text = query if isinstance(query, str) else ""
    words = re.findall(r"\w+", text)
    return not text.isascii() or text != text.lower() or not PROTOTYPE.isdisjoint(words)


def _is_count(limit: Any) -> bool:
    return limit is None or (type(limit) is int and limit >= 0)


def _ranks(answer: Answer) -> list[Any]:
    return [(one.get("rank"), one["value"]["timestamp"]) for one in answer.get("items", ())]


def _is_part(theirs: Answer, ours: Answer) -> bool:
    """Whether what is ours is among theirs in the same order."""
    left = iter(theirs.get("items", ()))
    return all(one in left for one in ours.get("items", ()))


def _links(answer: Answer) -> list[str]:
    """What a link says beside the message."""
    return [
        json.dumps({name: one for name, one in item.items() if name != "value"})
        if isinstance(item, dict)
        else str(item)
        for item in answer.get("items", ())
    ]

"""Differences between what npm's plugins answer and what we do that stay, each with its reason."""

import json
import re
from typing import Any

from common.feed.javascript import is_truthy
from tests.support.answers import ENDED, Accepted, failed, options, stumbled
from tests.support.asked import accepted_queries
from tests.support.asking import Answer, Question

LIVE = ("about.socialValueStream", "about.socialValuesStream", "about.latestValueStream")
"""Streams that never end, there and here."""
QUERIES = ("query.read", "query.explain", "links2.read", "backlinks.read", "private.read")
REFUSING = ("names.getSignifies", "names.getSignifier", "names.getImageFor")
ROOTED = ("partialReplication.getTangle", "partialReplication.getSubset")
SUBSET = "partialReplication.getSubset"
SUGGEST = "suggest.profile"
LISTS = ("messagesByType", "links")
PROTOTYPE = {"constructor", "tostring", "valueof", "__proto__", "hasownproperty"}


def text(question: Question, answer: Answer) -> str:
    """What counts of an answer.

    Members of `suggest.profile` come as three questions are answered, and where no text was asked for some are left over from
    calls before. ssb-db keeps messages whose box it opened, and its views
    write `rts` and `dest` into them, for whoever reads them next. ssb-subset-rpc tells of boxes by whom and of what type they are; here
    what is boxed is in no subset.
    """
    items = answer.get("items")
    if items:
        answer = {**answer, "items": [_unwritten(item) for item in items]}
    if items and question.name == SUBSET:
        answer = {**answer, "items": _opened(answer)}
    found = answer.get("value")
    if question.name == SUGGEST and isinstance(found, list) and not _is_worded(question):
        answer = {"value": [_without(one, "aliases", "matchedName") for one in found]}
    return json.dumps(answer, sort_keys=question.name == SUGGEST)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _is_worded(question: Question) -> bool:
    wanted = options(question).get("text")
    return isinstance(wanted, str) and bool(wanted.strip())


def _without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: one for name, one in item.items() if name not in names}


def _unwritten(item: Any) -> Any:
    value = item.get("value") if isinstance(item, dict) else None
    if not isinstance(value, dict):
        return item
    if value.get("private") is not True and not isinstance(value.get("content"), str):
        return item
    return _without(item, "rts", "dest")


WATCHED: tuple[Accepted, ...] = (
    Accepted(
        "ssb-threads tells of boxes that are not for us as private threads too; here only of what can be read",
        lambda q, theirs, ours: (
            q.name == "threads.privateUpdates" and _is_within(ours["items"], theirs["items"])
        ),
    ),
)
"""The differences of streams that stay open."""

ACCEPTED: tuple[Accepted, ...] = (
    ENDED,
    *accepted_queries.QUERIES,
    Accepted(
        "the plugin stumbles over the argument and says it in V8's words, or throws where nobody catches; we refuse it in ours",
        lambda _, theirs, ours: (
            (stumbled(theirs) or "UNCAUGHT" in _error(theirs))
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
            and any(
                words in _error(ours) for words in ("must be", "needs a", "needs at", "no JSON")
            )
        ),
    ),
    Accepted(
        "`raw` gives what flumedb keeps, with bytes of its file for positions",
        lambda q, _, __: q.name == "createLogStream" and is_truthy(options(q).get("raw")),
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
        "go-sbot and we take a query without a language for one of ssb-ql-1",
        lambda q, theirs, _: q.name == SUBSET and "missing opts.querylang" in _error(theirs),
    ),
    Accepted(
        "ssb-subset-rpc finds nothing for a type that is null, and everything for an `and` or `or` of nothing",
        lambda q, _, __: (
            q.name == SUBSET and any(words in str(q) for words in ('"type": null', '"args": []'))
        ),
    ),
    Accepted(
        "ssb-subset-rpc tells of boxes by whom and of what type they are, so that its parts begin elsewhere",
        lambda q, theirs, ours: q.name == SUBSET and not failed(theirs) and _is_part(q, ours),
    ),
    Accepted(
        "after its start ssb-suggest has who wrote lately in the order in which they did first; here who wrote last comes first",
        lambda q, theirs, ours: (
            q.name == SUGGEST
            and not _is_worded(q)
            and len(theirs.get("value", ())) == len(ours.get("value", ()))
        ),
    ),
    Accepted(
        "after its start ssb-suggest knows nobody who wrote nothing and whom we do not follow; here whoever has a name. Names "
        "that fit equally well come as it heard of their feeds",
        lambda q, theirs, ours: (
            q.name == SUGGEST
            and not failed(theirs)
            and not failed(ours)
            and (_is_limited(q) or all(one in ours["value"] for one in theirs["value"]))
        ),
    ),
    Accepted(
        "of what was boxed for us ssb-db's indexes tell type and links without `private`; here only with it",
        lambda q, theirs, ours: (
            q.name in LISTS
            and options(q).get("private") is not True
            and (_is_limited(q) or _is_within(ours.get("items", []), theirs.get("items", [])))
        ),
    ),
    Accepted(
        "ssb-suggest takes anything for the id of a feed; here what is none is left out",
        lambda q, _, ours: (
            q.name == SUGGEST
            and not failed(ours)
            and not _are_texts(options(q).get("defaultIds", []))
        ),
    ),
    Accepted(
        "a limit below zero cuts from the other end there, and means none here",
        lambda q, _, __: q.name == SUGGEST and (options(q).get("limit") or 0) < 0,
    ),
    Accepted(
        "ssb-threads counts boxes that are not for us as private threads of one message; here only what can be read",
        lambda q, theirs, ours: (
            q.name == "threads.private" and _readable(theirs) == ours.get("items")
        ),
    ),
    Accepted(
        "in the index of ssb-threads a space sorts before the end of a text, so that no hashtag with one is found",
        lambda q, theirs, ours: (
            q.name == "threads.hashtagsMatching"
            and not failed(ours)
            and _is_within(
                [one for one in ours["value"] if " " not in one[0]], theirs.get("value", [])
            )
        ),
    ),
    Accepted(
        "ssb-names takes names that are objects or lists for the texts that JavaScript makes of them; here they are none",
        lambda q, theirs, ours: (
            q.name == "names.getSignifies"
            and q.args == [""]
            and all(one in theirs.get("value", ()) for one in ours.get("value", ()))
        ),
    ),
    Accepted(
        "what names no root fails in other words",
        lambda q, theirs, ours: q.name in ROOTED and failed(theirs) and failed(ours),
    ),
    Accepted(
        "where ssb-db stumbles over a key that is none, ssb-ooo gives the message in its place",
        lambda q, theirs, ours: (
            q.name == "get" and '"ooo": true' in json.dumps(theirs) and not failed(ours)
        ),
    ),
    Accepted(
        "ssb-db opens a box with any key it is given, and says in flumedb's words that it did not open",
        lambda _, theirs, __: "but log error" in _error(theirs),
    ),
)


def _error(answer: Answer) -> str:
    return str(answer.get("error", answer.get("end", "")))


def _opened(answer: Answer) -> list[Any]:
    """The messages without a box."""
    return [item for item in answer["items"] if not isinstance(item["content"], str)]


def _is_part(question: Question, ours: Answer) -> bool:
    """Whether a part of a subset was asked for, and came."""
    asked = question.args[1] if isinstance(question.args[1], dict) else {}
    return not failed(ours) and bool(asked.keys() & {"pageSize", "startFrom"})


def _readable(answer: Answer) -> list[Any]:
    roots = [(item, item["messages"][0]["value"]["content"]) for item in answer.get("items", ())]
    return [item for item, content in roots if not isinstance(content, str)]


def _without_seq(answer: Answer) -> Answer:
    value = answer.get("value")
    return {**answer, "value": {**value, "seq": 0}} if isinstance(value, dict) else answer


def _is_limited(question: Question) -> bool:
    return isinstance(options(question).get("limit"), int) and options(question)["limit"] >= 0


def _is_within(items: list[Any], among: list[Any]) -> bool:
    """Whether the items are among those, in their order."""
    rest = iter(among)
    return all(item in rest for item in items)


def _is_strange(query: Any) -> bool:
    text = query if isinstance(query, str) else ""
    words = re.findall(r"\w+", text)
    return not text.isascii() or text != text.lower() or not PROTOTYPE.isdisjoint(words)


def _is_count(limit: Any) -> bool:
    return limit is None or (type(limit) is int and limit >= 0)


def _ranks(answer: Answer) -> list[Any]:
    return [(one.get("rank"), one["value"]["timestamp"]) for one in answer.get("items", ())]


def _links(answer: Answer) -> list[str]:
    """What a link says beside the message."""
    return [
        json.dumps(_without(item, "value")) if isinstance(item, dict) else str(item)
        for item in answer.get("items", ())
    ]

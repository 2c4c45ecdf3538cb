"""Differences between the answers of ssb-query and its kin and ours that stay, each with its reason."""

from collections import Counter
from typing import Any

from common.query import choice, indexes
from common.query.errors import QueryError
from common.query.request import read_request, span_of
from tests.support.answers import Accepted, failed
from tests.support.asking import Answer, Question

__all__ = ["QUERIES"]

_BY_CLAIM = ("tya", "ata", "art", "lor")
"""Indexes of ssb-query in which messages may share a key."""


def _error(answer: Answer) -> str:
    return str(answer.get("error", answer.get("end", "")))


def _is_by_claim(question: Question) -> bool:
    try:
        span = span_of(indexes.QUERY, read_request(question.args).query, choice.QUERY)
    except QueryError:
        return False
    return span.chosen is not None and span.chosen.name in _BY_CLAIM


def _claims(answer: Answer) -> list[Any] | None:
    """The times that the messages of an answer claim; None where they are no messages."""
    items = answer.get("items", answer.get("value"))
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        return None
    values = [one.get("value", one) for one in items]
    if not all(isinstance(value, dict) and "timestamp" in value for value in values):
        return None
    return [value["timestamp"] for value in values]


def _only_doubles_more(theirs: Answer, ours: Answer) -> bool:
    """Whether we have the same messages, and more only of those that claim the same time as another one."""
    there, here = _claims(theirs), _claims(ours)
    if there is None or here is None:
        return False
    more, counts = Counter(here) - Counter(there), Counter(here)
    return set(there) == set(here) and all(counts[time] > 1 for time in more)


def _lost(question: Question, theirs: Answer, ours: Answer) -> bool:
    if question.name == "partialReplication.getTangle":
        return _only_doubles_more(theirs, ours)
    if question.name != "query.read" or not _is_by_claim(question):
        return False
    options = question.args[0]
    limited = isinstance(options, dict) and options.get("limit")
    return bool(limited) or _claims(theirs) is None or _only_doubles_more(theirs, ours)


QUERIES = (
    Accepted("of messages that share a key ssb-query keeps the last one; here are all", _lost),
    Accepted(
        "flumeview-query hands `$eq` to its index as it is, which dies of it; here it counts as the value",
        lambda q, theirs, _: (
            q.name in ("query.read", "links2.read", "backlinks.read")
            and "can only encode arrays" in _error(theirs)
            and "$eq" in str(q.args)
        ),
    ),
    Accepted(
        "what is wrong with a query is said with the place, and of a text that is no JSON not in V8's words",
        lambda q, theirs, ours: (
            q.name.partition(".")[0] in ("query", "links2", "backlinks")
            and failed(theirs)
            and _error(ours).startswith("query")
        ),
    ),
    Accepted(
        "a limit that is no number lets nothing pass there, or throws at the first item; here it is refused",
        lambda _, __, ours: "limit must be a number" in _error(ours),
    ),
    Accepted(
        "getTangle passes on what get says of numbers, and an object where nothing was asked for",
        lambda q, theirs, ours: (
            q.name == "partialReplication.getTangle" and failed(theirs) and failed(ours)
        ),
    ),
)

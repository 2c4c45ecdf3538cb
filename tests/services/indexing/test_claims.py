from typing import Any

from services.indexing.claims import Claim, Latest, changed, settled, social

REMOVED = {"link": "x", "remove": True}
BLOB = "&" + "A" * 43 + "=.sha256"


def values_of(*said: tuple[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for author, value in said:
        settled(values, Claim(author, {"name": value}), "name")
    return values


def test_our_word_counts_first_then_the_authors_then_the_most_frequent() -> None:
    said = (("a", "one"), ("b", "two"), ("c", "two"), ("d", "three"))
    assert social(values_of(*said), "a", "d") == "one"
    assert social(values_of(*said), "me", "d") == "three"
    assert social(values_of(*said), "me", None) == "two"
    assert social({}, "me", None) is None


def test_values_are_counted_by_their_text_or_where_they_link_to() -> None:
    said = (("a", {"link": "no id"}), ("b", 7), ("c", {"link": BLOB, "size": 1}), ("d", BLOB))
    assert social(values_of(*said), "me", None) == BLOB
    assert social(values_of(("a", {"link": BLOB, "remove": True})), "me", None) is None


def test_who_says_nothing_changes_nothing() -> None:
    values = values_of(("a", "one"))
    assert not changed(values, Claim("a", {"name": ""}), "name")
    assert not changed(values, Claim("a", {"image": "x"}), "name")
    assert changed(values, Claim("a", {"name": REMOVED}), "name")
    assert values == {}


def test_the_one_before_counts_again_when_the_latest_is_taken_back() -> None:
    latest = Latest()
    said = [("a", "one"), ("b", "two"), ("b", REMOVED), ("a", REMOVED)]
    told = []
    for author, value in said:
        assert latest.take(Claim(author, {"name": value}), "name")
        told.append(latest.value)
    assert told == ["one", "two", "one", "one"]
    assert not latest.take(Claim("a", {}), "name")

from typing import Any

from services.indexing.suggesting import Profile, folded, suggested


def profile(key: str, name: Any, *names: Any) -> Profile:
    return Profile(key, name, list(names), None)


def found(text: str, *profiles: Profile) -> list[tuple[str, str]]:
    return [(one.profile.id, one.name) for one in suggested(text, profiles)]


def test_names_are_compared_by_their_letters() -> None:
    assert folded("Jörg_von der-Mühl") == "jorgvondermuhl"
    assert found("jorg v", profile("a", "Jörg-von")) == [("a", "Jörg-von")]


def test_each_feed_is_suggested_once_by_its_best_name() -> None:
    one = profile("one", "ann", "ann", "anna", "bob")
    assert found("anna", one) == [("one", "anna")]
    assert found("an", one) == [("one", "ann")]
    assert found("x", one) == []


def test_exact_names_come_first_then_those_that_count_for_us_and_the_dead_last() -> None:
    profiles = (
        profile("alias", "xaver", "cathy"),
        profile("begins", "catherine"),
        profile("dead", "cat", "dead cat"),
        profile("exact", "cat"),
        profile("odd", None, {"remove": True}, "Cat"),
    )
    assert [key for key, _ in found("cat", *profiles)] == [
        "exact",
        "begins",
        "odd",
        "alias",
        "dead",
    ]

"""Calls of `about.*` (ssb-about, of ssb-social-index) and of `names.*`."""

from typing import Any

from tests.support.asked.picks import Maker, Picks
from tests.support.asking import Question

KEYS = (
    "name",
    "name",
    "name",
    "image",
    "image",
    "description",
    "title",
    "startDateTime",
    "attendee",
    "publicWebHosting",
)


def _dest(p: Picks) -> Any:
    return p.one(
        p.feed,
        p.feed,
        p.feed,
        p.linked,
        lambda: p.of(p.data["gatherings"]),
        lambda: p.often(p.blob(), 0.5),
    )()


def _options(p: Picks) -> dict[str, Any]:
    options: dict[str, Any] = {"key": p.one(*KEYS, *KEYS, p.odd(), "none"), "dest": _dest(p)}
    if p.chance(0.05):
        options.pop(p.one("key", "dest"))
    return options


def _value(name: str, kind: str = "async") -> Maker:
    def make(p: Picks) -> Question:
        return Question(name, p.one(*[[_options(p)]] * 19, [p.odd()]), kind)

    return make


def _latest_values(p: Picks) -> Question:
    keys = [p.one(*KEYS, "none") for _ in range(p.number(5))]
    options = {"keys": p.often(keys, 0.08), "dest": _dest(p)}
    return Question("about.latestValues", p.one(*[[options]] * 19, [p.odd()]))


def _latest_value_stream(p: Picks) -> Question:
    options = _options(p)
    if p.chance(0.3):
        options["authorId"] = p.one(p.feed(), None)
    return Question("about.latestValueStream", [options], "source")


def _read(p: Picks) -> Question:
    options = {"dest": _dest(p)} | p.given(
        {"reverse": p.flag, "limit": p.limit, "old": lambda: p.one(True, None)}
    )
    return Question("about.read", p.one(*[[options]] * 19, [p.odd()]), "source")


def _names(name: str) -> Maker:
    def make(p: Picks) -> Question:
        # ssb-names remembers by what lists are as texts
        odd = p.one(None, True, 1, -1, 1.5, "", "x", {})
        forms: list[Any] = [[p.feed()], [p.linked()], [p.key()], [p.blob()], [p.bent()], [odd]]
        return Question(name, p.of(forms))

    return make


def _signifies(p: Picks) -> Question:
    name, word = str(p.of(p.data["names"])), str(p.of(p.data["words"]))[: 1 + p.number(5)]
    odd = p.one(
        None, True, 1, 1.5, "", "x", {}, [1]
    )  # ssb-names remembers what it found for 1 as that for "1"
    return Question(
        "names.getSignifies",
        [
            p.one(
                name, name[: p.number(9)], name.upper(), name + word, word, odd, "annie", "the own"
            )
        ],
    )


def _all(name: str) -> Maker:
    def make(p: Picks) -> Question:
        return Question(name, p.one([{}], [{}], [p.odd()], []))

    return make


MAKERS: dict[str, Maker] = {
    "about.socialValue": _value("about.socialValue"),
    "about.socialValues": _value("about.socialValues"),
    "about.latestValue": _value("about.latestValue"),
    "about.latestValues": _latest_values,
    "about.socialValueStream": _value("about.socialValueStream", "source"),
    "about.socialValuesStream": _value("about.socialValuesStream", "source"),
    "about.latestValueStream": _latest_value_stream,
    "about.read": _read,
    "names.get": _all("names.get"),
    "names.getImages": _all("names.getImages"),
    "names.getImageFor": _names("names.getImageFor"),
    "names.getSignifier": _names("names.getSignifier"),
    "names.getSignifies": _signifies,
}

"""Calls that look for words: `search.query`, `meme.*`, `suggest.profile`."""

from typing import Any

from tests.support.asked.picks import Maker, Picks
from tests.support.asking import Question


def _words(p: Picks) -> str:
    words = [str(p.of(p.data["words"])) for _ in range(1 + p.number(3))]
    text = p.one(" ", " ", ", ", "-", "  ").join(words)
    return str(
        p.one(
            text,
            text,
            text.lower(),
            text.upper(),
            text[:3],
            text[:4],
            " " + text + " ",
            "",
            "constructor",
            "of a",
            "zzz",
        )
    )


def _search(p: Picks) -> Question:
    options = {"query": p.often(_words(p), 0.08)} | p.given({"limit": p.limit}, 0.4)
    return Question(
        "search.query", p.one(*[[options]] * 20, [p.odd()], [{}], [_words(p)]), "source"
    )


def _meme_words(p: Picks) -> str:
    return str(
        p.one(
            "cat",
            "Cat",
            "funny cat",
            "hill",
            "over the hill",
            "extension",
            "image",
            "stone",
            "sto",
            "a",
            "svg",
            "jpg",
            "cat.jpg",
            "no",
            "stone_wall",
            _words(p),
            _words(p),
            _words(p)[: 2 + p.number(6)],
        )
    )


def _meme(name: str, kind: str) -> Maker:
    def make(p: Picks) -> Question:
        options: dict[str, Any] = {"query": p.often(_meme_words(p), 0.05)} | p.given(
            {"limit": p.limit}, 0.3
        )
        return Question(name, p.one(*[[options]] * 9, [_meme_words(p)], [p.odd()]), kind)

    return make


def _suggest(p: Picks) -> Question:
    name = str(p.of(p.data["names"]))
    options: dict[str, Any] = p.given(
        {
            "text": lambda: p.often(
                p.one(
                    name,
                    name[:1],
                    name[:2],
                    name[:3],
                    name[:4],
                    name[1:],
                    name.upper(),
                    name.strip().replace(" ", "-"),
                    "",
                    " ",
                ),
                0.06,
            )
        },
        0.85,
    )
    options |= p.given({"limit": lambda: p.one(0, 1, 2, 3, 10, None, -1)}, 0.4)
    options |= p.given(
        {"defaultIds": lambda: p.often([p.feed() for _ in range(p.number(4))], 0.05)}, 0.4
    )
    return Question("suggest.profile", p.one(*[[options]] * 20, [p.odd()]))


MAKERS: dict[str, Maker] = {
    "search.query": _search,
    "meme.query": _meme("meme.query", "source"),
    "meme.search": _meme("meme.search", "async"),
    "suggest.profile": _suggest,
}

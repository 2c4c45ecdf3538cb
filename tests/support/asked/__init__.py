"""Calls made from a seed, over what the crowd of `social.js` said: one maker for each method."""

from typing import Any

from tests.support.asked import about, links, private, query, threads, words
from tests.support.asked.picks import Maker, Picks
from tests.support.asking import Question

PLUGINS: dict[str, Maker] = {
    **about.MAKERS,
    **links.MAKERS,
    **private.MAKERS,
    **query.MAKERS,
    **words.MAKERS,
}
"""What ssb-server answers with npm's plugins."""
CLIENTS: dict[str, Maker] = threads.MAKERS
"""What the stack around ssb-db2 answers."""
MAKERS = {**PLUGINS, **CLIENTS}


def methods(*wanted: str) -> list[str]:
    """The methods that are these or stand below them: `about` means all of `about.*`."""
    return [name for name in MAKERS if any(name == w or name.startswith(w + ".") for w in wanted)]


def questions(name: str, data: dict[str, Any], seed: int, count: int) -> list[Question]:
    """That many calls of one method."""
    picks = Picks(seed, data)
    return [MAKERS[name](picks) for _ in range(count)]

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
TRIES = 8
"""How many calls are made for one that is asked."""


def methods(*wanted: str) -> list[str]:
    """The methods that are these or stand below them: `about` means all of `about.*`."""
    return [name for name in MAKERS if any(name == w or name.startswith(w + ".") for w in wanted)]


def questions(name: str, data: dict[str, Any], seed: int, count: int) -> list[Question]:
    """That many calls of one method, no two alike as long as its maker finds others."""
    picks = Picks(seed, data)
    made = [MAKERS[name](picks) for _ in range(count * TRIES)]
    different = list({str(one): one for one in made}.values())
    return [*different, *made][:count]

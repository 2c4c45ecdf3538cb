"""What is published, deleted and folded anew, with ssb-server 16 and its plugins and with ours: the same answers, and the same is left."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from common.refs.ids import is_feed
from tests.support.answers import Accepted, differences, options, signed_now
from tests.support.asked import questions, written
from tests.support.asked.accepted import ACCEPTED, text
from tests.support.asked.picks import Picks
from tests.support.asking import Answer, Question
from tests.support.driver import PEERS_PLUGINS
from tests.support.node_packages import install
from tests.support.pair import Side, make_data, pair
from tests.support.servers import PluginsServer

pytestmark = pytest.mark.interop
COUNT = 200
AFTER = 20
"""Calls of each method of the views, once they were folded anew."""
WATCHERS = 5
VIEWS = (
    "createFeedStream",
    "messagesByType",
    "links",
    "query.read",
    "backlinks.read",
    "private.read",
)
LOG = ("createRawLogStream", "createSequenceStream", "getFeedState")
NAMES = (*VIEWS, *LOG, "publish", "private.publish", "del", "rebuild")
SEQUENCES = Question("createSequenceStream", [], "source", wait=True)


def _crosses(question: Question) -> bool:
    """Whether the lower bound is above the upper one."""
    bounds = {
        name[0]: one["$place"]
        for name, one in options(question).items()
        if name[:2] in ("gt", "lt")
    }
    return bool(bounds.get("g", 0) > bounds.get("l", COUNT * COUNT))


def _recipients(question: Question) -> list[Any]:
    found = question.args[1] if len(question.args) > 1 else []
    return found if isinstance(found, list) else [found]


PLACES = (
    Accepted(
        "of bounds that cross flumelog gives the message at the first one; here nothing is within",
        lambda q, _, ours: _crosses(q) and ours == {"items": [], "end": True},
    ),
    Accepted(
        "flumelog counts a part of a message as one; here, as in the other streams, as none",
        lambda q, _, __: isinstance(options(q).get("limit"), float),
    ),
)

RECIPIENTS = (
    Accepted(
        "ssb-private seals for whatever 32 bytes it can make of a text; here only the id of a feed is a recipient",
        lambda q, _, ours: (
            q.name == "private.publish"
            and ours == {"error": "failed to encrypt"}
            and any(isinstance(one, str) and not is_feed(one) for one in _recipients(q))
        ),
    ),
)

HOLES = (
    Accepted(
        "the raw log of ssb-db ends with an error at what was deleted; here it goes on behind it",
        lambda q, theirs, ours: (
            q.name == "createRawLogStream"
            and "is not valid JSON" in str(theirs.get("end"))
            and ours.get("end") is True
        ),
    ),
)
REBUILT = (
    Accepted(
        "ssb-db says nothing when it is done, which muxrpc makes `false`; here true",
        lambda _, theirs, ours: (theirs, ours) == ({"value": False}, {"value": True}),
    ),
)
GONE = (
    Accepted(
        "for a while ssb-db finds the key of what it deleted, or the message itself, and says either; what is left is the same",
        lambda _, theirs, ours: (
            theirs in ({"error": "item has been deleted"}, {"value": False})
            and str(ours.get("error")).startswith("Key not found in database")
        ),
    ),
)


class World:
    """The two servers, and where each keeps its messages."""

    def __init__(self, sides: tuple[Side, Side], data: dict[str, Any]) -> None:
        self.sides = sides
        self.data = data
        self.places: list[list[int]] = []

    async def look(self) -> None:
        """Learns the places."""
        raw = Question("createRawLogStream", [{}], "source")
        found = [(await side.ask([raw]))[0]["items"] for side in self.sides]
        self.places = [[item["seq"] for item in items] for items in found]

    async def read(self, asked: list[Question], accepted: tuple[Accepted, ...] = ()) -> None:
        """Asks both, many at once; fails with every difference."""
        told = [side.ask_some_at_once(self._here(n, asked)) for n, side in enumerate(self.sides)]
        self._compare(asked, await asyncio.gather(*told), accepted)

    async def write(self, asked: list[Question], accepted: tuple[Accepted, ...] = ()) -> None:
        """Asks both, one after the other; fails with every difference."""
        told = [side.ask_in_turn(self._here(n, asked)) for n, side in enumerate(self.sides)]
        self._compare(asked, await asyncio.gather(*told), accepted)

    def _here(self, n: int, asked: list[Question]) -> list[Question]:
        return [replace(one, args=_placed(one.args, self.places[n])) for one in asked]

    def _compare(
        self, asked: list[Question], told: list[list[Answer]], accepted: tuple[Accepted, ...]
    ) -> None:
        for answers, places in zip(told, self.places, strict=True):
            ordinals = {place: f"place {n}" for n, place in enumerate(places)}
            answers[:] = [_told(answer, ordinals) for answer in answers]
        wrong = differences(asked, told[0], told[1], (*accepted, *ACCEPTED), text)
        assert not wrong, f"{len(wrong)} of {len(asked)} differ:\n" + "\n".join(wrong)


def _placed(value: Any, places: list[int]) -> Any:
    if isinstance(value, dict):
        if "$place" in value:
            return places[value["$place"]]
        return {name: _placed(one, places) for name, one in value.items()}
    return [_placed(one, places) for one in value] if isinstance(value, list) else value


def _told(answer: Answer, ordinals: dict[int, str]) -> Answer:
    for item in answer.get("items", ()):
        if isinstance(item, dict) and "seq" in item:
            item["seq"] = ordinals.get(item["seq"], "a place")
            for written_by_views in ("rts", "dest"):
                item["value"].pop(written_by_views, None)
    signed = signed_now(answer)
    signed.pop("sequence", None)  # what one of them alone published would shift all that follow
    return signed


def left(data: dict[str, Any]) -> list[Question]:
    """Looks at what there is."""
    feeds, keys = data["feeds"], [message["key"] for message in data["messages"]]
    return [
        *(Question("createUserStream", [{"id": one}], "source") for one in feeds),
        *(Question(name, [one]) for one in feeds for name in ("getFeedState", "latestSequence")),
        *(Question("get", [one]) for one in keys),
        Question("createLogStream", [{"private": True}], "source"),
        Question("createRawLogStream", [{}], "source"),
    ]


async def test_the_same_is_deleted_folded_anew_and_published(folder: Path) -> None:
    install(PEERS_PLUGINS)
    data = make_data(folder, "social.js", "400")
    picks = Picks(1, data)
    async with pair(folder, data, PluginsServer, NAMES) as sides:
        world = World(sides, data)
        await world.look()
        await world.read(written.places(picks, COUNT), PLACES)
        await world.write([Question("rebuild", [])] * 2, REBUILT)
        await world.read([one for name in VIEWS for one in questions(name, data, 2, AFTER)])

        # from here on ssb-db cannot rebuild any more: it stumbles over what was deleted
        await world.write(written.deletions(picks, COUNT), GONE)
        await world.read(left(data), HOLES)

        await world.write([Question("publish", [{"type": "post"}])])
        opened = [side.open([SEQUENCES] * WATCHERS) for side in sides]
        before = await _ends(world)  # asked behind them, over the same connection
        await world.write(written.publications(picks, COUNT), RECIPIENTS)
        after = await _ends(world)
        for side, streams, first, last in zip(sides, opened, before, after, strict=True):
            side.asker.finish()
            for told in [(await one)["items"] for one in streams]:
                assert told == sorted(set(told))
                assert (told[0], told[-1]) == (first, last)
        await _reads_what_was_said(world)


async def _ends(world: World) -> list[int]:
    """Where the logs end."""
    last = Question("createRawLogStream", [{"reverse": True, "limit": 1}], "source")
    return [(await side.ask([last]))[0]["items"][0]["seq"] for side in world.sides]


async def _reads_what_was_said(world: World) -> None:
    """What was boxed opens again, with the same content in it; one of them may have sealed a little more."""
    authors = [one["value"]["author"] for one in world.data["messages"]]
    own = {"id": world.data["own"], "private": True, "gt": authors.count(world.data["own"])}
    asked = Question("createUserStream", [own], "source")
    theirs, ours = [(await side.ask([asked]))[0]["items"] for side in world.sides]
    contents = [[one["value"]["content"] for one in items] for items in (theirs, ours)]
    opened = [[one for one in said if isinstance(one, dict)] for said in contents]
    rest = iter(opened[0])
    assert len(opened[1]) > COUNT / 4
    assert all(one in rest for one in opened[1])

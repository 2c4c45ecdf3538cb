"""What Oasis asks of its server over the unix socket: each call that its source makes, of ssb-server with plugins and of ours.

Oasis itself, in a browser, is in test_oasis.py.
"""

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from common.refs.ids import blob_id
from tests.support.answers import differences, signed_now
from tests.support.asked.accepted import ACCEPTED, text
from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.driver import PEERS_PLUGINS
from tests.support.node_packages import install
from tests.support.oasis import ADDRESS, METHODS, calls
from tests.support.pair import NAMES, Side, make_data, pair
from tests.support.servers import SHS, PluginsServer

pytestmark = pytest.mark.interop
SEED = 7
IMAGE = hashlib.shake_256(b"image").digest(70_000)
TIMES = 6
SETTLE_S = 1.0
"""What live streams are given to tell the last."""
WRITING = ("publish", "private.publish")
SHAPED = ("progress", "status", "whoami", "gossip.add", "gossip.peers")
"""What tells of the server, of some only the shape: numbers and errors of a dial are its own."""
NOT_THERE = (
    *(name for name in METHODS if name.startswith(("conn.", "lan."))),
    "friends.graph",
    "rebuild",
)
"""Without an answer there, or of newer plugins than ssb-server 16 runs with: test_same_conn.py and test_same_friends.py compare them."""


READING = sorted({*METHODS} - {*WRITING, *SHAPED, *NOT_THERE, "blobs.add"})


def is_live(question: Question) -> bool:
    """Whether it stays open for what comes."""
    return any(isinstance(one, dict) and one.get("live") is True for one in question.args)


def asked(data: dict[str, Any], names: Sequence[str], *, live: bool = False) -> list[Question]:
    made = [one for name in names for one in calls(name, data, SEED, TIMES)]
    return [dataclasses.replace(one, wait=live) for one in made if is_live(one) is live]


@pytest.fixture
def data(folder: Path) -> dict[str, Any]:
    install(PEERS_PLUGINS)
    return make_data(folder, "social.js")


@pytest.fixture
async def sides(folder: Path, data: dict[str, Any]) -> AsyncIterator[tuple[Side, Side]]:
    async with pair(folder, data, PluginsServer, list(METHODS)) as (theirs, ours):
        remote = f"unix:{ours.server.folder / 'socket'}~noauth"
        secret = folder / "client"
        names = (*NAMES, *METHODS)
        async with Asker(secret, remote, SHS, names, PATIENCE_MS) as asker:
            assert asker.failed is None
            yield theirs, dataclasses.replace(ours, asker=asker)


async def test_same_answers_to_oasis(
    sides: tuple[Side, Side], data: dict[str, Any], folder: Path
) -> None:
    _, ours = sides
    reading = asked(data, READING)
    answers = await asyncio.gather(*(side.ask_some_at_once(reading) for side in sides))
    wrong = differences(reading, answers[0], answers[1], ACCEPTED, _seen)
    assert not wrong, f"{len(wrong)} of {len(reading)} differ:\n" + "\n".join(wrong)
    await _says_the_same(sides, data)
    await _blobs(sides, folder)
    await _tells_of_itself(sides, data)
    await _ours_alone(ours, data)


def _seen(question: Question, answer: Answer) -> str:
    """What counts of an answer: not what ssb-backlinks writes into messages that others read beside it."""
    if question.name != "backlinks.read" and "items" in answer:
        items = [
            {name: one for name, one in item.items() if name not in ("rts", "dest")}
            if isinstance(item, dict) and "value" in item
            else item
            for item in answer["items"]
        ]
        answer = {**answer, "items": items}
    return text(question, answer)


async def _says_the_same(sides: tuple[Side, Side], data: dict[str, Any]) -> None:
    """Publishes what Oasis publishes, and reads it as Oasis does, while streams are open that tell of it."""
    writing = asked(data, WRITING)
    live = asked(data, READING, live=True)
    own = data["own"]
    after = [
        Question(
            "createUserStream", [{"id": own, "reverse": True, "limit": len(writing)}], "source"
        ),
        Question("messagesByType", [{"type": "karmaScore", "reverse": True}], "source"),
    ]
    written = []
    for side in sides:
        opened = side.open(live)
        [ready] = await side.ask([Question("whoami", [])])
        assert ready == {"value": {"id": own}}
        said = await side.ask_in_turn(writing)
        assert [one for one in said if "error" in one] == []
        read = await side.ask(after)
        await asyncio.sleep(SETTLE_S)
        side.asker.finish()
        told = [side.normal(await one) for one in opened]
        written.append([_as_said(one, data) for one in (*said, *read, *told)])
    questions = [*writing, *after, *live]
    wrong = differences(questions, written[0], written[1], (), _seen)
    assert not wrong, f"{len(wrong)} of {len(questions)} differ:\n" + "\n".join(wrong)


def _as_said(answer: Answer, data: dict[str, Any]) -> Answer:
    """The answer without what differs because two servers sign at two times."""
    known = {message["key"] for message in data["messages"]}
    if "items" not in answer:
        return signed_now(answer)
    items = [
        one if one.get("key") in known or "sync" in one else signed_now({"value": one})
        for one in answer["items"]
    ]
    return {**answer, "items": items}


async def _blobs(sides: tuple[Side, Side], folder: Path) -> None:
    """An image that is uploaded is there, and comes back."""
    image = folder / "image.png"
    image.write_bytes(IMAGE)
    image_id = str(blob_id(hashlib.sha256(IMAGE).digest()))
    found = []
    for side in sides:
        client = await side.server.client()
        await client.send_file("blobs.add", image)
        asked = [await client.call(name, image_id) for name in ("blobs.want", "blobs.has")]
        found.append((*asked, await client.digest("blobs.get", image_id)))
    assert found[1] == found[0] == (True, True, (len(IMAGE), hashlib.sha256(IMAGE).hexdigest()))


async def _tells_of_itself(sides: tuple[Side, Side], data: dict[str, Any]) -> None:
    """What Oasis reads on its page of settings, and while it waits for what is new."""
    questions = asked(data, SHAPED)
    told = []
    for side in sides:
        answers = [one["value"] for one in await side.ask_in_turn(questions)]
        progress, status, who, added, peers = answers
        sync = status["sync"]
        for numbers in (progress["indexes"], sync["plugins"]):
            assert all(type(n) in (int, float) for n in numbers.values())
        known = {
            (one["host"], one["port"], one["key"]) for one in peers if one["key"] != added["key"]
        }
        new = added["key"], added["source"]
        told.append((progress["indexes"].keys(), sync.keys(), who, new, known))
    assert told[1] == told[0]


async def _ours_alone(ours: Side, data: dict[str, Any]) -> None:
    """What ssb-server 16 has not, in the shapes that Oasis takes apart."""
    order = ("conn.stop", "conn.remember", "conn.stage", "conn.connect", "lan.start", "lan.stop")
    first = [one for name in order for one in calls(name, data, SEED, 1)]
    answers = dict(zip(order, await ours.ask_in_turn(first), strict=True))
    assert "error" in answers.pop("conn.connect")
    assert [one for one in answers.values() if "error" in one or "silent" in one] == []
    remembered = first[1].args[1]
    listed = (await ours.ask(calls("conn.dbPeers", data, SEED, 1)))[0]["value"]
    assert [known for at, known in listed if at == ADDRESS and remembered.items() <= known.items()]
    staged, peers = [await _first(ours, name) for name in ("conn.stagedPeers", "conn.peers")]
    assert [at for at, known in peers if known["state"] == "connected"] == []
    assert all(isinstance(at, str) and known["type"] for at, known in staged)
    discovered = [
        dataclasses.replace(one, wait=True) for one in calls("lan.discoveredPeers", data, SEED, 1)
    ]
    opened = ours.open(discovered)
    assert (await ours.ask(calls("whoami", data, SEED, 1)))[0]["value"] == {"id": data["own"]}
    ours.asker.finish()
    assert (await opened[0])["end"] is False
    last = [one for n in ("conn.disconnect", "conn.forget") for one in calls(n, data, SEED, 1)]
    assert [one for one in await ours.ask_in_turn(last) if "silent" in one] == []
    listed = (await ours.ask(calls("conn.dbPeers", data, SEED, 1)))[0]["value"]
    assert [at for at, _ in listed if at == ADDRESS] == []
    names = ("friends.graph", "conn.start", "rebuild")
    graph, *done = await ours.ask_in_turn([one for n in names for one in calls(n, data, SEED, 1)])
    assert [one for one in done if "error" in one or "silent" in one] == []
    assert graph["value"][data["own"]][data["feeds"][1]] >= 0


async def _first(side: Side, name: str) -> Any:
    """The first that a stream tells, which Oasis waits for."""
    client = await side.server.client()
    async for one in client.source(name, limit=1):
        return one
    return None

"""Invites made, used and accepted, beside services that are played."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from common.bus import BusError, Call, Caller, CallerError, Method, Node, OurError, PeerError
from common.crypto.keys import generate
from services.api.adapters.book import open_book
from services.api.handlers import invites as handlers
from services.api.handlers.invites import InviteHandlers
from tests.support.waiting import PATIENCE_S

OWN, USER, PUB = (generate(bytes([n]) * 32).id for n in range(1, 4))
SEED = b"s" * 32
GUEST = Caller(feed=generate(SEED).id, role="guest", transport="net")
CODE = f"pub.example.org:8008:{PUB}~c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M="
NOW = 1_700_000_000_000.0


class Others:
    """Network, storage, indexing and peers as these methods need them."""

    def __init__(self) -> None:
        self.published: list[Any] = []
        self.added: list[Any] = []
        self.asked: list[Any] = []
        self.answers: list[BusError] = []
        """What asking the pub fails with, one after the other."""
        self.is_broken = False

    async def address(self, call: Call) -> str | None:
        return f"net:127.0.0.1:8008~shs:{OWN[1:-8]}" if call.args == ["public"] else None

    async def ask(self, call: Call) -> object:
        self.asked.append(call.args[0])
        if self.answers:
            raise self.answers.pop(0)
        return {"key": "x"}

    async def publish(self, call: Call) -> object:
        if self.is_broken:
            raise OurError("the disk is full", "no_space")
        self.published.append(call.args[0])
        return {"value": {"content": call.args[0]}}

    async def is_following(self, call: Call) -> object:
        pair = call.args[0]
        return any(said.get("contact") == pair["dest"] for said in self.published)

    async def add(self, call: Call) -> object:
        self.added.append(call.args)
        return True


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
async def client(tmp_path: Path, others: Others) -> AsyncIterator[Node]:
    context: Any = zmq.Context()

    def node(name: str, calls: tuple[str, ...] = (), **offered: Any) -> Node:
        table = {
            method.replace("_", ".", 1): Method("async", one) for method, one in offered.items()
        }
        return Node(
            name, lambda service: f"inproc://{service}", table, calls=calls, context=context
        )

    table: dict[str, Method] = {}
    names = ("network", "storage", "indexing", "peers")
    api = Node("api", lambda n: f"inproc://{n}", table, calls=names, context=context)
    book = open_book(tmp_path, lambda: NOW)
    given: dict[str, Any] = {"private": True, "now": lambda: NOW, "seed": lambda: SEED}
    of = InviteHandlers(api, book, OWN, **given)
    for name in ("create", "use", "accept", "label", "revoke"):
        table[name] = Method("async", getattr(of, name))
    table["list"] = Method("source", of.listing)
    table["guests"] = Method("source", of.guests)
    network = node("network", address=others.address, connections_ask=others.ask)
    storage = node("storage", publish=others.publish)
    indexing = node("indexing", friends_isFollowing=others.is_following)
    peers = node("peers", gossip_add=others.add)
    test = node("test", ("api",))
    async with network, storage, indexing, peers, api, test:
        await test.wait_up("api", PATIENCE_S)
        for name in names:
            await api.wait_up(name, PATIENCE_S)
        yield test
    context.term()


async def items(client: Node, method: str) -> list[Any]:
    async with client.source("api", method) as stream:
        return [item async for batch in stream for item in batch.json()]


async def test_a_use_is_counted_published_and_listed(client: Node, others: Others) -> None:
    code = (await client.call("api", "create", {"uses": 1, "note": "hi"})).json()
    assert code.startswith(f"127.0.0.1:8008:{OWN}~")
    await client.call("api", "use", {"feed": USER}, caller=GUEST)
    said = {"type": "contact", "contact": USER, "following": True, "pub": True, "note": "hi"}
    assert others.published == [said]
    for feed, why in ((USER, "already following"), (PUB, "invite has expired")):
        with pytest.raises(CallerError, match=why):
            await client.call("api", "use", {"feed": feed}, caller=GUEST)
    (listed,) = await items(client, "list")
    assert (listed["state"], listed["guests"]) == ("used up", [USER])


async def test_a_use_that_could_not_be_published_is_given_back(
    client: Node, others: Others
) -> None:
    await client.call("api", "create", 1)
    others.is_broken = True
    with pytest.raises(OurError, match="disk is full"):
        await client.call("api", "use", {"feed": USER}, caller=GUEST)
    others.is_broken = False
    await client.call("api", "use", {"feed": USER}, caller=GUEST)


async def test_one_use_lets_one_in_however_many_come_at_once(client: Node, others: Others) -> None:
    await client.call("api", "create", 1)
    feeds = [generate(bytes([n]) * 32).id for n in range(10, 15)]
    uses = [client.call("api", "use", {"feed": feed}, caller=GUEST) for feed in feeds]
    ended = await asyncio.gather(*uses, return_exceptions=True)
    assert len(others.published) == 1
    assert sum(isinstance(one, CallerError) for one in ended) == 4


async def test_guests_are_told_as_soon_as_there_is_a_code(client: Node) -> None:
    async with client.source("api", "guests") as stream:
        assert (await anext(stream)).json() == [[]]
        await client.call("api", "create", 1)
        assert (await anext(stream)).json() == [[GUEST.feed]]


async def test_accepting_asks_the_pub_then_publishes_and_remembers(
    client: Node, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "PAUSE_SECONDS", 0.01)
    others.answers = [PeerError("could not connect", "unavailable")]
    published = (await client.call("api", "accept", CODE)).json()
    assert len(others.asked) == 2
    assert others.asked[0]["args"] == [{"feed": OWN}]
    assert [item["value"]["content"]["type"] for item in published] == ["contact", "pub"]
    assert others.added == [[f"net:pub.example.org:8008~shs:{PUB[1:-8]}", "seed"]]


@pytest.mark.parametrize(
    ("failures", "why"),
    [
        ([PeerError("invite has expired", "refused")], "not accepted: invite has expired"),
        ([PeerError("nobody", "unavailable")] * 3, "could not connect to server: nobody"),
    ],
)
async def test_who_is_not_let_in_publishes_nothing(
    client: Node,
    others: Others,
    monkeypatch: pytest.MonkeyPatch,
    failures: list[BusError],
    why: str,
) -> None:
    monkeypatch.setattr(handlers, "PAUSE_SECONDS", 0.01)
    others.answers = list(failures)
    with pytest.raises(PeerError, match=why):
        await client.call("api", "accept", CODE)
    assert len(others.asked) == len(failures)
    assert not others.published
    assert not others.added


async def test_codes_are_labelled_and_taken_back(client: Node) -> None:
    code = (await client.call("api", "create", 1)).json()
    assert (await client.call("api", "label", GUEST.feed, "club")).json()["label"] == "club"
    assert (await client.call("api", "revoke", code)).json()["state"] == "revoked"
    with pytest.raises(CallerError, match="invite was revoked"):
        await client.call("api", "use", {"feed": USER}, caller=GUEST)
    for name in ("x", PUB, 5):
        with pytest.raises(CallerError, match="no such invite"):
            await client.call("api", "revoke", name)

"""`conn.*` as ssb-conn 6.0.4 answers in the ssb-db2 stack, `gossip.*` as ssb-server 16.0.1 does, and ours.

Nobody dials by himself here: the schedulers are stopped.
"""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from common.crypto.keys import generate
from tests.support.asking import PATIENCE_MS, Asker, Question
from tests.support.driver import PEERS_DB2
from tests.support.node_packages import install
from tests.support.ports import free_port
from tests.support.servers import SHS, Db2Server, OurServer, SsbServer

pytestmark = pytest.mark.interop

A, B = (generate(name * 32).id for name in (b"a", b"b"))
AT_A, AT_B = (f"net:pub{n}.example:8008~shs:{key[1:45]}" for n, key in ((1, A), (2, B)))
LAN = f"net:192.168.1.7:8008~shs:{B[1:45]}"
SETTLE_S = 1.0
PAUSE_S = 0.25

CONN = {
    **dict.fromkeys(("connect", "disconnect"), "async"),
    **dict.fromkeys(("remember", "forget", "dbPeers", "stage", "unstage", "start", "stop"), "sync"),
    **dict.fromkeys(("peers", "stagedPeers"), "source"),
    "ping": "duplex",
}
GOSSIP = {
    **dict.fromkeys(("connect", "disconnect"), "async"),
    **dict.fromkeys(("add", "remove", "get", "peers", "reconnect", "help"), "sync"),
    **dict.fromkeys(("enable", "disable"), "sync"),
    "changes": "source",
    "ping": "duplex",
}


def conn_calls(there: str, nowhere: str) -> list[Question]:
    """Calls of ssb-conn, one after the other."""
    calls: list[tuple[str, list[Any]]] = [
        ("dbPeers", []),
        ("remember", [AT_A, {"type": "pub", "key": A, "autoconnect": False}]),
        ("remember", [AT_A, {"note": "x", "n": 1.5}]),
        ("remember", [AT_B]),
        ("remember", ["net:a.example:8008"]),
        ("remember", [AT_A, None]),
        ("remember", [AT_A, "x"]),
        ("remember", ["foo bar", {}]),
        ("remember", [""]),
        ("dbPeers", []),
        ("forget", ["net:a.example:8008"]),
        ("forget", ["foo bar"]),
        ("forget", [AT_B]),
        ("dbPeers", []),
        ("stage", [LAN, {"type": "lan", "key": B, "verified": True}]),
        ("stage", [LAN, {"note": "x"}]),
        ("stage", [AT_B]),
        ("stage", ["foo bar"]),
        ("unstage", [AT_B]),
        ("unstage", [AT_B]),
        ("unstage", ["foo bar"]),
        ("connect", ["foo bar"]),
        ("connect", [there, None]),
        ("connect", [nowhere]),
        ("disconnect", [nowhere]),
        ("disconnect", ["foo bar"]),
        ("remember", [there, {"type": "pub"}]),
        ("connect", [there]),
        ("connect", [there, {}]),
        ("stage", [there, {"type": "lan"}]),
        ("dbPeers", []),
        ("disconnect", [there]),
        ("dbPeers", []),
        ("connect", [there, {"type": "pub", "note": "y"}]),
        ("disconnect", [there]),
        ("start", []),
        ("stop", []),
    ]
    return [Question(f"conn.{name}", args) for name, args in calls]


def gossip_calls(there: str, key: str, nowhere: str) -> list[Question]:
    """Calls of ssb-gossip, one after the other."""
    host, port = there.split("~", maxsplit=1)[0].split(":")[1:]
    calls: list[tuple[str, list[Any]]] = [
        ("peers", []),
        ("add", [AT_A]),
        ("add", [AT_A, "manual"]),
        ("add", [AT_B, "pub"]),
        ("add", [AT_B, "friends"]),
        ("add", ["foo"]),
        ("add", [{}]),
        ("add", [{"host": "x"}]),
        ("add", []),
        ("add", [None]),
        ("add", [True]),
        ("add", [AT_A, True]),
        ("get", [A]),
        ("get", [{"key": B}]),
        ("get", [key]),
        ("get", ["foo"]),
        ("get", [{"key": "foo"}]),
        ("peers", []),
        ("remove", [A]),
        ("remove", [{"key": B}]),
        ("remove", ["foo"]),
        ("remove", [B]),
        ("peers", []),
        ("connect", [nowhere]),
        ("disconnect", [nowhere.split(":")[3]]),
        ("connect", [{"host": host, "port": int(port), "key": key}]),
        ("connect", [key]),
        ("add", [there]),
        ("peers", []),
        ("disconnect", [key]),
        ("disconnect", [{"key": key}]),
        ("peers", []),
        ("connect", [there]),
        ("enable", []),
        ("disable", ["global"]),
        ("enable", ["foo"]),
        ("disable", [True]),
        ("help", []),
        ("reconnect", []),
    ]
    return [Question(f"gossip.{name}", args) for name, args in calls]


VOLATILE = frozenset(
    ("birth", "stateChange", "hubBirth", "hubUpdated", "stagingBirth", "stagingUpdated")
)
"""Times."""
LUCK = frozenset(("duration", "failure", "failingSince", "announcers", "error"))
"""How a dial went: ssb-gossip cannot be told by flags not to dial, and counts its own dials as announcements."""
EXTRA = frozenset(("host", "port"))
"""Which we always tell."""


def normal(value: Any, nowhere: str) -> Any:
    """What is the same in two servers of different ages."""
    if isinstance(value, list):
        return [normal(one, nowhere) for one in value]
    if not isinstance(value, dict):
        return "NOWHERE" if value == nowhere else value
    if {"stream", "closed", "id"} <= value.keys():
        return {name: value[name] for name in ("stream", "closed", "id")}
    left = VOLATILE | LUCK | EXTRA
    shown = {name: normal(one, nowhere) for name, one in value.items() if name not in left}
    if shown.get("state") == "disconnecting":
        del shown["state"]  # where ssb-gossip stays when a call disconnected
    if "ping" in shown:
        shown["ping"] = {name: sorted(one) for name, one in shown["ping"].items()}
    return shown


def answer_of(question: Question, answer: Any, nowhere: str) -> Any:
    """An answer, or that there was an error where the texts are of the net or of V8."""
    text = str(answer.get("error", ""))
    if "Cannot read properties" in text or "not a valid address:" in text:
        return "no address"
    if "ECONNREFUSED" in text or "could not connect" in text:
        return "refused"
    if question.name == "gossip.reconnect":
        return answer["value"] > 1_500_000_000_000
    if question.name == "gossip.disconnect" and "error" in answer:
        return text
    return normal(answer, nowhere)


async def side(
    server: SsbServer | OurServer, there: OurServer, stack: AsyncExitStack, family: str
) -> tuple[dict[str, Any], list[Any]]:
    """What one server answers to each call, and what its live streams told."""
    await stack.enter_async_context(server)
    names = [f"conn.{n}" for n in CONN] + [f"gossip.{n}" for n in GOSSIP]
    secret = server.folder / "secret"
    asker = await stack.enter_async_context(Asker(secret, server.address, SHS, names, PATIENCE_MS))
    nowhere = f"net:127.0.0.1:{free_port()}~shs:{B[1:45]}"
    if family == "conn":
        asked = conn_calls(there.address, nowhere)
        live = ["conn.peers", "conn.stagedPeers"]
    else:
        asked, live = gossip_calls(there.address, there.id, nowhere), ["gossip.changes"]
    opened = asker.ask([Question(name, [], "source", wait=True) for name in live])
    await asyncio.sleep(SETTLE_S)
    answers = {}
    for n, question in enumerate(asked):
        [answer] = await asker.one_by_one([question])
        await asyncio.sleep(PAUSE_S)
        shown = str(question).replace(nowhere, "NOWHERE")
        answers[f"{n} {shown}"] = answer_of(question, answer, nowhere)
    await asyncio.sleep(SETTLE_S)
    asker.finish()
    return answers, [normal((await one)["items"], nowhere) for one in opened]


def settled(items: list[Any]) -> list[Any]:
    """What a live list showed of connections that stood, each time it was another."""
    told: list[Any] = []
    for entries in items:
        stood = [[address, data] for address, data in entries if data.get("state") == "connected"]
        for _, data in stood:
            data.pop("ping", None)
        if not told or told[-1] != stood:
            told.append(stood)
    return told


async def test_conn_is_that_of_ssb_conn_6(folder: Path) -> None:
    install(PEERS_DB2)
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(OurServer(folder / "there"))
        manual = OurServer(folder / "ours", "--conn.autostart", "false")
        (theirs, live), (ours, ours_live) = await asyncio.gather(
            side(Db2Server(folder / "theirs"), there, stack, "conn"),
            side(manual, there, stack, "conn"),
        )
        kept = [json.loads((folder / s / "conn.json").read_text()) for s in ("theirs", "ours")]
    assert ours == theirs
    assert settled(ours_live[0]) == settled(live[0])
    assert ours_live[1] == live[1]
    assert normal(kept[1], "") == normal(kept[0], "")


async def test_gossip_is_that_of_ssb_gossip(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(OurServer(folder / "there"))
        manual = OurServer(folder / "ours", "--conn.autostart", "false")
        (theirs, live), (ours, ours_live) = await asyncio.gather(
            side(SsbServer(folder / "theirs"), there, stack, "gossip"),
            side(manual, there, stack, "gossip"),
        )
        kept = [json.loads((folder / s / "config").read_text()) for s in ("theirs", "ours")]
    assert ours == theirs
    kinds = [{item["type"] for item in told[0]} for told in (live, ours_live)]
    assert kinds[1] == kinds[0]
    assert kept[0] == kept[1]


async def test_each_reads_the_book_of_the_other(folder: Path) -> None:
    install(PEERS_DB2)
    book = {
        AT_A: {"birth": 5, "type": "pub", "key": A, "autoconnect": False, "note": "x"},
        LAN.replace("192.168", "10.0"): {"birth": 6, "failure": 3, "stateChange": 7},
    }
    told = []
    for name, other in (("theirs", "ours"), ("ours", "theirs")):
        made = OurServer if name == "ours" else Db2Server
        server = made(folder / f"{name}-of-{other}", "--conn.autostart", "false")
        server.folder.mkdir()
        (server.folder / "conn.json").write_text(json.dumps(book))
        async with server:
            secret = server.folder / "secret"
            names = ["conn.dbPeers", "conn.remember"]
            async with Asker(secret, server.address, SHS, names, PATIENCE_MS) as asker:
                [answer] = await asker.one_by_one([Question("conn.dbPeers", [])])
                remember = Question("conn.remember", [AT_B, {"birth": 8}])
                await asker.one_by_one([remember])
                told.append(answer["value"])
                await asyncio.sleep(2 * SETTLE_S)
        told.append(json.loads((server.folder / "conn.json").read_text()))
        book = told[1]
    first, written, second, again = told
    assert first == [list(one) for one in list(written.items())[:2]]
    assert second == [list(one) for one in written.items()]
    assert again == written

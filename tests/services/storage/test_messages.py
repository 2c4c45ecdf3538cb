"""Publish, add and get over a real bus: texts as a server of version 16.0.1 gave them."""

import asyncio
import shutil
from base64 import b64encode
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError
from common.crypto.keys import generate
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed import box2, json, private
from common.feed.box2_keys import group_key
from common.feed.create import create
from common.feed.groups import key_text
from common.feed.validate import Head, Verified, verify_value
from services.storage.adapters.database import FOLDER

OWN = generate(b"o" * 32)
CIPHERTEXT = "Bw" * 200 + ".box"


async def test_publish_chains_and_answers_as_ssb_db(storage: Any) -> None:
    first = await storage.call("publish", {"type": "test", "n": 1})
    second = await storage.call("publish", {"type": "test", "n": 2})
    assert list(first) == ["key", "value", "timestamp"]
    assert list(first["value"])[:4] == ["previous", "sequence", "author", "timestamp"]
    assert second["value"]["previous"] == first["key"]
    assert second["value"]["sequence"] == 2
    for item in (first, second):
        assert isinstance(verify_value(item["value"], None), Verified)
    assert await storage.call("get", second["key"]) == second["value"]
    assert await storage.call("get", {"id": second["key"], "meta": True}) == second
    assert await storage.call("get", 2) == second


async def test_many_publishes_at_once_make_one_chain(storage: Any) -> None:
    items = await asyncio.gather(*(storage.call("publish", {"type": "test"}) for _ in range(100)))
    items.sort(key=lambda item: item["value"]["sequence"])
    assert [item["value"]["sequence"] for item in items] == list(range(1, 101))
    keys = [None, *(item["key"] for item in items)]
    assert [item["value"]["previous"] for item in items] == keys[:-1]


async def test_claimed_times_rise_whatever_the_clock_does(
    tmp_path: Path, start_storage: Any
) -> None:
    times: list[float] = []
    for wall in (5000.0, 5000.0, 1000.0):
        async with start_storage(tmp_path, repeat(wall).__next__) as storage:
            for _ in range(2):
                item = await storage.call("publish", {"type": "test"})
                times.append(item["value"]["timestamp"])
    assert times == sorted(set(times))


async def test_own_feed_that_lost_its_end_does_not_go_on_until_it_is_back(
    tmp_path: Path, start_storage: Any
) -> None:
    async with start_storage(tmp_path) as storage:
        items = [await storage.call("publish", {"type": "test", "n": n}) for n in range(3)]
    shutil.rmtree(tmp_path / FOLDER)
    async with start_storage(tmp_path) as storage:
        with pytest.raises(BusError, match="our own feed ends at 0, but 3 was published"):
            await storage.call("publish", {"type": "test"})
        state = (await storage.call("health"))["state"]
        assert state["state"] == "own feed incomplete"
        for item in items:
            await storage.call("add", item["value"])
        assert (await storage.call("health"))["state"]["state"] == "ok"
        again = await storage.call("publish", {"type": "test"})
        assert again["value"]["sequence"] == 4


async def test_publish_takes_ciphertext(storage: Any) -> None:
    item = await storage.call("publish", CIPHERTEXT)
    assert item["value"]["content"] == CIPHERTEXT


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({}, "type must be a string3 <= type.length < 52, was:undefined"),
        ({"type": "ab"}, "type must be a string3 <= type.length < 52, was:ab"),
        ("hello", "invalid message content, must be object or encrypted string"),
        (5, "invalid message content, must be object or encrypted string"),
        ([], "type must be a string3 <= type.length < 52, was:undefined"),
        (None, "Param 0 is required"),
        (True, "Param 0 must by of type msgContent"),
        (
            {"type": "post", "recps": []},
            'private message field "recps" requires at least one recipient',
        ),
        (
            {"type": "post", "recps": 5},
            'private message field "recps" expects an Array of recipients',
        ),
        (
            {"type": "post", "recps": "x"},
            'private message requested, but no boxers could encrypt these recps: ["x"]',
        ),
        (
            {"type": "post", "recps": ["#x", OWN.id]},
            f'private message requested, but no boxers could encrypt these recps: ["#x","{OWN.id}"]',
        ),
        ({"type": "post", "recps": [OWN.id] * 9}, "max recipients is:7 found:9"),
    ],
)
async def test_publish_refuses(storage: Any, content: Any, text: str) -> None:
    with pytest.raises(BusError) as refused:
        await storage.call("publish", content)
    assert (refused.value.fault, str(refused.value)) == ("caller", text)
    assert storage.writer.log.position == 0


async def test_publish_refuses_what_is_too_long_with_its_signature(storage: Any) -> None:
    for n in (9000, 7900):
        with pytest.raises(BusError, match="Encoded message must not be larger than 8192 bytes"):
            await storage.call("publish", {"type": "test", "text": "x" * n})


@pytest.mark.parametrize("recipients", [[OWN.id], OWN.id])
async def test_publish_with_recps_is_boxed(storage: Any, recipients: Any) -> None:
    content = {"type": "post", "text": "hi", "recps": recipients}
    item = await storage.call("publish", content)
    assert item["value"]["content"].endswith(".box")
    opened = private.unbox(item["value"]["content"], private.exchange_secret(OWN))
    assert opened
    assert opened.content == content | {"recps": [OWN.id]}


async def test_publish_without_recipients_is_open(storage: Any) -> None:
    item = await storage.call("publish", {"type": "post", "recps": None})
    assert item["value"]["content"] == {"type": "post", "recps": None}


async def test_publish_signs_for_the_network(tmp_path: Path, start_storage: Any) -> None:
    async with start_storage(tmp_path, hmac_key=b"h" * 32) as storage:
        item = await storage.call("publish", {"type": "test"})
    assert isinstance(verify_value(item["value"], b"h" * 32), Verified)
    assert not isinstance(verify_value(item["value"], None), Verified)


async def test_add_appends_in_order(storage: Any, authors: Any) -> None:
    author = authors[0]
    author.write(3)
    for value in author.values:
        item = await storage.call("add", value)
        assert item["value"] == value
        assert list(item) == ["key", "value", "timestamp"]
    assert await storage.call("latestSequence", author.id) == 3


async def test_add_refuses_with_the_reasons_of_ssb_validate(storage: Any, authors: Any) -> None:
    author = authors[0]
    author.write(3)
    first, second, third = author.values

    async def refusal(value: Any) -> str:
        with pytest.raises(BusError) as refused:
            await storage.call("add", value)
        return str(refused.value)

    assert await refusal(second) == (
        f"initial message must have previous: null, on feed:{author.id}"
    )
    await storage.call("add", first)
    assert "expected sequence 2 but got:1in state:" in await refusal(first)
    assert "expected sequence 2 but got:3in state:" in await refusal(third)
    assert await refusal(second | {"signature": third["signature"]}) == "invalid signature"
    assert "signature type must match author type" in await refusal(second | {"signature": "x"})
    author.write(1, at=Head(b"?" * 32, 1))
    await storage.call("add", second)
    await storage.call("add", third)
    assert storage.writer.log.position == 3


async def test_add_keeps_the_evidence_of_a_fork(storage: Any, authors: Any) -> None:
    author = authors[0]
    author.write(2)
    first, second = author.values
    await storage.call("add", first)
    other = type(author)(1)
    other.write(1)
    other.write(1, forked=True)
    await storage.call("add", other.values[1])
    with pytest.raises(BusError, match="expected sequence 3 but got:2"):
        await storage.call("add", second)
    assert len(storage.database.evidence(author.keys.public)) == 2
    author.write(1)
    with pytest.raises(BusError, match="expected different previous"):
        await storage.call("add", author.values[2])


async def test_get_refuses(storage: Any) -> None:
    missing = "%" + "A" * 43 + "=.sha256"
    for given, name in ((missing, missing), ({"id": missing}, missing), (9, "9"), (-1, "-1")):
        with pytest.raises(BusError) as refused:
            await storage.call("get", given)
        assert refused.value.code == "not_found"
        assert str(refused.value) == f"Key not found in database [{name}]"


async def test_a_private_message_is_opened_where_that_is_asked_for(storage: Any) -> None:
    content = {"type": "post", "recps": [OWN.id]}
    item = await storage.call("publish", content)
    key, boxed = item["key"], item["value"]["content"]
    for form in (key, {"id": key, "unbox": "x"}, f"{key}?other=x"):
        assert await storage.call("get", form) == item["value"]
    opened = await storage.call("get", {"id": key, "private": True})
    slot = opened["unbox"]
    meta = {"original": {"content": boxed}, "private": True, "unbox": slot}
    more = {"meta": meta, "cyphertext": boxed, "private": True, "unbox": slot}
    assert opened == {**item["value"], "content": content, **more}
    assert list(opened)[-4:] == ["meta", "cyphertext", "private", "unbox"]
    whole = await storage.call("get", {"id": key, "private": True, "meta": True})
    assert whole == {**item, "value": opened}
    for form in (f"{key}?unbox={slot}", {"id": key, "private": True, "unbox": "AAAA"}):
        assert await storage.call("get", form) == opened


async def test_the_key_of_a_box_opens_one_that_is_not_for_us(storage: Any, authors: Any) -> None:
    author = authors[0]
    randomness = Randomness.cut(bytes(range(ENTROPY_BYTES)))
    boxed = private.box({"type": "post", "text": "psst"}, [author.id], randomness)
    slot = private.unbox(boxed, private.exchange_secret(author.keys))
    assert slot
    value = create(None, author.keys, None, boxed, 1e12)
    key = (await storage.call("add", value))["key"]
    assert await storage.call("get", {"id": key, "private": True}) == value
    opened = await storage.call("get", f"{key}?unbox={b64encode(slot.slot).decode()}")
    assert opened["content"] == {"type": "post", "text": "psst"}
    [item] = await storage.items("createLogStream", {"private": True})
    assert item["value"] == value


async def test_signed_messages_are_written_as_a_stream(storage: Any, authors: Any) -> None:
    first, second, _ = authors
    first.write(3)
    second.write(2)
    stream = storage.node.sink("storage", "createWriteStream")
    texts = [json.compact_utf8(value) for value in (*first.values[:2], *second.values)]
    await stream.send([*texts, b"5", json.compact_utf8({**first.values[2], "signature": "x"})])
    await stream.send([json.compact_utf8(first.values[2]), texts[0]])
    assert not (await stream.end()).bodies
    assert await storage.call("getVectorClock") == {first.id: 3, second.id: 2}


async def test_what_is_sealed_is_bound_to_the_head_of_that_moment(storage: Any) -> None:
    slot, content = group_key(b"g" * 32), {"type": "post", "text": "hi"}
    asked = {"content": content, "slots": [[key_text(slot.key), slot.scheme]]}
    before = await storage.call("publish", {"type": "test"})
    items = await asyncio.gather(*(storage.call("publish.sealed", asked) for _ in range(3)))
    previous = before["key"]
    for item in sorted(items, key=lambda item: item["value"]["sequence"]):
        value = item["value"]
        assert value["previous"] == previous
        opened = box2.unbox(value["content"], box2.context_of(OWN.id, previous), [slot])
        assert opened is not None
        assert opened.content == content
        previous = item["key"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"content": "text", "slots": [["", ""]]},
        {"content": {}, "slots": []},
        {"content": {}, "slots": [["AAAA", "scheme"]]},
        {"content": {}, "slots": [["A" * 43 + "=", 1]]},
        {"content": {}, "slots": [["A" * 43 + "=", "scheme"]] * 17},
    ],
)
async def test_what_cannot_be_sealed_is_refused(storage: Any, given: object) -> None:
    with pytest.raises(BusError) as refused:
        await storage.call("publish.sealed", given)
    assert refused.value.fault == "caller"


@pytest.mark.parametrize(
    "recipient", ["%" + "A" * 43 + "=.cloaked", "ssb:identity/po-box/" + "A" * 43 + "="]
)
async def test_what_is_for_a_group_is_left_to_who_has_its_key(storage: Any, recipient: str) -> None:
    with pytest.raises(BusError, match="no boxers could encrypt") as refused:
        await storage.call("publish", {"type": "post", "recps": [recipient, OWN.id]})
    assert refused.value.code == "not_found"


async def test_an_envelope_is_opened_with_what_we_were_told_or_with_its_key(storage: Any) -> None:
    slot, content = group_key(b"g" * 32), {"type": "post", "text": "hi"}
    asked = {"content": content, "slots": [[key_text(slot.key), slot.scheme]]}
    item = await storage.call("publish.sealed", asked)
    form = {"id": item["key"], "private": True}
    assert await storage.call("get", form) == item["value"]
    context = box2.context_of(OWN.id, None)
    found = box2.find_key(item["value"]["content"], context, [slot])
    assert found
    read = await storage.call("get", form | {"unbox": key_text(found.reading)})
    assert read["content"] == content
    assert await storage.call("get", form | {"unbox": key_text(b"x" * 32)}) == item["value"]
    for keys in ({"groups": "all"}, {"groups": [1, "AAAA"], "poBoxes": {"x": 1}}):
        with suppress(BusError):
            await storage.call("keys.take", keys)
    assert await storage.call("get", form) == item["value"]
    await storage.call("keys.take", {"groups": [key_text(slot.key)]})
    assert await storage.call("get", form) == read
    [shown] = await storage.items("createLogStream", {"private": True})
    assert shown["value"] == read

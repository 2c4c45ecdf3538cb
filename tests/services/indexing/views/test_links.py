from typing import Any

import pytest

from common.bus import CallerError
from common.refs import message_id
from services.indexing.views.links import MAX_TEXT, Links
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.messages import message, rows

ROOT = message_id(b"r" * 32)
BLOB = "&" + "A" * 43 + "=.sha256"


def test_a_link_has_two_rows_however_often_it_is_said() -> None:
    content = {"type": "post", "root": ROOT, "branch": [ROOT, ROOT, {"link": ROOT}, "no"]}
    found = rows(Links(), message(content))
    assert len(found) == len({row.key for row in found}) == 4
    assert {row.position for row in found} == {3}
    assert not list(Links().rows(message("box.box")))


def test_no_text_makes_a_long_key() -> None:
    content = {"a" * (MAX_TEXT + 1): ROOT, "blob": f"{BLOB}?unbox={'x' * MAX_TEXT}", "root": ROOT}
    assert {len(row.key) > 1000 for row in rows(Links(), message(content))} == {False}
    assert len(list(Links().rows(message(content)))) == 2


async def asked(suite: Suite, **options: Any) -> list[Any]:
    return await suite.items("links", options)


async def test_links_are_found_by_each_end_and_by_their_name(suite: Suite) -> None:
    first = suite.storage.add(0, {"type": "post", "root": ROOT, "mentions": [{"link": IDS[2]}]})
    second = suite.storage.add(1, {"type": "vote", "vote": {"link": ROOT}, "blob": BLOB})
    vote = {"source": IDS[1], "rel": "vote", "dest": ROOT, "key": second}
    blob = {"source": IDS[1], "rel": "blob", "dest": BLOB, "key": second}
    root = {"source": IDS[0], "rel": "root", "dest": ROOT, "key": first}
    mention = {"source": IDS[0], "rel": "mentions", "dest": IDS[2], "key": first}
    everything = [mention, root, blob, vote]
    assert sorted(await asked(suite), key=str) == sorted(everything, key=str)
    assert await asked(suite, source=IDS[0]) == [mention, root]
    assert await asked(suite, source=IDS[0], reverse=True) == [root, mention]
    assert await asked(suite, dest=ROOT) == [root, vote]
    assert await asked(suite, dest=ROOT, rel="vote") == [vote]
    assert await asked(suite, dest=ROOT, source=IDS[0]) == [root]
    assert await asked(suite, dest="msg", source=IDS[1]) == [vote]
    assert await asked(suite, dest="&") == [blob]
    assert await asked(suite, dest="feed", source="@", rel="mentions") == [mention]
    assert await asked(suite, source="blob") == []
    assert await asked(suite, dest=ROOT, limit=1) == [root, vote]
    assert await asked(suite, rel="roo") == []


async def test_a_link_is_given_as_its_parts(suite: Suite) -> None:
    content = {"type": "post", "root": ROOT}
    key = suite.storage.add(0, content)
    (value,) = await asked(suite, meta=False, keys=False, values=True)
    assert value["content"] == content
    link = {"source": IDS[0], "rel": "root", "dest": ROOT}
    assert await asked(suite, keys=False) == [link]
    assert await asked(suite, meta=False) == [key]
    assert await asked(suite, meta=False, values=True) == [{"key": key, "value": value}]
    assert await asked(suite, values=True) == [{**link, "key": key, "value": value}]


async def test_live_links_follow_the_old_ones(suite: Suite) -> None:
    suite.storage.add(0, {"type": "post", "root": ROOT})
    found: list[Any] = []
    async with suite.client.source("indexing", "links", {"dest": ROOT, "live": True}) as stream:
        async for batch in stream:
            found += batch.json()
            if found[-1] == {"sync": True}:
                suite.storage.add(0, boxed({"type": "post", "root": ROOT}))
                suite.storage.add(0, {"type": "post", "root": IDS[1]})
                suite.storage.add(2, {"type": "post", "about": ROOT})
            if len(found) == 3:
                break
    assert [item.get("rel") for item in found] == ["root", None, "about"]


async def test_links_of_boxes_are_for_who_asks_for_them(suite: Suite) -> None:
    suite.storage.add(0, boxed({"type": "post", "root": ROOT}))
    assert await asked(suite) == []
    (found,) = await asked(suite, dest=ROOT, private=True, values=True)
    assert found["rel"] == "root"
    assert found["value"]["private"] is True
    assert found["value"]["content"] == {"type": "post", "root": ROOT}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([], "Param 0 is required"),
        ([5], "Param 0 must by of type linksOpts"),
        ([[]], '.0 of param reverse must be of type "boolean"'),
        ([{"source": "x"}], '.0 of param source must be of type "id|filter"'),
        ([{"dest": 5}], '.0 of param dest must be of type "id|filter"'),
        ([{"rel": 5}], '.0 of param rel must be of type "string"'),
        ([{"live": "x"}], '.0 of param live must be of type "boolean"'),
        (
            [{"keys": False, "meta": False}],
            (
                "makes no sense to return stream without results"
                "set at least one of {keys, values, meta} to true"
            ),
        ),
    ],
)
async def test_what_makes_no_sense_is_said_as_the_reference_says_it(
    suite: Suite, given: list[Any], text: str
) -> None:
    with pytest.raises(CallerError) as caught:
        await suite.items("links", *given)
    assert str(caught.value) == text

from typing import Any

import pytest

from common.bus import CallerError
from tests.support.indexing_suite import IDS, Suite

OWN, ANN, BOB, CAT, DAN = IDS


def name(dest: str, said: str) -> dict[str, Any]:
    return {"type": "about", "about": dest, "name": said}


async def fill(suite: Suite) -> None:
    suite.storage.add(0, {"type": "contact", "contact": CAT, "following": True})
    for n in (1, 2, 3):
        suite.storage.add(n, name(IDS[n], ["", "Märta", "martin", "Marie"][n]))
    suite.storage.add(3, name(ANN, "die Märta"))
    suite.storage.add(1, name(DAN, "mart"))
    await suite.folded()


async def test_a_text_finds_names_those_we_follow_first(suite: Suite) -> None:
    await fill(suite)
    found = await suite.call("suggest.profile", {"text": "mar"})
    assert [one["id"] for one in found] == [CAT, ANN, BOB, DAN]
    assert found[1] == {
        "id": ANN,
        "name": "Märta",
        "names": ["die Märta"],
        "image": None,
        "aliases": ["die Märta"],
        "matchedName": "Märta",
        "following": False,
    }
    assert [one["following"] for one in found] == [True, False, False, False]
    alias = await suite.call("suggest.profile", {"text": "DIE m", "limit": 1})
    assert [(one["id"], one["matchedName"]) for one in alias] == [(ANN, "die Märta")]
    assert await suite.call("suggest.profile", {"text": "nobody"}) == []


async def test_without_a_text_those_asked_for_or_who_wrote_last(suite: Suite) -> None:
    await fill(suite)
    asked = {"text": " ", "defaultIds": [BOB, OWN, BOB]}
    assert [one["id"] for one in await suite.call("suggest.profile", asked)] == [BOB]
    recent = await suite.call("suggest.profile", {"limit": 2})
    assert [one["id"] for one in recent] == [ANN, CAT]
    with pytest.raises(CallerError, match="wants an object"):
        await suite.call("suggest.profile")

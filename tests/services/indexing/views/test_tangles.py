from typing import Any

import pytest

from common.bus import CallerError
from tests.support.indexing_suite import Suite, boxed


async def test_a_branch_names_the_ends_of_a_thread(suite: Suite) -> None:
    root = suite.storage.add(0, {"type": "post"})
    assert await suite.call("tangle.branch", root) == [root]
    one = suite.storage.add(1, {"type": "post", "root": root, "branch": root})
    two = suite.storage.add(2, boxed({"type": "vote", "root": root, "branch": [root]}))
    suite.storage.add(2, {"type": "post", "root": one, "branch": one})
    assert await suite.call("tangle.branch", root) == sorted([one, two])
    last = suite.storage.add(0, {"type": "post", "root": root, "branch": [one, two]})
    assert await suite.call("tangle.branch", root) == [last]


async def test_only_a_message_has_a_branch(suite: Suite) -> None:
    odds: list[Any] = [None, 5, "x", {}]
    for odd in odds:
        with pytest.raises(CallerError, match="requires a valid message"):
            await suite.call("tangle.branch", odd)

import re
from pathlib import Path
from typing import Any

import pytest

from common.runtime import sources
from common.runtime.known import IGNORED, OTHERS, leaves, unknown

DOCUMENT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
DEFAULTS = sources.defaults()


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"freinds": {"hops": 3}}, [("freinds.hops", "friends.hops")]),
        ({"friends": {"hop": 3}}, [("friends.hop", "friends.hops")]),
        ({"xyzzy": 1}, [("xyzzy", None)]),
        ({"connections": {"incoming": {"net": [{"host": "::"}]}}}, []),
        ({"plugins": {"ssb-x": True}, "timers": {"keepalive": 3}, "gossip": {}}, []),
        (DEFAULTS, []),
    ],
)
def test_names_that_mean_nothing_are_told_with_the_nearest(
    document: dict[str, Any], found: list[Any]
) -> None:
    assert unknown(document, DEFAULTS) == found


def test_the_page_names_every_setting_that_is_taken() -> None:
    named = set(re.findall(r"\w+", DOCUMENT))
    groups = {name.partition(".")[0] for name, _ in leaves(DEFAULTS)}
    assert {group for group in groups if group not in named} == set()
    for name, why in IGNORED.items():
        assert f"| `{name}` | {why} |" in DOCUMENT
    for name in OTHERS - {"config", "verbose", "worker", "force", "sealed"}:
        assert name.partition(".")[0] in named, name


def test_every_value_knows_where_it_was_said(tmp_path: Path) -> None:
    (tmp_path / ".ssb").mkdir()
    (tmp_path / ".ssb" / "config").write_text('{"friends": {"hops": 3}, "port": 1, "host": "x"}')
    env = {"ssb_port": "2", "ssb_ws__port": "3"}
    found = sources.layers(["--ws.port", "4"], env, tmp_path, tmp_path)
    names = ["friends.hops", "port", "ws.port", "host", "blobs.max", "nothing"]
    file = str(tmp_path / ".ssb" / "config")
    assert sources.origins(found, names) == {
        "friends.hops": file,
        "host": file,
        "port": "environment",
        "ws.port": "flags",
        "blobs.max": "defaults",
    }

"""The table of docs/methods.md: every method that clients see, who may call it, where it is known from, which tests call it.

`python -m tests.support.method_table` writes it anew from a suite that it starts.
"""

import asyncio
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.offers import Offered, offers
from tests.support.own_methods import OWN_METHODS
from tests.support.servers import ROOT, OurServer

__all__ = ["DOCUMENT", "origin", "written"]

DOCUMENT = ROOT / "docs" / "methods.md"
MAX_TESTS = 2
FOLDERS = ("interop", "system", "services", "support")
"""Where tests call methods; those beside real peers first."""

ORIGINS = {
    "about": "ssb-about",
    "backlinks": "ssb-backlinks",
    "blobsPurge": "ssb-blobs-purge",
    "conn": "ssb-conn",
    "connFirewall": "ssb-conn-firewall",
    "deviceAddress": "ssb-device-address",
    "ebt": "ssb-ebt 9",
    "friends": "ssb-friends 5",
    "friendsPurge": "ssb-friends-purge",
    "identities": "ssb-identities",
    "lan": "ssb-lan",
    "meme": "ssb-meme",
    "names": "ssb-names",
    "partialReplication": "ssb-subset-replication-spec, go-sbot",
    "private": "ssb-private",
    "replicationScheduler": "ssb-replication-scheduler",
    "search": "ssb-search",
    "suggest": "ssb-suggest",
    "tangle": "ssb-tangle",
    "threads": "ssb-threads",
    "tribes": "ssb-tribes",
}
"""The plugin that a group is known from; what has no group here and is not of ssb-server 16 is ours."""
LATER = {
    "createRawLogStream": "ssb-db 20.2",
    "rebuild": "ssb-db 20.2",
    "getFeedState": "ssb-db 20.3",
    "getAddress": "ssb-client's name for `address`",
}
HEAD = """\
# Methods

Every method that clients see, in the order of its name: its muxrpc type; who may call it besides the master (the own key, keys of the
setting `master`, the unix socket); where it is known from; which tests call it. Of ssb-server 16 all methods are here. What is ours alone, and no
plugin's, is said to be so. Made by `python -m tests.support.method_table`; `tests/interop/test_methods.py` holds it against a running suite and
against the manifest that a real `ssb-server` writes.

| method | type | also for | known from | tests |
|---|---|---|---|---|
"""


def origin(method: str) -> str:
    """Where a method is known from."""
    if method not in OWN_METHODS:
        return "ssb-server 16"
    group = method.partition(".")[0] if "." in method else ""
    return LATER.get(method) or ORIGINS.get(group) or "ours"


def written(table: Mapping[str, Offered]) -> str:
    """The whole document: one row a method."""
    texts = {
        path: path.read_text()
        for folder in FOLDERS
        for path in sorted((ROOT / "tests" / folder).rglob("*.py"))
        if path.name not in ("own_methods.py", "method_table.py")
    }
    found = []
    for method, offered in sorted(table.items()):
        also = ", ".join(offered.roles)
        tests = " ".join(f"`{path.relative_to(ROOT)}`" for path in _calling(method, texts))
        found.append(f"| `{method}` | {offered.type} | {also} | {origin(method)} | {tests} |")
    return HEAD + "\n".join(found) + "\n"


def _calling(method: str, texts: Mapping[Path, str]) -> list[Path]:
    """The files that name a method as a text of its own."""
    named = re.compile(rf'"{re.escape(method)}"')
    return [path for path, text in texts.items() if named.search(text)][:MAX_TESTS]


async def _main() -> None:
    with tempfile.TemporaryDirectory(prefix="sb-") as folder:
        async with OurServer(Path(folder) / "ours") as server:
            DOCUMENT.write_text(written(await offers(server)))


if __name__ == "__main__":
    asyncio.run(_main())

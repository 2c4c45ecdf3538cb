"""The same calls of `blobs.*` to npm's ssb-server and to ours, over the same files, give the same answers.

Not asked, because ssb-server never answers: for no ids at all, for a slice without a byte (it says goodbye). The empty
blob, which multiblob means to have and does not, is here with us.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from common.refs.ids import blob_id
from tests.support.driver import CallError, Driver
from tests.support.servers import OurServer, Server, SsbServer

pytestmark = pytest.mark.interop
SIZES = (1, 10, 65_535, 65_537, 200_000)
ANSWER_S = 20
ABSENT = blob_id(bytes(32))


def lay(server: Server) -> list[str]:
    """Files in the folder of a server that has not started."""
    ids = []
    for size in SIZES:
        data = hashlib.shake_256(b"same").digest(size)
        name = hashlib.sha256(data).hexdigest()
        place = server.folder / "blobs" / "sha256" / name[:2]
        place.mkdir(parents=True, exist_ok=True)
        (place / name[2:]).write_bytes(data)
        ids.append(str(blob_id(bytes.fromhex(name))))
    return ids


def questions(ids: list[str]) -> list[tuple[str, str, list[Any]]]:
    """How to ask, the method, and its arguments."""
    one, other = ids[1], ids[4]
    bad = ["x", 5, {}, {"id": "x"}, one[:-1], "%" + one[1:]]
    asked: list[tuple[str, str, list[Any]]] = []
    for blob in (*ids, ABSENT):
        asked += [("call", name, [blob]) for name in ("blobs.has", "blobs.size")]
        asked += [("digest", "blobs.get", [given]) for given in (blob, {"id": blob}, {"key": blob})]
    asked += [("call", "blobs.has", [each]) for each in ([one, ABSENT, other], [one, "x"])]
    asked += [("call", "blobs.size", [each]) for each in ([one, ABSENT, other], [])]
    asked += [("call", "blobs.has", [{"id": one}]), ("call", "blobs.size", [{"id": one}])]
    asked += [("call", name, [each]) for name in ("blobs.want", "blobs.push") for each in bad]
    asked += [("call", "blobs.has", [each]) for each in bad if not isinstance(each, dict)]
    asked += [("call", "blobs.want", [blob]) for blob in (one, other)]
    asked += [("call", "blobs.push", [one]), ("call", "blobs.want", [{"id": one}])]
    asked += [("digest", "blobs.get", [each]) for each in bad]
    asked += [("digest", "blobs.get", [{"id": one, "size": size}]) for size in (9, 10, 11, 0)]
    asked += [("digest", "blobs.get", [{"id": other, "max": most}]) for most in (1, 200_000, 1e9)]
    for start, end in ((0, 1), (3, 9), (9, 20), (199_990, 200_000), (70_000, 150_001)):
        asked.append(("digest", "blobs.getSlice", [{"id": other, "start": start, "end": end}]))
    asked += [("digest", "blobs.getSlice", [{"id": other, "start": 1}])]
    asked += [("digest", "blobs.getSlice", [{"id": other, "end": 1}])]
    asked += [("digest", "blobs.getSlice", [{"start": 1, "end": 2}])]
    return asked


async def answer(client: Driver, how: str, name: str, args: list[Any]) -> Any:
    try:
        async with asyncio.timeout(ANSWER_S):
            return await getattr(client, how)(name, *args)
    except CallError as error:
        return str(error).split("\n", maxsplit=1)[0]
    except TimeoutError:
        return "no answer"


async def test_same_answers(folder: Path) -> None:
    theirs, ours = SsbServer(folder / "theirs"), OurServer(folder / "ours")
    ids = lay(theirs)
    assert lay(ours) == ids
    async with theirs, ours:
        there, here = await theirs.client(), await ours.client()
        different = []
        for how, name, args in questions(ids):
            wanted = await answer(there, how, name, args)
            found = await answer(here, how, name, args)
            if found != wanted:
                different.append((name, args, wanted, found))
        assert not different, "\n".join(map(repr, different))
        listed = [
            sorted(
                item["id"] + str(item["size"])
                for item in await c.collect("blobs.ls", {"meta": True})
            )
            for c in (there, here)
        ]
        assert listed[0] == listed[1]
        for client in (there, here):
            await client.call("blobs.rm", ids[0])
            assert await client.call("blobs.has", ids[:2]) == [False, True]

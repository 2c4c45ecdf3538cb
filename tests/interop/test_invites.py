"""Invites: users of ssb-server join through our pub, ours joins theirs, and who met at a pub replicates."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import Driver
from tests.support.servers import OURS, OurServer, Server, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
LIMIT_S = 60
PRIVATE = ("--allowPrivate", "true")


async def contents(client: Driver, feed: str) -> list[Any]:
    return [
        item["value"]["content"] async for item in client.source("createUserStream", {"id": feed})
    ]


@pytest.mark.parametrize("kind", OURS)
async def test_a_user_of_ssb_server_joins_our_pub(folder: Path, kind: str) -> None:
    pub, user = OURS[kind](folder / "pub", *PRIVATE), SsbServer(folder / "user")
    async with pub, user:
        at_pub, at_user = await pub.client(), await user.client()
        code = await at_pub.call("invite.create", {"uses": 1, "note": "welcome"})
        assert code.startswith(f"127.0.0.1:{pub.port}:{pub.id}~")
        published = await at_user.call("invite.accept", code)
        assert [item["value"]["content"]["type"] for item in published] == ["contact", "pub"]
        follow = {"type": "contact", "contact": user.id, "following": True, "pub": True}
        assert await contents(at_pub, pub.id) == [follow | {"note": "welcome"}]
        where = {"host": "127.0.0.1", "port": pub.port, "key": pub.id}
        assert await contents(at_user, user.id) == [
            {"type": "contact", "following": True, "autofollow": True, "contact": pub.id},
            {"type": "pub", "address": where},
        ]

        async def met() -> bool:
            return len(await contents(at_pub, user.id)) == 2

        await until(met, within=LIMIT_S)
        with pytest.raises(Exception, match="invite not accepted"):
            await at_user.call("invite.accept", code)


async def test_ours_joins_a_pub_that_is_ssb_server(folder: Path) -> None:
    pub, user = SsbServer(folder / "pub", *PRIVATE), OurServer(folder / "user")
    async with pub, user:
        at_pub, at_user = await pub.client(), await user.client()
        code = await at_pub.call("invite.create", 2)
        published = await at_user.call("invite.accept", f'"{code}"')
        assert [item["value"]["content"] for item in published] == await contents(at_user, user.id)

        async def met() -> bool:
            mine, theirs = await contents(at_pub, user.id), await contents(at_user, pub.id)
            return len(mine) == 2 and len(theirs) == 1

        await until(met, within=LIMIT_S)
        with pytest.raises(Exception, match="invite not accepted: already following"):
            await at_user.call("invite.accept", code)


async def test_two_who_never_met_replicate_each_other_through_our_pub(folder: Path) -> None:
    pub = OurServer(folder / "pub", *PRIVATE)
    users: list[Server] = [
        SsbServer(folder / name, "--friends.hops", "2") for name in ("ann", "bob")
    ]
    async with pub, users[0], users[1]:
        at_pub = await pub.client()
        code = await at_pub.call("invite.create", 2)
        clients = [await user.client() for user in users]
        for client in clients:
            await client.call("publish", {"type": "post", "text": "hello from afar"})
            await client.call("invite.accept", code)

        for here, there in ((0, 1), (1, 0)):

            async def came(here: int = here, there: int = there) -> bool:
                return len(await contents(clients[here], users[there].id)) >= 3

            await until(came, within=LIMIT_S)
        listed = [item async for item in at_pub.source("invite.list")]
        assert [item["state"] for item in listed] == ["used up"]
        assert set(listed[0]["guests"]) == {user.id for user in users}


async def test_codes_are_kept_and_taken_back(folder: Path) -> None:
    pub, user = OurServer(folder / "pub", *PRIVATE), SsbServer(folder / "user")
    async with pub:
        client = await pub.client()
        code = await client.call("invite.create", {"uses": 3, "label": "for the club"})
    async with OurServer(folder / "pub", *PRIVATE, port=pub.port) as pub, user:
        client, at_user = await pub.client(), await user.client()
        (kept,) = [item async for item in client.source("invite.list")]
        assert (kept["label"], kept["total"], kept["used"]) == ("for the club", 3, 0)
        assert (await client.call("invite.revoke", code))["state"] == "revoked"
        with pytest.raises(Exception, match="invite not accepted"):
            await at_user.call("invite.accept", code)
        modern = await client.call("invite.create", {"modern": True})
        assert modern.startswith(f"ws://127.0.0.1:{pub.ws_port}~shs:")
        assert (await at_user.call("invite.accept", modern))[0]["value"]["author"] == user.id


async def test_guests_may_use_their_invite_and_nothing_else(folder: Path) -> None:
    async with OurServer(folder / "pub", *PRIVATE) as pub:
        client = await pub.client()
        code = await client.call("invite.create", 1)
        secret = folder / "guest"
        secret.write_text(json.dumps(await asyncio.to_thread(_keys, code)))
        guest = await pub.client(secret=secret)
        assert await guest.call("getAddress") == await client.call("getAddress")
        for name in ("whoami", "blobs.has", "invite.create", "manifest"):
            with pytest.raises(Exception, match="not in list of allowed methods"):
                await guest.call(name)
        with pytest.raises(Exception, match="feed to follow is missing"):
            await guest.call("invite.use", {})


def _keys(code: str) -> dict[str, str]:
    from base64 import b64decode, b64encode  # noqa: PLC0415

    from common.crypto.keys import generate  # noqa: PLC0415

    keys = generate(b64decode(code.rpartition("~")[2]))
    public = b64encode(keys.public).decode() + ".ed25519"
    private = b64encode(keys.secret).decode() + ".ed25519"
    return {"curve": "ed25519", "public": public, "private": private, "id": keys.id}

"""Who may call what: every method of the manifest, called by everybody who can come in, beside ssb-server."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from common.crypto.keys import Keys, generate
from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.offers import flat, offers
from tests.support.servers import SHS, OurServer, Server, SsbServer

pytestmark = pytest.mark.interop

REFUSED = "is not in list of allowed methods"
THEIRS = {
    "createHistoryStream": "source",
    "gossip.ping": "duplex",
    "blobs.has": "async",
    "blobs.get": "source",
    "blobs.getSlice": "source",
    "blobs.changes": "source",
    "blobs.createWants": "source",
    "ebt.replicate": "duplex",
    "ooo.stream": "duplex",
}
"""What ssb-server 16 lets strangers call (features.md 1.0)."""
OURS = {
    "manifest": "sync, as secret-stack has it since 6.4 and go-ssb needs it",
    "conn.ping": "ssb-conn",
    "ebt.clock": "ssb-ebt 9",
    "ebt.replicateFormat": "ssb-ebt 9",
    "partialReplication.getSubset": "go-sbot",
    "partialReplication.getTangle": "go-sbot",
}
"""What ours lets them call beyond that, and where it is so."""
ONE_OF_EACH = ("whoami", "getLatest", "friends.hops", "gossip.peers", "blobs.wants", "address")


def secret(path: Path, keys: Keys) -> Path:
    public, private = (b64encode(key).decode() + ".ed25519" for key in (keys.public, keys.secret))
    said = {"curve": "ed25519", "public": public, "private": private, "id": keys.id}
    path.write_text(json.dumps(said))
    return path


async def asked(
    server: Server, who: Path, types: Mapping[str, str], remote: str | None = None
) -> dict[str, Answer]:
    """How a call of each method ends, without arguments."""
    questions = [
        Question(name, [], "async" if kind == "sync" else kind) for name, kind in types.items()
    ]
    async with Asker(who, remote or server.address, SHS, list(types), PATIENCE_MS) as asker:
        if asker.failed is not None:
            return {"connection": {"error": asker.failed}}
        answers = [await one for one in asker.ask(questions)]
    return dict(zip(types, answers, strict=True))


def refused(answers: dict[str, Answer]) -> set[str]:
    return {
        name
        for name, answer in answers.items()
        if answer.get("error") == f"method:{name.replace('.', ',')} {REFUSED}"
        or answer.get("end") == f"method:{name.replace('.', ',')} {REFUSED}"
    }


async def test_every_method_is_open_to_whom_the_table_says(folder: Path) -> None:
    stranger, admin, foe = (generate(bytes([n]) * 32) for n in range(1, 4))
    pub = OurServer(folder / "pub", "--allowPrivate", "true", "--master", admin.id)
    async with pub:
        client, table = await pub.client(), await offers(pub)
        # ssb-client does not tell how a sink without items ended; none is open to anybody.
        sinks = {name for name, offered in table.items() if offered.type == "sink"}
        assert not any(table[name].roles for name in sinks)
        types = {name: one.type for name, one in table.items() if name not in sinks}
        code = await client.call("invite.create", 1)
        guest = generate(b64decode(code.rpartition("~")[2]))
        await client.call("friends.block", foe.id)

        for keys, role in ((stranger, "anonymous"), (guest, "guest")):
            answers = await asked(pub, secret(folder / role, keys), types)
            closed = {name for name in types if role not in table[name].roles}
            assert refused(answers) == closed, role
        assert {name for name, one in table.items() if "guest" in one.roles} == {
            "invite.use",
            "getAddress",
        }
        assert {name for name, one in table.items() if "anonymous" in one.roles} == {
            *THEIRS,
            *OURS,
        }
        few = {name: types[name] for name in ONE_OF_EACH}
        owner = pub.folder / "secret"
        unix = f"unix:{pub.folder / 'socket'}~noauth"
        for who, remote in (
            (owner, None),
            (secret(folder / "admin", admin), None),
            (folder / "anonymous", unix),
        ):
            answers = await asked(pub, who, few, remote)
            assert set(answers) == set(few)
            assert not refused(answers)
        answers = await asked(pub, secret(folder / "foe", foe), few)
        assert set(answers) == {"connection"}


async def test_strangers_may_call_the_same_at_ssb_server(folder: Path) -> None:
    async with SsbServer(folder / "theirs") as server:
        manifest = json.loads((server.folder / "manifest.json").read_text())
        types = {name: kind for name, kind in flat(manifest).items() if kind != "sink"}
        answers = await asked(server, secret(folder / "stranger", generate(b"s" * 32)), types)
        assert set(types) - refused(answers) == {*THEIRS, "manifest"}
        assert {name: types[name] for name in THEIRS} == THEIRS

"""The containers for real: built, started, joined by ssb-server users outside, killed, and found again."""

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.containers import SERVICES, Podman, Project, project, require_podman
from tests.support.driver import CallError, Driver
from tests.support.ports import free_port
from tests.support.replicas import clock
from tests.support.servers import SHS, SsbServer
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1800)]

PATIENCE_S = 180
SEES_THE_SECRET = {"storage", "indexing", "peers", "network"}
CONFIG = {"caps": {"shs": SHS}, "allowPrivate": True}
NO_WAY_OUT = "00000000"
"""The destination of a default route in /proc/net/route."""


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """The engine with the image of this checkout."""
    require_podman()
    folder = tmp_path_factory.mktemp("image")
    found = Podman(folder)
    found.build(folder)
    yield found
    found.run("rmi", found.image, check=False)


async def healthy(pub: Project, *services: str) -> None:
    for service in services:

        async def check(name: str = service) -> bool:
            return pub.is_healthy(name)

        await until(check, within=PATIENCE_S, every=0.5)


async def meet(users: list[Driver], address: str) -> None:
    """Each dials until the connection stands; it may stand already."""
    for at_user in users:

        async def connected(user: Driver = at_user) -> bool:
            try:
                await user.call("gossip.connect", address)
            except CallError as error:
                return "already connected" in str(error)
            return True

        await until(connected, within=PATIENCE_S, every=0.5)


async def same(pub: Project, users: list[Driver], wanted: dict[str, int]) -> None:
    """Waits until all have just that much of each feed: the users never met, so they have it through the pub."""

    async def hold() -> bool:
        held: list[dict[str, int]] = [pub.sbot("getVectorClock")]
        return all(one == wanted for one in [*held, *[await clock(user) for user in users]])

    await until(hold, within=PATIENCE_S, every=0.5)


def check_confinement(pub: Project) -> None:
    """What a process that was taken over could not do."""
    for service in SERVICES:
        found = pub.inspect(service)
        assert found["HostConfig"]["ReadonlyRootfs"]
        assert found["HostConfig"]["Memory"] > 0
        assert found["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        state = Path(f"/proc/{found['State']['Pid']}/status").read_text().splitlines()
        fields = dict(line.split(":\t", 1) for line in state if ":\t" in line)
        assert fields["Uid"].split() == ["1000"] * 4
        assert (int(fields["CapBnd"], 16), fields["NoNewPrivs"]) == (0, "1")
        seen = pub.inside(service, "ls", "/secret").split()
        assert seen == (["secret"] if service in SEES_THE_SECRET else [])
        routes = [
            line.split()[1] for line in pub.inside(service, "cat", "/proc/net/route").splitlines()
        ]
        assert (NO_WAY_OUT in routes) == (service == "network")
    ports = pub.inspect("network")["NetworkSettings"]["Ports"]
    hosts = {one["HostIp"] for published in ports.values() for one in published or ()}
    assert hosts == {"127.0.0.1"}


def fetched(port: int, message: str) -> Any:
    where = f"http://127.0.0.1:{port}/msg/{urllib.parse.quote(message, safe='')}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(where, timeout=PATIENCE_S) as answer:
        return json.load(answer)


async def test_compose_gives_a_pub_that_outlives_its_containers(
    podman: Podman, folder: Path
) -> None:
    with project(podman, folder) as pub:
        write = ("run", "--rm", "-T", "storage", "sh", "-c", "cat > /data/config")
        pub.compose(*write, stdin=json.dumps(CONFIG))
        pub.compose("up", "--detach")
        await healthy(pub, *SERVICES)
        check_confinement(pub)
        own = pub.sbot("whoami")["id"]
        code = pub.sbot("invite.create", "2")
        assert code.startswith(f"127.0.0.1:{pub.port}:{own}~")
        address = f"net:127.0.0.1:{pub.port}~shs:{own[1:].removesuffix('.ed25519')}"
        async with SsbServer(folder / "a") as a, SsbServer(folder / "b") as b:
            users = [await a.client(), await b.client()]
            for at_user in users:
                await at_user.call("invite.accept", code)
                await at_user.call("publish", {"type": "post", "text": "let in"})
            await same(pub, users, {own: 2, a.id: 3, b.id: 3})

            for service in ("storage", "network"):
                before = pub.kill(service)

                async def again(name: str = service, pid: int = before) -> bool:
                    return pub.pid(name) not in {0, pid} and pub.is_healthy(name)

                await until(again, within=PATIENCE_S, every=0.5)
            sent = pub.sbot("publish", "--type", "post", "--text", "after the kills")
            assert fetched(pub.ws_port, sent["key"])["value"] == sent["value"]
            await meet(users, address)
            await same(pub, users, {own: 3, a.id: 3, b.id: 3})

            pub.compose("down", "--timeout", "5")
            await users[0].call("publish", {"type": "post", "text": "while you were away"})
            pub.compose("up", "--detach")
            await healthy(pub, "network")
            assert pub.sbot("whoami")["id"] == own
            assert pub.sbot("get", sent["key"]) == sent["value"]
            last = pub.sbot("publish", "--type", "post", "--text", "after the restart")
            assert last["value"]["previous"] == sent["key"]
            await meet(users, address)
            await same(pub, users, {own: 4, a.id: 4, b.id: 3})


@pytest.mark.parametrize("command", [[], ["sbot", "start", "--compact"]], ids=["suite", "compact"])
async def test_one_container_holds_the_whole_suite(
    podman: Podman, folder: Path, command: list[str]
) -> None:
    data, port = folder / "data", free_port()
    data.mkdir(mode=0o700)
    os.chown(data, 1000, 1000)
    name = f"sbtest-one-{podman.tag}-{len(command)}"
    try:
        podman.run(
            *("run", "--detach", "--name", name, "--read-only", "--tmpfs", "/tmp"),
            *("--cap-drop", "ALL", "--publish", f"127.0.0.1:{port}:8008"),
            *("--env", f"ssb_caps__shs={SHS}", "--volume", f"{data}:/data", podman.image, *command),
        )

        async def ready() -> bool:
            return podman.succeeds("healthcheck", "run", name)

        await until(ready, within=PATIENCE_S, every=0.5)
        words = ("sbot", "publish", "--type", "post", "--text", "alone")
        sent = json.loads(podman.run("exec", name, *words))
        remote = f"net:127.0.0.1:{port}~shs:{sent['value']['author'][1:].removesuffix('.ed25519')}"
        async with Driver(data / "secret", remote, SHS, data / "manifest.json") as owner:
            assert await owner.call("get", sent["key"]) == sent["value"]
        podman.run("stop", "--time", "10", name)
        assert podman.run("inspect", "--format", "{{.State.ExitCode}}", name).strip() == "0"
    finally:
        podman.run("rm", "--force", name, check=False)

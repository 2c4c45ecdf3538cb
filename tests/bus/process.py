"""A process for test_processes: `python -m tests.bus.process service|caller FOLDER`."""

import asyncio
import os
import sys

import uvloop

from common.bus import Call, Method, Node
from tests.support.waiting import PATIENCE_S

BODIES = [b"x" * 1000] * 50


async def serve(folder: str) -> None:
    sent = 0

    async def pid(_: Call) -> object:
        return os.getpid()

    async def wait(_: Call) -> object:
        await asyncio.sleep(60)
        return None

    async def flood(call: Call) -> object:
        nonlocal sent
        while True:
            await call.send(BODIES, position=sent)
            sent += 1000 * len(BODIES)

    async def count(_: Call) -> object:
        return sent

    methods = {
        "pid": Method("async", pid),
        "wait": Method("async", wait),
        "flood": Method("source", flood),
        "sent": Method("async", count),
    }
    async with Node("service", lambda name: f"ipc://{folder}{name}", methods):
        print("ready", flush=True)
        await asyncio.sleep(60)


async def call(folder: str) -> None:
    async with Node("caller", lambda name: f"ipc://{folder}{name}", calls=["service"]) as node:
        await node.wait_up("service", PATIENCE_S)
        print("ready", flush=True)
        await node.call("service", "wait")


if __name__ == "__main__":
    uvloop.run({"service": serve, "caller": call}[sys.argv[1]](sys.argv[2]))

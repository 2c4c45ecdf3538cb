import asyncio
import os

from services.sbot.relay import Relay


async def test_what_is_written_is_passed_on() -> None:
    output, target = os.pipe()
    relay = Relay(target)
    loop = asyncio.get_running_loop()
    relay.start(loop)
    os.write(relay.entry, b"one\n")
    await asyncio.sleep(0.05)
    assert os.read(output, 100) == b"one\n"
    os.write(relay.entry, b"two\n")
    relay.stop(loop)
    assert os.read(output, 100) == b"two\n"
    os.close(output)
    os.close(target)


async def test_a_reader_that_sleeps_or_left_stops_nobody() -> None:
    output, target = os.pipe()
    os.set_blocking(target, False)
    relay = Relay(target)
    relay.start(asyncio.get_running_loop())
    for _ in range(64):
        os.write(relay.entry, b"x" * 4096)
        relay.drain()
    os.close(output)
    os.write(relay.entry, b"x")
    relay.stop(asyncio.get_running_loop())
    os.close(target)

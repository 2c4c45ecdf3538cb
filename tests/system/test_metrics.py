"""Metrics of a running suite, as a parser that is not ours reads them: over HTTP and from the command line."""

import asyncio
import http.client
import sys
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.servers import OURS, OurServer
from tests.support.waiting import until

WITHIN_S = 60
Families = dict[str, Metric]


def read(text: str) -> Families:
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(families: Families, name: str, **labels: str) -> float | None:
    """The value of the one sample with these labels among others; None where there is none."""
    found = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == f"scuttlebot_{name}" and labels.items() <= sample.labels.items()
    ]
    return found[0] if len(found) == 1 else None


async def scraped(server: OurServer) -> Families:
    def go() -> str:
        line = http.client.HTTPConnection("127.0.0.1", server.ws_port, timeout=WITHIN_S)
        try:
            line.request("GET", "/metrics")
            answer = line.getresponse()
            assert answer.status == 200
            assert answer.getheader("Content-Type", "").startswith("text/plain; version=0.0.4")
            return answer.read().decode()
        finally:
            line.close()

    return read(await asyncio.to_thread(go))


async def sbot(server: OurServer, *words: str) -> str:
    command = (sys.executable, "-m", "services.sbot", *words, "--", "--path", str(server.folder))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


@pytest.mark.parametrize("kind", OURS)
async def test_positions_move_and_the_lag_is_over_when_all_is_indexed(
    tmp_path: Path, kind: str
) -> None:
    async with OURS[kind](tmp_path / "a", "--ws.metrics", "local") as server:
        before = await scraped(server)
        assert value(before, "log_position") == 0
        await sbot(server, "publish", "--type", "post", "--text", "counted")

        async def is_seen() -> bool:
            told = await scraped(server)
            lags = [sample.value for sample in told["scuttlebot_view_lag_messages"].samples]
            return value(told, "log_position") == 1 and bool(lags) and not any(lags)

        await until(is_seen, within=WITHIN_S)
        told = read(await sbot(server, "metrics"))
    assert told.keys() >= before.keys()
    assert value(told, "view_position", view="types") == 1
    assert value(told, "view_position", view="search") == 1
    assert value(told, "own_feed_sequence") == 1
    assert value(told, "connections_ended_total", reason="http: OK")
    services = {"storage", "network", "replication", "indexing", "peers", "blobs", "api"}
    up = told["scuttlebot_service_up"].samples
    assert {sample.labels["service"]: sample.value for sample in up} == dict.fromkeys(services, 1)
    assert value(told, "service_state", service="storage", state="ok") == 1
    processes = told["scuttlebot_process_resident_memory_bytes"].samples
    assert len(processes) == (1 if kind == "compact" else len(services))
    assert all(sample.value > 1 << 20 for sample in processes)
    assert told["scuttlebot_process_cpu_seconds"].type == "counter"

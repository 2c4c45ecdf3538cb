"""The bench still runs: a few rows with little data, beside a real ssb-server."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.node_packages import require_node

pytestmark = [pytest.mark.interop, pytest.mark.slow]
ROOT = Path(__file__).parent.parent.parent


async def test_bench_measures_both_servers() -> None:
    require_node()
    rows = ("sync-same", "read-log", "handshakes", "disk")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", *rows, "--messages", "500"),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    table = output.decode()
    assert process.returncode == 0, table
    for row in ("limits", *rows):
        assert f"\n{row} " in table
    cells = next(line for line in table.splitlines() if "messages/s, lean, unix" in line).split()
    theirs, ours, ratio = (float(cell.replace(",", "")) for cell in cells[4:7])
    assert theirs > 0
    assert ours > 0
    assert ratio > 0

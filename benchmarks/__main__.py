"""`make bench`: npm's ssb-server and our suite in the same run, in turns, on the same data and client.

python -m benchmarks [ROW ...] [--messages N] [--runs N] [--compact] [--workers]
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import limits, table
from benchmarks.bench import Bench
from benchmarks.rows import ROWS
from benchmarks.watch import foreign
from tests.support.driver import PEERS, PEERS_PLUGINS
from tests.support.node_packages import install
from tests.support.servers import CompactServer, OurServer, Server, SsbServer, WorkersServer

STOPPED = 130
KINDS: list[type[Server]] = [SsbServer, OurServer]


async def measure(names: Sequence[str], messages: int, runs: int, kinds: list[type[Server]]) -> int:
    """Prints the table row by row; gives how many rows failed."""
    install(PEERS)
    if "views" in names:
        install(PEERS_PLUGINS)
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as name:
        _say(f"{messages} messages, {runs} run(s), load {_load()}, {os.cpu_count()} cores")
        bench = Bench(Path(name), messages, limits.measure(Path(name)))
        _say(*table.limit_lines(bench.limits))
        columns = [kind.kind for kind in kinds]
        _say(table.head(columns))
        failed = 0
        for row in names:
            try:
                _say(*await _measure_row(bench, row, runs, kinds))
            except Exception as error:  # noqa: BLE001  the other rows still count
                failed += 1
                _say(f"{row:<17}failed: {type(error).__name__}: {error}")
    return failed


async def _measure_row(bench: Bench, row: str, runs: int, kinds: list[type[Server]]) -> list[str]:
    """One row, with all kinds of server in turns."""
    values: table.Values = {}
    shares: dict[str, list[float]] = {}
    order: list[str] = []
    for _ in range(runs):
        for kind in kinds:
            share = foreign()
            found = await ROWS[row](bench, kind)
            shares.setdefault(kind.kind, []).append(share())
            bench.discard()
            order = list(found) if kind is OurServer else order
            for figure, value in found.items():
                values.setdefault(figure, {}).setdefault(kind.kind, []).append(value)
    # Ours has the most figures: they come in its order.
    values = {figure: values[figure] for figure in dict.fromkeys([*order, *values])}
    columns = [kind.kind for kind in kinds]
    lines = table.lines(row, values, columns, bench.limits)
    return [*lines, table.foreign_line(row, shares, columns)]


def _load() -> str:
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def _say(*lines: str) -> None:
    print("\n".join(lines), flush=True)


async def _main(arguments: argparse.Namespace) -> int:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    names = arguments.rows or list(ROWS)
    kinds = list(KINDS)
    if arguments.compact:
        kinds.append(CompactServer)
    if arguments.workers:
        kinds.append(WorkersServer)
    return await measure(names, arguments.messages, arguments.runs, kinds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--messages", type=int, default=20_000, help="a multiple of 100")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--compact", action="store_true", help="sbot start --compact as well")
    parser.add_argument("--workers", action="store_true", help="two workers each as well")
    arguments = parser.parse_args()
    try:
        return 1 if asyncio.run(_main(arguments)) else 0
    except (asyncio.CancelledError, KeyboardInterrupt):
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())

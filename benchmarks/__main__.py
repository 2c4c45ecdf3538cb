"""`make bench`: npm's ssb-server and our suite in the same run, in turns, on the same data and client.

python -m benchmarks [ROW ...] [--messages N] [--runs N]
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.rows import ROWS, Bench
from tests.support.driver import PEERS
from tests.support.node_packages import install
from tests.support.servers import OurServer, SsbServer


async def measure(names: list[str], messages: int, runs: int) -> None:
    install(PEERS)
    with tempfile.TemporaryDirectory(prefix="sb-") as name:
        bench = Bench(Path(name), messages)
        print(f"{'row':<18}{'figure':<28}{'ssb-server':>12}{'ours':>12}{'ratio':>8}", flush=True)
        for row in names:
            found: dict[str, dict[str, list[float]]] = {}
            for _ in range(runs):
                for kind in (SsbServer, OurServer):
                    for figure, value in (await ROWS[row](bench, kind)).items():
                        found.setdefault(figure, {}).setdefault(kind.kind, []).append(value)
            for figure, values in found.items():
                print(table_line(row, figure, values), flush=True)


def table_line(row: str, figure: str, values: dict[str, list[float]]) -> str:
    theirs, ours = (
        median(values[k]) if k in values else None for k in ("ssb-server", "scuttlebot")
    )
    ratio = f"{ours / theirs:.2f}" if ours is not None and theirs else "-"
    cells = "".join(f"{'-' if v is None else f'{v:.2f}':>12}" for v in (theirs, ours))
    return f"{row:<18}{figure:<28}{cells}{ratio:>8}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.rows or list(ROWS), arguments.messages, arguments.runs))


main()

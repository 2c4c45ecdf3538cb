"""What ssb-server with its plugins answers, and what ours does: python -m tests.interop.same METHODS.

METHODS are names (`about.read`) or beginnings of names (`about`). `--theirs FILE` writes every call with the reference's
answer to a file and does not start ours. `--ask METHOD ARGUMENTS TYPE` puts one call to both, arguments as a JSON array,
as often as wanted.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.answers import differences
from tests.support.asked import MAKERS, methods, questions
from tests.support.asked.accepted import accepted
from tests.support.asking import Question
from tests.support.driver import PEERS, PEERS_PLUGINS
from tests.support.node_packages import install
from tests.support.pair import filled, make_data, pair
from tests.support.servers import PluginsServer


def _asked(options: argparse.Namespace, data: dict[str, Any]) -> dict[str, list[Question]]:
    found = {
        name: questions(name, data, options.seed, options.count)
        for name in methods(*options.methods)
    }
    for name, args, kind in options.ask or ():
        found.setdefault(name, []).append(Question(name, json.loads(args), kind))
    return found


async def _record(
    asked: dict[str, list[Question]], folder: Path, data: dict[str, Any], out: Path
) -> None:
    server = PluginsServer(folder / "theirs")
    async with filled(server, data, folder / "secret", list(asked)) as side:
        with out.open("w") as file:
            for calls in asked.values():
                for question, answer in zip(calls, await side.ask_some_at_once(calls), strict=True):
                    file.write(f"{question}\n   {json.dumps(answer)}\n")
    print((folder / "theirs.log").read_text()[-20_000:], file=sys.stderr)


async def _compare(
    asked: dict[str, list[Question]], folder: Path, data: dict[str, Any], show: bool
) -> int:
    wrong = 0
    async with pair(folder, data, PluginsServer, list(asked)) as sides:
        for name, calls in asked.items():
            theirs, ours = [await side.ask_some_at_once(calls) for side in sides]
            found = differences(calls, theirs, ours, accepted(data))
            wrong += len(found)
            print(f"== {name}: {len(found)} of {len(calls)} differ", *found, sep="\n")
            if show:
                for question, a, b in zip(calls, theirs, ours, strict=True):
                    print(question, json.dumps(a), json.dumps(b), sep="\n   ")
    return wrong


def main(arguments: list[str]) -> int:
    """Prints the differences; how many there are decides the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("methods", nargs="*", help="of: " + " ".join(MAKERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--theirs", type=Path)
    parser.add_argument("--ask", nargs=3, action="append", metavar=("METHOD", "ARGUMENTS", "TYPE"))
    options = parser.parse_args(arguments)
    for packages in (PEERS, PEERS_PLUGINS):
        install(packages)
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        data = make_data(folder, "social.js")
        asked = _asked(options, data)
        if options.theirs:
            asyncio.run(_record(asked, folder, data, options.theirs))
            return 0
        return min(1, asyncio.run(_compare(asked, folder, data, bool(options.ask))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

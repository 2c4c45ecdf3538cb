"""What ssb-server with its plugins answers, and what ours does: python -m tests.interop.same METHODS.

Methods of ssb-threads, and getSubset, are asked of the stack around ssb-db2 instead. METHODS are names (`about.read`) or beginnings of names (`about`). `--theirs FILE` writes every call with the reference's
answer to a file and does not start ours. `--ask METHOD ARGUMENTS TYPE` puts one call to both, arguments as a JSON array,
as often as wanted.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

from tests.support.answers import compared
from tests.support.asked import CLIENTS, MAKERS, PLUGINS, methods, questions
from tests.support.asked.accepted import ACCEPTED, LIVE, text
from tests.support.asking import Question
from tests.support.driver import PEERS, PEERS_DB2, PEERS_PLUGINS
from tests.support.node_packages import install
from tests.support.pair import filled, make_data, pair
from tests.support.servers import ClientsServer, PluginsServer, Server

Asked = dict[str, list[Question]]
"""Calls by method."""
STACKS = (
    (PluginsServer, PEERS_PLUGINS, PLUGINS, ()),
    (ClientsServer, PEERS_DB2, CLIENTS, ("800", "1", "plain")),
)
SHOWN = 20_000
"""Characters shown of the end of the reference's log."""


def _asked(options: argparse.Namespace, data: dict[str, Any]) -> Asked:
    found = {
        name: questions(name, data, options.seed, options.count)
        for name in methods(*options.methods)
    }
    for name, args, kind in options.ask or ():
        found.setdefault(name, []).append(Question(name, json.loads(args), kind))
    return found


async def _record(
    reference: type[Server], asked: Asked, folder: Path, data: dict[str, Any], file: TextIO
) -> None:
    server = reference(folder / "theirs")
    async with filled(server, data, folder / "secret", list(asked)) as side:
        for calls in asked.values():
            file.writelines(
                f"{question}\n   {json.dumps(answer)}\n"
                for question, answer in zip(
                    calls, await side.ask_some_at_once(calls, LIVE), strict=True
                )
            )
    print((folder / "theirs.log").read_text()[-SHOWN:], file=sys.stderr)


async def _compare(
    reference: type[Server], asked: Asked, folder: Path, data: dict[str, Any], *, show: bool
) -> int:
    wrong = 0
    async with pair(folder, data, reference, list(asked)) as sides:
        for name, calls in asked.items():
            asked_of = [side.ask_some_at_once(calls, LIVE) for side in sides]
            theirs, ours = await asyncio.gather(*asked_of)
            found, same = compared(calls, theirs, ours, ACCEPTED, text)
            wrong += len(found)
            print(
                f"== {name}: {len(found)} of {len(calls)} differ, {same[name]} are the same",
                *found,
                sep="\n",
                flush=True,
            )
            if show:
                for question, a, b in zip(calls, theirs, ours, strict=True):
                    print(question, json.dumps(a), json.dumps(b), sep="\n   ")
    return wrong


def main(arguments: list[str]) -> int:
    """Prints the differences; whether there are any decides the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("methods", nargs="*", help="of: " + " ".join(MAKERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--theirs", type=Path)
    parser.add_argument("--ask", nargs=3, action="append", metavar=("METHOD", "ARGUMENTS", "TYPE"))
    options = parser.parse_args(arguments)
    wrong = 0
    for reference, packages, known, crowd in STACKS:
        with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as name:
            install(PEERS)
            folder = Path(name)
            data = make_data(folder, "social.js", *crowd)
            asked = {name: calls for name, calls in _asked(options, data).items() if name in known}
            if not asked:
                continue
            install(packages)
            if options.theirs:
                with options.theirs.open("a") as file:
                    asyncio.run(_record(reference, asked, folder, data, file))
            else:
                show = bool(options.ask)
                wrong += asyncio.run(_compare(reference, asked, folder, data, show=show))
    return min(1, wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Real processes: how a service starts, stops and fails."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, sys, time
from pathlib import Path
from common.bus import Method, Node
from common.runtime.errors import StartError
from common.runtime.process import run

async def main(settings):
    print("up", flush=True)
    try:
        what = settings.document.get("do")
        if what == "fail":
            raise StartError("/some/file: damaged")
        if what == "bind":
            Path(settings.endpoint("here")[6:]).mkdir()
            await Node("here", settings.endpoint, {"x": Method("async", main)}).start()
        if what == "crash":
            raise ValueError("surprise")
        if what == "hang":
            time.sleep(60)
        if what == "return":
            return
        await asyncio.Event().wait()
    finally:
        print("clean", flush=True)

run("test", main)
"""


def start(tmp: Path, *argv: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--path", str(tmp / "d"), *argv],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp), "PYTHONPATH": str(ROOT), **env},
        cwd=tmp,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def up(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdout.readline() == "up\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_it_cleanly(tmp_path: Path, number: int) -> None:
    process = start(tmp_path)
    up(process)
    process.send_signal(number)
    assert process.communicate(timeout=PATIENCE_S) == ("clean\n", "")
    assert process.returncode == 0


def test_the_end_of_the_supervisor_stops_it(tmp_path: Path) -> None:
    process = start(tmp_path, SBOT_SUPERVISED="1")
    up(process)
    assert process.communicate("ignored", timeout=PATIENCE_S) == ("clean\n", "")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("return", 0, ""),
        ("fail", 2, "sbot test: /some/file: damaged\n"),
        ("bind", 2, "/here: Address already in use"),
        ("crash", 1, "ValueError: surprise"),
    ],
)
def test_the_exit_code_tells_why(tmp_path: Path, what: str, code: int, said: str) -> None:
    process = start(tmp_path, "--do", what)
    _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    assert said in stderr
    assert stderr.count("\n") == (1 if said else 0)


def test_a_wrong_setting_ends_it_before_anything_is_made(tmp_path: Path) -> None:
    process = start(tmp_path, "--port", "x")
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stdout) == (2, "")
    assert stderr == "sbot test: setting port: must be a number, not 'x'\n"
    assert not (tmp_path / "d").exists()

"""Garbage at the end of a write-ahead log: what RocksDB would read for ever is cut off, and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from common.store import open_rocks
from common.store.wal import cut_garbage

ROOT = Path(__file__).parents[2]
CRASH = """
import os, sys
from pathlib import Path
from common.store import Batch, open_rocks
store = open_rocks(Path(sys.argv[1]), ["a"])
for n in range(20):
    batch = Batch()
    batch.put("a", n.to_bytes(8), os.urandom(9_000 * (n % 5) + 1))
    store.write(batch, sync=False)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    subprocess.run([sys.executable, "-c", CRASH, str(path)], cwd=ROOT, check=False)
    return path


@pytest.mark.parametrize("kind", range(16))
def test_garbage_of_any_type_leaves_what_was_written(crashed: Path, kind: int) -> None:
    (log,) = crashed.glob("*.log")
    whole = log.read_bytes()
    garbage = bytes([1, 2, 3, 4, 200, 0, kind]) + bytes(range(256))
    log.write_bytes(whole + garbage)
    store = open_rocks(crashed, ["a"])
    assert [key for key, _ in store.scan("a")] == [n.to_bytes(8) for n in range(20)]
    store.close()
    kept = list(crashed.glob("*.garbage"))
    assert len(kept) == (1 if kind in (5, 6, 7, 8, 11) else 0)
    assert all(one.read_bytes() == garbage for one in kept)


@pytest.mark.parametrize("size", [0, 3, 7, 40_000])
def test_log_without_garbage_is_left_alone(tmp_path: Path, size: int) -> None:
    log = tmp_path / "000004.log"
    log.write_bytes(bytes(size))
    cut_garbage(tmp_path)
    assert log.stat().st_size == size
    assert [path.name for path in tmp_path.iterdir()] == ["000004.log"]

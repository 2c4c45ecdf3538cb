"""A store is killed while its families are written anew: what was acknowledged is there, each row once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.store import open_rocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
KILLS = 10
CHILD = """
import sys
from pathlib import Path
from common.store import Batch, open_rocks

store = open_rocks(Path(sys.argv[1]), ["rows", "same"])
n = len(list(store.scan("rows")))

def append(n):
    batch = Batch()
    for family in ("rows", "same"):
        batch.put(family, n.to_bytes(8), b"%d" % n * 50)
    store.write(batch, sync=True)
    print(n, flush=True)

while True:
    renewal = store.renew(["rows", "same"])
    for start in range(0, n, 10):
        batch = Batch()
        for family in ("rows", "same"):
            for key, value in store.scan(family, start.to_bytes(8), (start + 10).to_bytes(8)):
                batch.put(family, key, value)
        renewal.write(batch)
        append(n)
        n += 1
    append(n)
    n += 1
    renewal.finish() if n % 3 else renewal.cancel()
"""


def test_renewals_lose_nothing_when_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("SBOT_SEED", random.randrange(1 << 32)))
    print(f"SBOT_SEED={seed}")
    chosen, path = random.Random(seed), tmp_path / "db"
    known = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            first = child.stdout.readline()
            assert first
            time.sleep(chosen.uniform(0.0, 0.5))
            child.send_signal(signal.SIGKILL)
            acknowledged = [int(line) for line in (first + child.stdout.read()).splitlines()]
        known = acknowledged[-1] + 1
        store = open_rocks(path, ["rows", "same"])
        for family in ("rows", "same"):
            rows = list(store.scan(family))
            assert [key for key, _ in rows] == [n.to_bytes(8) for n in range(len(rows))]
            assert all(value == b"%d" % n * 50 for n, (_, value) in enumerate(rows))
            assert known <= len(rows) <= known + 1
        store.close()
    assert known > KILLS

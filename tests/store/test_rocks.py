"""What is particular to RocksDB: folders, locks, damage. The rest is the contract in test_port."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from os import urandom
from pathlib import Path

import pytest

from common.store import Batch, StoreDamaged, StoreError, StoreFull, StoreLocked, open_rocks

ROOT = Path(__file__).parents[2]
OPEN = "import sys; from pathlib import Path; from common.store import open_rocks; open_rocks(Path(sys.argv[1]), ['a'])"


def fill(path: Path) -> None:
    store = open_rocks(path, ["a"])
    batch = Batch()
    batch.put("a", b"k", b"v")
    store.write(batch, sync=True)
    store.close()


def test_rocks_keeps_what_was_written(tmp_path: Path) -> None:
    fill(tmp_path / "deep" / "db")
    store = open_rocks(tmp_path / "deep" / "db", ["a", "later"])
    assert store.get("a", b"k") == b"v"
    assert store.get("later", b"k") is None
    store.close()


def test_rocks_opens_with_fewer_families_than_there_are(tmp_path: Path) -> None:
    fill(tmp_path / "db")
    open_rocks(tmp_path / "db", ["b"]).close()
    store = open_rocks(tmp_path / "db", ["a"])
    assert store.get("a", b"k") == b"v"
    store.close()


def test_rocks_checkpoint_is_a_database(tmp_path: Path) -> None:
    store = open_rocks(tmp_path / "db", ["a"])
    batch = Batch()
    batch.put("a", b"k", b"v")
    store.write(batch, sync=False)
    store.checkpoint(tmp_path / "copy")
    batch.put("a", b"k", b"later")
    store.write(batch, sync=False)
    store.close()
    copy = open_rocks(tmp_path / "copy", ["a"])
    assert copy.get("a", b"k") == b"v"
    copy.close()


def test_second_opening_is_refused(tmp_path: Path) -> None:
    store = open_rocks(tmp_path / "db", ["a"])
    with pytest.raises(StoreLocked, match="db is in use"):
        open_rocks(tmp_path / "db", ["a"])
    other = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path / "db")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert f"StoreLocked: database {tmp_path / 'db'} is in use by another process" in other.stderr
    store.close()


@pytest.mark.parametrize("name", ["MANIFEST-*", "CURRENT"])
def test_damage_is_named_and_left_alone(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "db")
    for found in (tmp_path / "db").glob(name):
        found.write_bytes(b"garbage")
    before = {p.name: p.read_bytes() for p in (tmp_path / "db").iterdir() if "LOG" not in p.name}
    with pytest.raises(StoreDamaged, match=r"db is damaged"):
        open_rocks(tmp_path / "db", ["a"])
    after = {p.name: p.read_bytes() for p in (tmp_path / "db").iterdir() if "LOG" not in p.name}
    assert after == before


def test_half_a_database_is_not_begun_anew(tmp_path: Path) -> None:
    fill(tmp_path / "db")
    (tmp_path / "db" / "CURRENT").unlink()
    with pytest.raises(StoreDamaged, match="CURRENT is missing"):
        open_rocks(tmp_path / "db", ["a"])


def test_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file is not a folder"):
        open_rocks(tmp_path / "file", ["a"])
    with pytest.raises(StoreError, match="Not a directory"):
        open_rocks(tmp_path / "file" / "db", ["a"])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("where", [0.01, 0.5])
def test_damage_found_while_reading_is_named(tmp_path: Path, reverse: bool, where: float) -> None:
    store = open_rocks(tmp_path / "db", ["a"])
    batch = Batch()
    for n in range(2000):
        batch.put("a", n.to_bytes(8, "big"), urandom(500))
    store.write(batch, sync=True)
    store.close()
    open_rocks(tmp_path / "db", ["a"]).close()  # the replayed write-ahead log becomes a table
    table = max((tmp_path / "db").glob("*.sst"), key=lambda p: p.stat().st_size)
    with table.open("r+b") as raw:
        raw.seek(int(table.stat().st_size * where))
        raw.write(b"garbage" * 100)
    store = open_rocks(tmp_path / "db", ["a"])
    with pytest.raises(StoreDamaged, match="db is damaged"):
        list(store.scan("a", reverse=reverse))
    store.close()


def test_other_errors_of_rocksdb_name_the_folder(tmp_path: Path) -> None:
    store = open_rocks(tmp_path / "db", ["a"])
    (tmp_path / "copy.tmp").write_text("in the way")
    with pytest.raises(StoreError, match=r"copy: "):
        store.checkpoint(tmp_path / "copy")
    store.close()


def test_rocks_writes_nothing_into_its_reserve(tmp_path: Path) -> None:
    left = 100
    store = open_rocks(tmp_path / "db", ["a"], reserve=100, free=lambda _: left)
    batch = Batch()
    batch.put("a", b"k", b"v")
    store.write(batch, sync=True)
    left = 99
    batch.put("a", b"k", b"w")
    with pytest.raises(StoreFull, match="are kept free"):
        store.write(batch, sync=True)
    assert store.get("a", b"k") == b"v"
    left = 100
    store.write(batch, sync=True)
    assert store.get("a", b"k") == b"w"
    store.close()


CRASH = """
import os, sys
from pathlib import Path
from common.store import Batch, open_rocks
store = open_rocks(Path(sys.argv[1]), ["a", "b"])
for n in range(300):
    if n == 200:  # what the write-ahead log holds becomes tables at the next start
        store.close()
        store = open_rocks(Path(sys.argv[1]), ["a", "b"])
    batch = Batch()
    batch.put("a", n.to_bytes(8), os.urandom(300))
    batch.put("b", n.to_bytes(8), b"")
    store.write(batch, sync=False)
os.kill(os.getpid(), 9)
"""
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte less": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "zeros behind": lambda data: data + bytes(200),
    "garbage behind": lambda data: data + bytes(range(256)) * 4,
    "a bit turned": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    ),
}


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose process was killed: a table, the newest writes in the write-ahead log."""
    path = tmp_path_factory.mktemp("crashed") / "db"
    subprocess.run([sys.executable, "-c", CRASH, str(path)], cwd=ROOT, check=False)
    assert list(path.glob("*.sst"))
    return path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", ["*.log", "CURRENT", "*.sst"])
def test_rocks_with_a_damaged_file_tells_it_or_goes_back_in_one_piece(
    crashed: Path, tmp_path: Path, which: str, damage: str
) -> None:
    path = tmp_path / "db"
    shutil.copytree(crashed, path)
    damaged = max(path.glob(which))
    broken = DAMAGES[damage](damaged.read_bytes())
    damaged.write_bytes(broken)
    told = ""
    try:
        store = open_rocks(path, ["a", "b"])
        found = [[key for key, _ in store.scan(family)] for family in ("a", "b")]
        store.close()
        assert found[0] == found[1] == [n.to_bytes(8) for n in range(len(found[0]))]
    except StoreDamaged as error:
        told = str(error)
    if which == "*.log":
        assert not told
    elif (which, damage) != ("*.sst", "a bit turned"):  # which may stand where nobody reads
        assert str(path) in told
        assert damaged.read_bytes() == broken


def test_compaction_gives_back_the_room_of_what_was_overwritten(tmp_path: Path) -> None:
    def size() -> int:
        return sum(entry.stat().st_size for entry in (tmp_path / "db").glob("*.sst"))

    store = open_rocks(tmp_path / "db", ["a"])
    secret = b"what was said %d"
    for value in (lambda n: secret % n * 100, lambda _: b""):
        batch = Batch()
        for n in range(500):
            batch.put("a", n.to_bytes(8), value(n))
        store.write(batch, sync=False)
        store.compact("a", (0).to_bytes(8), (250).to_bytes(8))
        store.compact("a")
    assert size() < 20_000
    assert len(list(store.scan("a"))) == 500
    store.close()


def renewed(path: Path, *, finish: bool) -> None:
    store = open_rocks(path, ["a", "b"])
    renewal = store.renew(["a"])
    batch = Batch()
    batch.put("a", b"k", b"new")
    renewal.write(batch)
    if finish:
        renewal.finish()
    store.close()


def test_a_renewal_counts_after_its_end_alone(tmp_path: Path) -> None:
    path = tmp_path / "db"
    fill(path)
    for finish, expected in ((False, b"v"), (True, b"new"), (False, b"new"), (True, b"new")):
        renewed(path, finish=finish)
        for _ in range(2):
            store = open_rocks(path, ["a", "b"])
            assert list(store.scan("a")) == [(b"k", expected)]
            store.close()


def test_a_renewal_gets_rid_of_what_cannot_be_read(tmp_path: Path) -> None:
    path, keys = tmp_path / "db", [n.to_bytes(2) for n in range(2000)]
    store = open_rocks(path, ["a"])
    batch = Batch()
    for key in keys:
        batch.put("a", key, urandom(200))
    store.write(batch, sync=True)
    store.compact("a")
    store.close()
    largest = max(path.glob("*.sst"), key=lambda file: file.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(largest.stat().st_size // 2)
        file.write(b"\0" * 8)

    store = open_rocks(path, ["a"])
    for start in (b"", keys[999], keys[1000]):  # wherever the damage begins
        with pytest.raises(StoreDamaged):
            list(store.scan("a", start, keys[1100]))
    renewal, lost = store.renew(["a"]), 0
    for key in keys:
        batch = Batch()
        try:
            batch.put("a", key, store.get("a", key) or b"")
        except StoreDamaged:
            lost += 1
            batch.put("a", key, b"lost")
        renewal.write(batch)
    renewal.finish()
    assert 0 < lost < 100
    assert [key for key, _ in store.scan("a")] == keys
    store.compact("a")
    store.close()
    store = open_rocks(path, ["a"])
    assert sum(value == b"lost" for _, value in store.scan("a")) == lost
    store.close()

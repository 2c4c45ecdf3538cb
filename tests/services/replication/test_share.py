"""Each peer is replicated with by one worker."""

from pathlib import Path

from common.runtime.settings import load
from services.replication.share import Share, share_of
from tests.support.suite import keys_of


def test_each_peer_is_of_one_worker(tmp_path: Path) -> None:
    argv = ["--workers.replication", "3", "--workers.network", "2", "--worker"]
    shares = [share_of(load([*argv, n], {}, tmp_path, tmp_path)) for n in ("1", "2", "3")]
    assert shares[1].own == "replication.2"
    assert shares[0].networks == ("network", "network.2")
    for n in range(20):
        assert sum(share.has(keys_of(n).id) for share in shares) == 1


def test_one_worker_has_all() -> None:
    assert Share().has(keys_of(1).id)

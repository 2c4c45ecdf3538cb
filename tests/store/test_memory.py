"""What is particular to the store in memory; the rest is the contract in test_port."""

from pathlib import Path

import pytest

from common.store import StoreError, open_memory


def test_memory_has_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="in memory"):
        open_memory(["a"]).checkpoint(tmp_path / "copy")

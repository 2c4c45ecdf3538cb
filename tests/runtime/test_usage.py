"""What a process takes of its machine."""

import os
import time
from pathlib import Path

import pytest

from common.runtime import usage as module
from common.runtime.usage import resident, usage


def test_what_a_process_takes_is_told() -> None:
    told = usage()
    assert resident() > 1 << 20
    assert told["resident"] > 1 << 20
    assert 0 <= told["cpu"] <= time.process_time() + 0.001
    assert told["started"] <= time.time()
    reader, writer = os.pipe()
    more = usage()
    os.close(reader)
    os.close(writer)
    assert more["files"] == told["files"] + 2
    assert more["started"] == told["started"]


def test_what_the_system_does_not_tell_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STATM", tmp_path / "none")
    monkeypatch.setattr(module, "_DESCRIPTORS", tmp_path / "none")
    assert usage().keys() == {"started", "cpu"}

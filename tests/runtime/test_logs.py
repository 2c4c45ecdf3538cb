import json
import logging
import os
import sys
from collections.abc import Iterator

import pytest

from common.runtime import logs


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_record_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("storage", "notice")
    log = logging.getLogger("a.b")
    log.info("not told")
    log.log(logs.LEVELS["notice"], "told %d", 1, extra={"fields": {"peer": b"x"}})
    try:
        int("bad\n")
    except ValueError:
        log.exception("failed")
    first, second = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert first.pop("at") > 1.6e12
    assert first == {
        "level": "notice",
        "service": "storage",
        "logger": "a.b",
        "message": "told 1",
        "peer": "b'x'",
    }
    assert "ValueError: invalid literal" in second["error"]
    before = logs.actor.set("indexing")
    log.warning("from one of several")
    logs.actor.reset(before)
    assert json.loads(capsys.readouterr().err)["service"] == "indexing"
    assert sys.stderr


def test_a_line_that_nobody_takes_is_dropped_where_nobody_may_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, entry = os.pipe()
    with os.fdopen(source, "rb", buffering=0) as reader, os.fdopen(entry, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        logs.set_up("sbot", "info", waits=False)
        for number in range(10_000):
            logging.getLogger("a").info("line %d", number)
        taken = reader.read(1 << 20)
        assert b'"line 0"' in taken
        assert b'"line 9999"' not in taken
        logging.getLogger("a").info("later")
        assert b'"later"' in reader.read(1 << 20)

"""What people see of a check and a compaction."""

import json
from typing import Any

from services.sbot.progress import Steps
from services.sbot.upkeep import Report
from tests.services.sbot.terminal import Clock, Terminal, lines


def told(*items: dict[str, Any]) -> tuple[Report, list[str], Terminal]:
    out, clock, written = Terminal(), Clock(), list[str]()
    with Steps(out, clock) as steps:
        report = Report(steps, written.append)
        for item in items:
            clock.now += 1
            report.take(json.dumps(item).encode())
    return report, written, out


def test_a_check_without_problems_is_a_bar_and_a_word() -> None:
    report, written, out = told(
        {"part": "log", "checked": 500, "of": 1000},
        {"part": "log", "checked": 1000, "of": 1000},
        {"part": "views", "view": "links", "ok": True},
        {"ok": True, "problems": 0, "mended": 0},
    )
    assert report.ok
    assert written == ["view links: well", "all is well"]
    assert lines(out)[:2] == [
        f"[{'#' * 15}{'.' * 15}]  50%  log  500 of 1,000",
        f"[{'#' * 30}] 100%  log  1,000 of 1,000",
    ]
    assert out.getvalue().endswith("\r\x1b[K")


def test_problems_are_lines_and_make_it_fail() -> None:
    problem = {"problem": "message", "position": 7, "why": "invalid signature", "mended": False}
    about = {"id": "%a.sha256", "feed": "@b.ed25519", "sequence": 3}
    report, written, _ = told(
        {"part": "log", **problem, **about},
        {"part": "log", "problem": "index", "position": 0, "why": "odd", "mended": True},
        {"part": "peers", "asked": 1, "fetched": 0, "of": 1},
        {"part": "views", "view": "links", "ok": False},
        {"part": "views", "view": "links", "rebuilt": True},
        {"ok": False, "problems": 3, "mended": 2},
    )
    assert not report.ok
    assert written == [
        "log at 7: message: invalid signature  @b.ed25519 3 %a.sha256",
        "log: index: odd  mended",
        "view links: not what the log gives",
        "view links: built anew",
        "3 problems, 2 mended",
    ]


def test_a_compaction_tells_bytes() -> None:
    report, written, out = told(
        {"part": "log", "compacted": 1, "of": 2},
        {"part": "log", "before": 3_400_000, "after": 1200},
    )
    assert report.ok
    assert written == ["log: 1.2 kB, before 3.4 MB"]
    assert "log  1 of 2" in out.getvalue()

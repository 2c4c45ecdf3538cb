from pathlib import Path
from typing import Any

import pytest

from services.sbot import command
from services.sbot.command import Command, CommandError

MANIFEST: dict[str, Any] = {
    "whoami": "sync",
    "createLogStream": "source",
    "gossip": {"peers": "sync", "ping": "duplex"},
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("whoami", Command(("whoami",), [], stdin=False, help=False)),
        ("gossip.connect a b", Command(("gossip", "connect"), ["a", "b"], stdin=False, help=False)),
        (
            "publish --type pub --address.port 8008 -- --port 1",
            Command(
                ("publish",),
                [{"type": "pub", "address": {"port": 8008}}],
                stdin=False,
                help=False,
            ),
        ),
        ("log", Command(("createLogStream",), [], stdin=False, help=False)),
        ("publish .", Command(("publish",), ["."], stdin=True, help=False)),
        ("", Command((), [], stdin=False, help=False)),
        ("get --help", Command(("get",), [{"help": True}], stdin=False, help=True)),
    ],
)
def test_a_line_is_read_as_muxrpcli_reads_it(line: str, expected: Command) -> None:
    assert command.read(line.split()) == expected


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert command.read(["get", "\udcff"]).args == ["�"]


def test_the_manifest_is_searched_by_dots() -> None:
    assert command.find(MANIFEST, ("whoami",)) == "sync"
    assert command.find(MANIFEST, ("gossip", "peers")) == "sync"
    assert command.find(MANIFEST, ("gossip",)) == MANIFEST["gossip"]
    assert command.find(MANIFEST, ("whoami", "x")) is None


def test_the_overview_names_what_can_be_called() -> None:
    assert command.overview(MANIFEST) == "whoami|createLogStream\ngossip: peers|ping"
    assert command.overview(MANIFEST, ("gossip",)) == "peers|ping"
    assert command.overview(MANIFEST, ("gossip", "peers")) == "gossip.peers # sync"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(None, "no manifest file"), ("{", "cannot be used"), ("[]", "not a JSON object")],
)
def test_a_manifest_that_cannot_be_used_is_named(
    tmp_path: Path, text: str | None, complaint: str
) -> None:
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CommandError, match=complaint) as caught:
        command.read_manifest(path)
    assert str(path) in str(caught.value)


def test_a_whole_manifest_is_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"whoami": "sync"}')
    assert command.read_manifest(tmp_path / "manifest.json") == {"whoami": "sync"}

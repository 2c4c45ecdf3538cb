"""Command lines and settings: written by the owner, but a slip must read as one, not as a crash."""

import tempfile
import tomllib
from pathlib import Path
from typing import Any

from common.feed.errors import JsonError
from common.feed.json import parse
from common.runtime import flags, settings, sources
from common.runtime.errors import SettingsError
from tests.fuzz import seeds
from tests.fuzz.registry import Target

_DEFAULTS: dict[str, Any] = tomllib.loads(sources.data_file("defaults.toml").read_text())
_FILE = Path(tempfile.mkdtemp(prefix="fuzz-")) / "config"


def run_flags(data: bytes) -> None:
    flags.parse(seeds.as_text(data).split("\n"))


def run_settings(data: bytes) -> None:
    """A document that somebody else merged, over the defaults."""
    document = parse(data)
    if isinstance(document, dict):
        merged = sources.merge(_DEFAULTS, {"path": "/nowhere", "host": "::"}, document)
        found = settings.from_document(merged)
        assert len(found.caps_shs) == settings.KEY_SIZE


def run_settings_file(data: bytes) -> None:
    _FILE.write_bytes(data)
    sources.read(_FILE)


def _documents() -> list[bytes]:
    return [
        b'{"path":"/x","port":8008,"caps":{"sign":"' + b"A" * 43 + b'="}}',
        b'{"connections":{"incoming":{"net":[{"host":"::","port":"1","scope":["public"]}]}}}',
        b'{"timers":{"ping":1e999},"friends":{"hops":1.5},"seeds":"a","logging":{"level":"info"}}',
        b'{"path":"~/x","bus":{"dir":"~"},"master":[],"local":"1"} // end',
        b'{"path":"~nobody-at-all","port":' + b"9" * 400 + b"}",
    ]


_COMMAND_LINES = (
    b"--a.b=c\n--no-d\n--e\n-xyz\n-n5\n-a=b\nword\n--\n--f",
    b"--port\n8009\n--port\n1e5\n--x=0x1F\n-1\n--__proto__.a=1",
)
_TOKENS = (b'"path":"', b"~", b"[", b'{"a":', b"//", b"/*", b'"', b"9", b"1e999", b"\\u0000", b",")

TARGETS = {
    "flags": Target(
        run_flags,
        lambda: _COMMAND_LINES,
        tokens=(b"--", b"-", b"=", b".", b"\n", b"0x", b"f", b"9", b"a"),
        max_bytes=4096,
    ),
    "settings": Target(run_settings, _documents, (JsonError, SettingsError), _TOKENS),
    "settings_file": Target(run_settings_file, _documents, (SettingsError,), _TOKENS),
}

"""ssb-bfe-spec's table of codes, for the types that are written here."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from common.refs import bfe
from tests.vectors.registry import Check

_WRITTEN = {
    ("feed", "classic"): bfe.FEED,
    ("message", "classic"): bfe.MESSAGE,
    ("encryption-key", "box2-dm-dh"): bfe.DIRECT_KEY,
    ("encryption-key", "box2-pobox-dh"): bfe.PO_BOX_KEY,
    ("identity", "po-box"): bfe.PO_BOX,
}


def _check(codes: bytes, wanted: bytes) -> None:
    assert codes == wanted


def _run(file: Path) -> Iterator[tuple[str, Check]]:
    table = {
        (kind["type"], form["format"]): bytes((kind["code"], form["code"]))
        for kind in json.loads(file.read_text("utf-8"))
        for form in kind["formats"]
    }
    for name, codes in _WRITTEN.items():
        yield "/".join(name), partial(_check, codes, table[name])


RUNNERS = {"bfe/bfe.json": _run}

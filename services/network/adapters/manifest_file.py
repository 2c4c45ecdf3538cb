"""The file `manifest.json` of the data folder: what ssb-client and the command line read.

Knows the file's form (as the reference's bin.js writes it). Must never know where the manifest comes from.
"""

import json
from collections.abc import Mapping
from pathlib import Path

__all__ = ["write_manifest"]


def write_manifest(path: Path, tree: Mapping[str, object]) -> None:
    """Put a manifest in place of the old one at once, so that nobody reads half of it.

    Raises:
        OSError: the folder cannot be written.
    """
    fresh = path.with_suffix(".json.new")
    fresh.write_text(json.dumps(tree, indent=2))
    fresh.replace(path)

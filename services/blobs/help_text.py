"""What `blobs.help` answers: a description of each method, in the shape that command lines of muxrpc print.

Data only.
"""

from typing import Any, Final

__all__ = ["HELP"]

_ID: Final = {"type": "BlobId", "description": "a blob's hash: &BASE64.sha256", "optional": False}


def _option(kind: str, description: str) -> dict[str, Any]:
    return {"type": kind, "description": description, "optional": True}


_LIMITS: Final = {
    "size": _option("number", "refuse a blob that has not this many bytes"),
    "max": _option("number", "refuse a blob that has more bytes"),
}

HELP: Final[dict[str, Any]] = {
    "description": "keep, share and fetch files by their hash",
    "commands": {
        "add": {
            "type": "sink",
            "description": "store bytes and tell their hash",
            "args": {"id": {**_ID, "optional": True}},
        },
        "get": {
            "type": "source",
            "description": "the bytes of a blob",
            "args": {"id": _ID, **_LIMITS},
        },
        "getSlice": {
            "type": "source",
            "description": "some bytes of a blob",
            "args": {
                "id": _ID,
                **_LIMITS,
                "start": _option("number", "the first byte"),
                "end": _option("number", "the byte after the last"),
            },
        },
        "has": {"type": "async", "description": "whether a blob is here", "args": {"id": _ID}},
        "size": {"type": "async", "description": "how many bytes a blob has", "args": {"id": _ID}},
        "meta": {"type": "async", "description": "size and time of a blob", "args": {"id": _ID}},
        "want": {
            "type": "async",
            "description": "ask peers for a blob and wait",
            "args": {"id": _ID},
        },
        "wants": {"type": "async", "description": "what is wanted, and for whom", "args": {}},
        "push": {
            "type": "async",
            "description": "offer a blob until several peers have it",
            "args": {"id": _ID},
        },
        "rm": {"type": "async", "description": "delete a blob here", "args": {"id": _ID}},
        "ls": {
            "type": "source",
            "description": "the blobs that are here",
            "args": {
                "meta": _option("boolean", "with size and time"),
                "long": _option("boolean", "the same"),
                "old": _option("boolean", "what is here already; true if not said"),
                "live": _option("boolean", "what comes from now on"),
            },
        },
    },
}

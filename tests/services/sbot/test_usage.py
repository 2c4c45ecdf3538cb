from typing import Any

from services.sbot.usage import deep, found, holder, quick

GET = {
    "type": "source",
    "description": "the bytes",
    "single": "id",
    "args": {
        "id": {"type": "BlobId", "description": "its hash", "optional": False},
        "raw": {"type": "boolean", "description": "as it is", "optional": True, "default": False},
    },
}
HELP: dict[str, Any] = {
    "description": "files",
    "commands": {"get": GET, "ls": {"type": "source", "description": "all", "args": {}}},
}
MANIFEST = {
    "whoami": "sync",
    "help": "sync",
    "blobs": {"get": "source", "help": "sync"},
    "lan": {"start": "sync"},
}


def test_help_is_held_by_the_innermost_group_that_has_some() -> None:
    assert holder(MANIFEST, ("blobs", "get")) == ("blobs",)
    assert holder(MANIFEST, ("blobs",)) == ("blobs",)
    assert holder(MANIFEST, ("lan", "start")) == ()
    assert holder(MANIFEST, ("nosuch", "x")) == ()
    assert holder({"lan": {"start": "sync"}}, ("lan", "start")) is None


def test_parts_are_found_by_their_path() -> None:
    assert found(HELP, ("get",)) == GET
    assert found(HELP, ()) == HELP
    assert found(HELP, ("get", "x")) is None
    assert found({"commands": {"get": "text"}}, ("get",)) is None


def test_what_is_printed_is_aligned() -> None:
    assert quick(HELP) == "get|ls"
    assert quick(GET) == "--id|raw"
    assert quick(HELP["commands"]["ls"]) == ""
    assert deep(GET, ("blobs", "get")) == (
        "blobs.get {id} # the bytes\n"
        "  --id  [BlobId]         # its hash\n"
        "  --raw [boolean=false]? # as it is\n"
    )
    assert deep(HELP, ("blobs",)).endswith("\n\nblobs.ls # all\n")

"""What `help` and `plugins.help` tell about the methods without a name of their own, in the shape that muxrpcli shows.

Knows names and words; nothing is called. Called by the handlers.
"""

from typing import Any

__all__ = ["HELP", "NO_PLUGINS", "PLUGINS_HELP"]

NO_PLUGINS = (
    "this server runs no npm plugins: the methods of many well-known ones are built in (see the manifest),"
    " and programs of your own can talk to it over its bus (docs/bus.md)"
)

_FLAG = {"type": "boolean", "optional": True}
_RANGE = {
    **{
        name: {"type": "number", "description": f"only what is {words}", "optional": True}
        for name, words in (
            ("gt", "above"),
            ("gte", "at or above"),
            ("lt", "below"),
            ("lte", "at or below"),
        )
    },
    "reverse": {**_FLAG, "description": "the last first"},
    "live": {**_FLAG, "description": "go on with what comes"},
    "old": {**_FLAG, "description": "what is there already; true by default"},
    "keys": {**_FLAG, "description": "with ids; true by default"},
    "values": {**_FLAG, "description": "with messages; true by default"},
    "limit": {"type": "number", "description": "how many at most", "optional": True},
    "private": {**_FLAG, "description": "open what is for us"},
}
_FEED = {"type": "FeedId", "description": "whose feed", "optional": False}


def _command(kind: str, description: str, **args: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, "args": args}


HELP: dict[str, Any] = {
    "description": "the log of messages, and who we are",
    "commands": {
        "whoami": _command("sync", "your feed id"),
        "publish": _command("async", "sign a message and append it to your feed"),
        "get": _command(
            "async",
            "one message by its id",
            id={"type": "MsgId", "description": "its id", "optional": False},
            private={**_FLAG, "description": "open it if it is for us"},
            meta={**_FLAG, "description": "with id and time received"},
        ),
        "add": _command("async", "take a message that somebody signed"),
        "del": _command("async", "delete a message, or a whole feed, on this server alone"),
        "createLogStream": _command("source", "all messages as they were received", **_RANGE),
        "createFeedStream": _command("source", "all messages by the time they claim", **_RANGE),
        "createUserStream": _command("source", "the messages of one feed", id=_FEED, **_RANGE),
        "createHistoryStream": _command(
            "source",
            "the messages of one feed from a sequence on",
            id=_FEED,
            seq={"type": "number", "description": "the first sequence", "optional": True},
        ),
        "messagesByType": _command(
            "source",
            "the messages whose content has a type",
            type={"type": "string", "description": "the type", "optional": False},
            **_RANGE,
        ),
        "links": _command(
            "source",
            "what messages link to",
            source={"type": "FeedId", "description": "who links", "optional": True},
            dest={"type": "FeedId|MsgId|BlobId", "description": "what is linked", "optional": True},
            rel={"type": "string", "description": "the name of the link", "optional": True},
        ),
        "getLatest": _command("async", "the newest message of a feed", id=_FEED),
        "latest": _command("source", "the newest sequence of every feed"),
        "latestSequence": _command("async", "the newest sequence of a feed", id=_FEED),
        "getVectorClock": _command("async", "the newest sequence of every feed, as one object"),
        "status": _command("sync", "how the server is, service by service"),
        "progress": _command("sync", "how far indexing is"),
        "version": _command("sync", "the version of this server"),
        "address": _command("sync", "the address of this server in a scope"),
    },
}

_PLUGIN = {"type": "string", "description": "the name of an npm package", "optional": False}
PLUGINS_HELP: dict[str, Any] = {
    "description": NO_PLUGINS,
    "commands": {
        "install": _command("source", "not here: see above", name=_PLUGIN),
        "uninstall": _command("source", "not here: see above", name=_PLUGIN),
        "enable": _command("async", "not here: see above", name=_PLUGIN),
        "disable": _command("async", "not here: see above", name=_PLUGIN),
    },
}

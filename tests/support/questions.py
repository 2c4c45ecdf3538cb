"""Calls made from a seed, for asking two servers the same: every method of the list with all kinds of arguments."""

import random
from collections.abc import Callable
from typing import Any

from tests.support.asking import Question

TYPES = {
    "whoami": "async",
    "get": "async",
    "getLatest": "async",
    "latest": "source",
    "latestSequence": "async",
    "getVectorClock": "async",
    "createHistoryStream": "source",
    "createUserStream": "source",
    "createLogStream": "source",
    "createFeedStream": "source",
    "messagesByType": "source",
    "friends.hops": "async",
    "friends.isFollowing": "async",
    "friends.isBlocking": "async",
    "friends.get": "async",
    "friends.hopStream": "source",
    "friends.createFriendStream": "source",
    "friends.stream": "source",
    "friends.help": "async",
    "ooo.get": "async",
    "ooo.help": "async",
    "gossip.peers": "async",
    "gossip.connect": "async",
    "gossip.ping": "duplex",
    "ebt.replicate": "duplex",
    "version": "async",
    "status": "async",
    "manifest": "async",
    "address": "async",
    "getAddress": "async",
    "publish": "async",
    "add": "async",
}
"""The methods of the issue and the muxrpc types they are called with."""

REPLICATION = {
    "ebt.block": "async",
    "ebt.clock": "async",
    "ebt.forget": "async",
    "ebt.peerStatus": "async",
    "ebt.replicateFormat": "duplex",
    "ebt.request": "async",
    "replicate.block": "async",
    "replicate.changes": "source",
    "replicate.request": "async",
    "replicate.upto": "source",
}
"""Those of replication, which change what the other ones answer: they are asked by themselves."""

UNKNOWN = ("nothing", "friends.nothing", "constructor", "toString")

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    1e300,
    "",
    "x",
    "1",
    [],
    [1],
    {},
    {"a": 1},
)
"""What stands where something else belongs."""

ORDERED: tuple[Any, ...] = (None, True, False, 0, -1, 1.5, "", "x")
"""Strange bounds of a range; objects and lists in their place end ssb-server 16 (charwise throws)."""

NO_NUMBER: tuple[Any, ...] = (None, True, False, 0, "", "1", [], [1], {}, {"a": 1})
"""Strange types; a number ends ssb-server 16."""

LIMITS: tuple[Any, ...] = (None, True, False, 1.5, "", "x", "1", [], {}, -0.5)
"""Strange limits."""

FLAGS = ("live", "old", "sync", "reverse", "keys", "values")
BOUNDS = ("gt", "gte", "lt", "lte")
LOWER = ("gt", "gte", "min", "start")


class Questions:
    """Makes calls; `ids`, feeds and types are those of the data both servers hold."""

    def __init__(self, seed: int, data: dict[str, Any]) -> None:
        self._random = random.Random(seed)
        self._data = data
        self._keys = [m["key"] for m in data["messages"]]
        self._nobody = "@" + "B" * 42 + "A=.ed25519"
        self._feeds = [*data["feeds"], data["far"], self._nobody]
        contents = [m["value"]["content"] for m in data["messages"]]
        self._kinds = sorted({c["type"] for c in contents if isinstance(c, dict)})

    def make(self, count: int) -> list[Question]:
        """That many calls, no stream among them that stays open."""
        makers: list[Callable[[], Question]] = [
            self._get,
            self._get,
            self._feed_method,
            self._history,
            self._history,
            self._user,
            self._user,
            self._log,
            self._log,
            self._feed_stream,
            self._by_type,
            self._by_type,
            self._pair,
            self._pair,
            self._hops,
            self._friends_get,
            self._friend_stream,
            self._plain,
            self._misuse,
        ]
        return [makers[n % len(makers)]() for n in range(count)]

    def live(self, count: int) -> list[Question]:
        """That many live streams, to be held open while new messages come."""
        makers = [self._history, self._user, self._log, self._feed_stream, self._by_type]
        made = self._watched_graph()
        while len(made) < count:
            one = makers[len(made) % len(makers)]()
            options: Any = one.args[0] if one.args else {}
            if isinstance(options, str):
                options = {"id": options, "type": options}
            if isinstance(options, dict) and self._is_watchable(one.name, options):
                keep = {"live": self._random.choice((True, True, True, 1))}
                made.append(Question(one.name, [options | keep], "source", wait=True))
        return made

    def _is_watchable(self, name: str, options: dict[str, Any]) -> bool:
        """Whether what ssb-server 16 does with live streams of these options is no accident.

        It compares new messages with bounds as JavaScript does, not as leveldb does; and in a live
        createHistoryStream, `sync` means its contrary.
        """
        numbers = all(isinstance(options.get(n, 0), int | float | dict) for n in (*BOUNDS, "limit"))
        flags = all(isinstance(options.get(n, True), bool | None) for n in FLAGS)
        ids = options.get("id") in (*self._feeds, None) and isinstance(options.get("type", ""), str)
        if name == "createHistoryStream":
            return (
                numbers
                and flags
                and ids
                and "id" in options
                and not options.keys() & {"sync", "old", "values"}
            )
        return numbers and flags and ids and (name != "messagesByType" or "type" in options)

    def _pick(self, *values: Any) -> Any:
        return self._random.choice(values)

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _odd(self) -> Any:
        return self._random.choice(ODD)

    def _feed(self) -> Any:
        return self._random.choice(self._feeds)

    def _key(self) -> str:
        return str(self._random.choice(self._keys))

    def _bad_id(self) -> Any:
        feed, key = self._feed(), self._key()
        bad = (
            feed[1:],
            feed[:-1],
            key,
            key.replace("sha256", "sha512"),
            "@x.ed25519",
            key + "?",
            feed + "?a=b",
        )
        return self._pick(*bad, *ODD)

    def _get(self) -> Question:
        key, nowhere = self._key(), "%" + "B" * 42 + "A=.sha256"
        inner = self._pick(key, key, nowhere, self._bad_id())
        forms: list[Any] = [
            [key],
            [key],
            [nowhere],
            [self._bad_id()],
            [],
            [{"id": inner}],
            [{"id": inner, "meta": self._pick(True, False, 1, None, "x")}],
            [{"id": inner, "meta": True}],
            [{"key": key}],
            [{"id": key, "meta": True, "other": 1}],
            [1e300],
            [1.5],
        ]
        return Question("get", self._random.choice(forms))

    def _feed_method(self) -> Question:
        name = self._pick("getLatest", "latestSequence")
        forms = [[self._feed()], [self._feed()], [self._bad_id()], [], [{"id": self._feed()}]]
        return Question(name, self._random.choice(forms))

    def _options(self, bound: Callable[[], Any], names: tuple[str, ...] = BOUNDS) -> dict[str, Any]:
        """Options of a stream; `live` only where it ends by itself."""
        given: dict[str, Any] = {}
        for name in self._some(names):
            given[name] = self._pick(*ORDERED) if self._chance(0.08) else bound()
        for name in FLAGS[3:]:
            if self._chance(0.3):
                given[name] = self._odd() if self._chance(0.15) else self._pick(True, False)
        if self._chance(0.5):
            given["limit"] = (
                self._pick(0, 1, 2, 3, 5, 10, 1000, -1, -1, -5)
                if self._chance(0.85)
                else self._pick(*LIMITS)
            )
        if self._chance(0.15):
            given["old"] = self._pick(True, None, 1)
        if self._chance(0.15):
            given["sync"] = self._pick(True, False, None)
        if self._chance(0.05):
            given["unknown"] = self._odd()
        if self._chance(0.05):
            given["live"] = self._pick(False, None, 0, "", "yes", 1)
        return given

    def _some(self, names: tuple[str, ...]) -> list[str]:
        """Some of the bounds; seldom two of one side."""
        if self._chance(0.05):
            return self._random.sample(names, min(2, len(names)))
        sides = [[n for n in names if n in LOWER], [n for n in names if n not in LOWER]]
        return [self._random.choice(side) for side in sides if side and self._chance(0.5)]

    def _received(self) -> Any:
        if self._chance(0.15):
            return self._pick(0, -1, 1e15, 1.5)
        plus = self._pick(0, 0, 0, 0.0001, -0.0001)
        return {"$received": self._random.randrange(len(self._keys)), "plus": plus}

    def _time(self) -> Any:
        claimed = self._random.choice(self._data["messages"])["value"]["timestamp"]
        return self._pick(claimed, claimed, claimed + 0.5, 0, -1, 1e15, self._received())

    def _sequence(self) -> Any:
        return self._pick(0, 1, 2, 3, 4, 8, 2.5, -1, 50, 1e15)

    def _log(self) -> Question:
        forms: list[Any] = [[self._options(self._received)]] * 8 + [[], [self._odd()], [{}, 1]]
        return Question("createLogStream", self._random.choice(forms), "source")

    def _feed_stream(self) -> Question:
        forms: list[Any] = [[self._options(self._time)]] * 8 + [[], [self._odd()]]
        return Question("createFeedStream", self._random.choice(forms), "source")

    def _by_type(self) -> Question:
        kind = self._pick(
            *self._kinds,
            "post",
            "post",
            "tick",
            "contact",
            "",
            "none",
            "pos",
            "a-type-of-exactly-thirty-two-ch!",
        )
        options = {"type": kind, **self._options(self._received)}
        if self._chance(0.05):
            options["type"] = self._pick(*ORDERED)
        forms: list[Any] = [[options]] * 6 + [[kind], [kind], [], [self._pick(*NO_NUMBER)], [{}]]
        return Question("messagesByType", self._random.choice(forms), "source")

    def _user(self) -> Question:
        names = BOUNDS if self._chance(0.9) else ("start", "end", "min", "max")
        options = {"id": self._feed(), **self._options(self._sequence, names)}
        if self._chance(0.08):
            options["id"] = self._bad_id()
        forms: list[Any] = [[options]] * 8 + [[], [self._feed()], [self._odd()]]
        return Question("createUserStream", self._random.choice(forms), "source")

    def _history(self) -> Question:
        options = {"id": self._feed(), **self._options(self._sequence, ())}
        for name in ("seq", "sequence"):
            if self._chance(0.4):
                options[name] = self._pick(*ORDERED) if self._chance(0.15) else self._sequence()
        if self._chance(0.08):
            options["id"] = self._bad_id()
        positional = [
            self._feed(),
            self._pick(None, self._sequence(), self._odd()),
            self._pick(None, False, 0, "x"),
        ]
        forms: list[Any] = [[options]] * 8 + [
            positional,
            positional[:2],
            positional[:1],
            [],
            [self._odd()],
        ]
        return Question("createHistoryStream", self._random.choice(forms), "source")

    def _pair(self) -> Question:
        name = self._pick("friends.isFollowing", "friends.isBlocking")
        own = self._data["own"]
        options = {"source": self._pick(own, self._feed()), "dest": self._feed()}
        if self._chance(0.1):
            options[self._pick("source", "dest")] = self._bad_id()
        if self._chance(0.1):
            options.pop(self._pick("source", "dest"))
        return Question(name, self._pick(*[[options]] * 9, [self._odd()]))

    def _hops(self) -> Question:
        options: dict[str, Any] = {}
        if self._chance(0.5):
            options["start"] = self._feed()
        if self._chance(0.6):
            options["max"] = self._pick(0, 1, 2, 3, 5, -1, 0.5)
        if self._chance(0.3):
            options["reverse"] = self._pick(True, False)
        if self._chance(0.15):
            options[self._pick("start", "max", "reverse")] = self._pick(*ODD, self._bad_id())
        return Question("friends.hops", self._pick(*[[options]] * 9, [self._odd()], []))

    def _friends_get(self) -> Question:
        options: dict[str, Any] = {}
        for name in ("source", "dest"):
            if self._chance(0.5):
                options[name] = self._pick(self._data["own"], self._feed(), self._feed())
            elif self._chance(0.2):
                options[name] = self._bad_id()
        return Question("friends.get", self._pick(*[[options]] * 9, [self._odd()], []))

    def _friend_stream(self) -> Question:
        name = self._pick("friends.hopStream", "friends.createFriendStream", "friends.stream")
        options: dict[str, Any] = {}
        for flag in ("live", "old", "meta"):
            if self._chance(0.4):
                options[flag] = self._pick(False, None, 1, "x")
        return Question(name, self._pick([options], [options], [self._odd()], []), "source")

    def _watched_graph(self) -> list[Question]:
        """The live streams of the graph."""
        old, new = {"live": True}, {"live": True, "old": False}
        asked = [
            ("friends.hopStream", old),
            ("friends.hopStream", new),
            ("friends.createFriendStream", old),
            ("friends.createFriendStream", {**old, "meta": True}),
            ("friends.stream", {}),
        ]
        return [Question(name, [options], "source", wait=True) for name, options in asked]

    def _plain(self) -> Question:
        name = self._pick("whoami", "getVectorClock", "latest", "whoami", "gossip.peers")
        args: list[Any] = [self._odd()] if self._chance(0.3) and name == "whoami" else []
        return Question(name, args, TYPES[name])

    def _misuse(self) -> Question:
        """A method called with a type it has not, or one that is not there."""
        kind = self._pick("async", "source", "sink", "duplex")
        if self._chance(0.3):
            return Question(self._pick(*UNKNOWN), [], kind)
        name = self._random.choice(sorted(TYPES))
        kind = self._pick(*({"async", "source", "sink", "duplex"} - {TYPES[name]}))
        return Question(name, [], kind)

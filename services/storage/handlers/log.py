"""What other services ask of the log: append, read, follow, heads (docs/bus.md, section 8).

Knows records and candidates; never JSON of messages. Called by the bus through `actor`.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

from common.bus import Call, CallerError
from common.feed.record import HEADER_BYTES, Candidate, RecordError
from common.refs.ids import feed_id, is_feed, is_message, raw
from services.storage.adapters.database import Database
from services.storage.adapters.own_feed import OwnFeed
from services.storage.adapters.tracks import FeedTrack, LogTrack, Slice, Track, follow, walk
from services.storage.adapters.writer import MAX_GROUP, Writer
from services.storage.model import Group

__all__ = ["MAX_ASKED", "MAX_SEQUENCE", "LogHandlers", "count_of", "options_of", "send"]

MAX_ASKED = 1_000  # records of one `log.get`: each takes a look into the index
HEADS_AT_ONCE = 1_000
MAX_SEQUENCE = 2**53

FROM = "`from` must be a list of [feed, count] that covers the candidates"

_HEAD = Struct(">32sQ32s")


class LogHandlers:
    """The methods that only services call."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        own_feed: OwnFeed,
        condition: Callable[[], dict[str, str]],
    ) -> None:
        self._database = database
        self._writer = writer
        self._own_feed = own_feed
        self._condition = condition

    async def health(self, _: Call) -> dict[str, Any]:
        """Say how far the log goes, and whether something is the matter with it."""
        log = self._writer.log
        counts = {"position": log.position, "feeds": len(log.heads), "forks": len(log.forks)}
        state: dict[str, Any] = {**self._condition(), **counts, "own": self._own_feed.state()}
        if log.passed_over:
            state["forks_passed_over"] = log.passed_over
        if waiting := self._database.erasures.waiting:
            state["erasing"] = waiting
        return {"service": "storage", "ready": True, "state": state}

    async def position(self, _: Call) -> dict[str, int]:
        """Tell the last position."""
        return {"position": self._writer.log.position}

    async def append(self, call: Call) -> dict[str, Any]:
        """Add verified messages; what does not fit its feed is refused by itself."""
        if len(call.bodies) > MAX_GROUP:
            raise CallerError(f"more than {MAX_GROUP} candidates")
        try:
            candidates = [Candidate.parse(body) for body in call.bodies]
        except RecordError as error:
            raise CallerError(str(error)) from error

        peers = _peers(options_of(call), len(candidates))

        def part(group: Group) -> list[tuple[int, str]]:
            reasons = enumerate(map(group.add, candidates, peers))
            return [(index, reason) for index, reason in reasons if reason is not None]

        refused = await self._writer.do(part, weight=len(candidates))
        self._own_feed.came()
        return {
            "position": self._writer.log.position,
            "appended": len(candidates) - len(refused),
            "refused": [_refusal(index, candidates[index], reason) for index, reason in refused],
        }

    async def read(self, call: Call) -> None:
        """Give records by position, and go on with what comes if asked to."""
        options = options_of(call)
        after = count_of(options, "after", 0)
        if after > self._writer.log.position:
            raise CallerError(f"the log ends at {self._writer.log.position}, before {after}")
        track = LogTrack(self._database, self._writer)
        await send(call, track, after, options, positions=True)

    async def get(self, call: Call) -> None:
        """Give single records by position or by key."""
        options = options_of(call)
        positions, keys = options.get("positions"), options.get("keys")
        asked = positions if keys is None else keys
        if not isinstance(asked, list) or len(asked) > MAX_ASKED:
            raise CallerError(f"`positions` or `keys` must be a list of {MAX_ASKED} at most")
        if keys is None:
            if not all(type(one) is int and 0 <= one < MAX_SEQUENCE for one in asked):
                raise CallerError("a position is a whole number")
            found = self._database.records_at(asked)
        else:
            if not all(is_message(one) for one in asked):
                raise CallerError("a key is the id of a message")
            found = self._database.records_of([raw(one) for one in asked])
        if found:
            await call.send([record or b"" for record in found])

    async def feed_read(self, call: Call) -> None:
        """Give the records of one feed by sequence, and go on with what comes if asked to.

        One whose message was deleted is the last: what follows it is of no use to a peer without it.
        """
        options = options_of(call)
        feed = options.get("id")
        if not is_feed(feed):
            raise CallerError("`id` must be the id of a feed")
        track = FeedTrack(self._database, self._writer, raw(feed))
        first = max(count_of(options, "from", 1), 1)
        await send(call, track, first - 1, options, positions=False, until=HEADER_BYTES)

    async def feed_heads(self, call: Call) -> None:
        """Give the newest message of every feed, all of one moment."""
        position = self._writer.log.position
        heads = list(self._writer.log.heads.items())
        for start in range(0, len(heads), HEADS_AT_ONCE):
            part = heads[start : start + HEADS_AT_ONCE]
            bodies = [_HEAD.pack(author, head.sequence, head.key) for author, head in part]
            await call.send(bodies, position=position)


async def send(
    call: Call,
    track: Track,
    after: int,
    options: dict[str, Any],
    *,
    positions: bool,
    until: int = 0,
) -> None:
    """Send what a track holds behind a number, as far as `limit` and `live` say.

    The first record of no more than `until` bytes is the last one.
    """
    live, limit = options.get("live") is True, count_of(options, "limit", -1, least=-1)
    sent = 0
    async for found in walk(track, call.ready, after + 1, track.last, limit=limit):
        sent += len(found)
        after = found[-1][0]
        part = _until(found, until)
        await call.send(_records(part), position=after if positions else None)
        if len(part) < len(found) or len(part[-1][1]) <= until:
            return
        del found, part  # whoever waits for credit holds a position and no records
    if not live or sent == limit:
        return
    async for more in follow(track, call.ready, after):
        part = _until(more if limit < 0 else more[: limit - sent], until)
        sent += len(part)
        await call.send(_records(part), position=part[-1][0] if positions else None)
        if sent == limit or len(part[-1][1]) <= until:
            return
        del more, part


def _until(found: Slice, size: int) -> Slice:
    ends = [n for n, (_, record) in enumerate(found, 1) if len(record) <= size]
    return found[: ends[0]] if ends else found


def _records(found: Sequence[tuple[int, bytes]]) -> list[bytes]:
    return [record for _, record in found]


def _refusal(index: int, candidate: Candidate, reason: str) -> dict[str, Any]:
    author = feed_id(candidate.author)
    return {"index": index, "author": author, "sequence": candidate.sequence, "reason": reason}


def _peers(options: dict[str, Any], count: int) -> list[str]:
    """Who brought each candidate, from the runs that `from` tells; empty where it tells nothing."""
    runs = options.get("from", [])
    if not isinstance(runs, list):
        raise CallerError(FROM)
    peers: list[str] = []
    for run in runs:
        peer, length = run if isinstance(run, list) and len(run) == 2 else ("", 0)
        if not is_feed(peer) or type(length) is not int or not 0 < length <= MAX_GROUP:
            raise CallerError(FROM)
        peers += [peer] * length
    if peers and len(peers) != count:
        raise CallerError(FROM)
    return peers or [""] * count


def options_of(call: Call) -> dict[str, Any]:
    """The one argument, an object; or none."""
    options = call.args[0] if call.args else {}
    if not isinstance(options, dict):
        raise CallerError("the argument must be an object")
    return options


def count_of(options: dict[str, Any], name: str, default: int, *, least: int = 0) -> int:
    """A whole number among the options."""
    value = options.get(name)
    if value is None:
        return default
    if type(value) is not int or not least <= value < MAX_SEQUENCE:
        raise CallerError(f"`{name}` must be a whole number")
    return value

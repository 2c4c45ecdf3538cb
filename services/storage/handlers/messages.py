"""Single messages: publish one, add a signed one, get one.

Knows our keys; the only place that signs messages. Called by the bus through `actor`; texts and shapes are
those of ssb-db 20.4.1. What is for groups or post boxes is `not_found` here: `api` has the keys looked up and comes back
with `publish.sealed`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from common.bus import Call, CallerError, OurError
from common.crypto.envelope import KEY_BYTES
from common.crypto.keys import Keys
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed import box2, private, validate
from common.feed.create import create
from common.feed.errors import RefusedContent
from common.feed.groups import is_sealed_for
from common.feed.items import item_of
from common.feed.json import Json, compact
from common.feed.record import Candidate, Record
from common.feed.validate import Invalid, Verified
from common.refs.ids import is_feed, message_id, raw
from services.storage import arguments
from services.storage.adapters.database import Database
from services.storage.adapters.own_feed import OwnFeed
from services.storage.adapters.writer import Writer
from services.storage.boxes import Opener
from services.storage.model import Group

__all__ = ["Identity", "MessageHandlers"]

VERIFIED_AT_ONCE = 100
"""Messages of a stream that are added in one go: 5 ms in which nothing else runs."""
STRAY = b',"ooo":true'
"""What marks a message that came out of order (ssb-ooo)."""


@dataclass(frozen=True)
class Identity:
    """Who publishes: keys, the network's HMAC key, a strictly rising clock, a source of random bytes."""

    keys: Keys
    hmac_key: bytes | None = field(repr=False)
    clock: Callable[[], float]
    entropy: Callable[[int], bytes]
    own_feed: OwnFeed


class MessageHandlers:
    """The methods around one message."""

    def __init__(
        self, database: Database, writer: Writer, identity: Identity, opened: Opener
    ) -> None:
        self._database = database
        self._writer = writer
        self._identity = identity
        self._opened = opened

    async def publish(self, call: Call) -> bytes:
        """Sign content as the next message of our feed; answered when it is on the disk."""
        content = self._boxed(arguments.content_of(call.args))
        return await self._sign(lambda _: content)

    async def publish_sealed(self, call: Call) -> bytes:
        """`publish`, of content in an envelope: it is bound to the message before, which only we know in time."""
        content, slots = arguments.sealed_of(call.args)
        own, message_key = self._identity.keys.id, self._identity.entropy(KEY_BYTES)

        def sealed(head: validate.Head | None) -> Json:
            previous = None if head is None else message_id(head.key)
            return box2.seal(content, box2.context_of(own, previous), message_key, slots)

        return await self._sign(sealed)

    async def add(self, call: Call) -> bytes:
        """Add a message that somebody signed; answered when it is on the disk."""
        message = arguments.message_of(call.args)
        own_feed = self._identity.own_feed
        try:
            return await self._writer.do(lambda group: self._add(group, message), sync=True)
        finally:
            own_feed.added()

    async def create_write_stream(self, call: Call) -> None:
        """Add signed messages as they come; those that do not fit are passed over, as in ssb-db.

        Ends when all are on the disk.
        """
        async for batch in call:
            messages = [value for value in batch.json() if isinstance(value, dict)]
            for start in range(0, len(messages), VERIFIED_AT_ONCE):
                part = messages[start : start + VERIFIED_AT_ONCE]
                await self._writer.do(partial(self._add_all, messages=part), weight=len(part))
            self._identity.own_feed.added()
        self._writer.flush()

    async def get(self, call: Call) -> bytes:
        """Give a message by its id or position; the box of a private one is opened only if that is asked for."""
        target = arguments.target_of(call.args)
        found = (
            self._database.records_at([target.position])
            if target.key is None and target.position > 0
            else self._database.records_of([target.key] if target.key else [])
        )
        extra = b""
        if target.key and not found[0]:
            found, extra = self._database.strays.find([target.key]), STRAY
        record = Record.parse(found[0]) if found and found[0] else None
        lost = record is not None and record.key in self._database.losses
        if record is None or not record.message:
            code = "not_found" if record is None or lost else "deleted"
            raise CallerError(f"Key not found in database [{target.name}]", code)
        if target.private:
            record = self._opened(record, target.unbox)
        return item_of(record, keys=target.whole, extra=extra)

    async def _sign(self, content: Callable[[validate.Head | None], Json]) -> bytes:
        sequence, item = await self._writer.do(
            lambda group: self._publish(group, content), sync=True
        )
        self._identity.own_feed.published(sequence)
        return item

    def _boxed(self, content: Json) -> Json:
        """Content with `recps` as a private box for them (ssb-db's autobox with ssb-private1)."""
        if not isinstance(content, dict):
            return content
        recipients: Any = content.get("recps")
        if not recipients and not isinstance(recipients, list | dict):
            return content
        if isinstance(recipients, str):
            recipients = [recipients]
        if not isinstance(recipients, list):
            raise CallerError('private message field "recps" expects an Array of recipients')
        if not recipients:
            raise CallerError('private message field "recps" requires at least one recipient')
        if not all(is_feed(one) for one in recipients):
            raise CallerError(
                "private message requested, but no boxers could encrypt these recps: "
                + compact(recipients),
                "not_found" if any(is_sealed_for(one) for one in recipients) else "bad_argument",
            )
        entropy = Randomness.cut(self._identity.entropy(ENTROPY_BYTES))
        try:
            return private.box({**content, "recps": recipients}, recipients, entropy)
        except ValueError as error:
            raise CallerError(str(error)) from error

    def _publish(
        self, group: Group, content: Callable[[validate.Head | None], Json]
    ) -> tuple[int, bytes]:
        keys, hmac_key = self._identity.keys, self._identity.hmac_key
        head = _head(group, keys.public)
        if locked := self._identity.own_feed.locked():
            raise OurError(locked, "refused")
        try:
            message = create(head, keys, hmac_key, content(head), self._identity.clock())
        except RefusedContent as error:
            raise CallerError(str(error)) from error
        judged = validate.verify_own(message)
        if isinstance(judged, Invalid):
            raise CallerError(judged.reason)
        if reason := group.add(_candidate(judged)):
            raise OurError(f"our own message was refused: {reason}")
        return judged.sequence, _item(group)

    def _add_all(self, group: Group, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            judged = validate.verify_value(message, self._identity.hmac_key)
            if isinstance(judged, Verified):
                group.add(_candidate(judged))

    def _add(self, group: Group, message: dict[str, Any]) -> bytes:
        hmac_key = self._identity.hmac_key
        judged = validate.verify_value(message, hmac_key)
        if isinstance(judged, Verified) and group.add(_candidate(judged)) is None:
            return _item(group)
        refused = validate.check(_head(group, raw(message["author"])), message, hmac_key)
        raise CallerError(refused.reason if isinstance(refused, Invalid) else "invalid message")


def _head(group: Group, author: bytes) -> validate.Head | None:
    head = group.head(author)
    return None if head is None else validate.Head(head.key, head.sequence)


def _candidate(message: Verified) -> Candidate:
    return Candidate(
        message.key, message.author_raw, message.sequence, message.previous, message.compact
    )


def _item(group: Group) -> bytes:
    return item_of(Record.parse(group.entries[-1].record))

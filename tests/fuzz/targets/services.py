"""What services read of a stranger before anything is verified: items, arguments, addresses; and what views fold."""

from typing import Any

from common.bus import CallerError, PeerError
from common.feed import groups
from common.feed.errors import JsonError
from common.feed.items import OptionError
from common.feed.json import Json, compact_utf8, parse
from common.feed.private import Opened
from common.feed.record import Candidate, Record
from common.feed.validate import Verified, verify_raw
from common.refs import MessageId, bfe, feed_id, is_feed, is_message, message_id
from common.refs.targets import targets
from services.indexing.model.message import Message, parse_value
from services.indexing.views import VIEWS
from services.network.manifest import Manifest, Refusal
from services.network.permission import ANONYMOUS, MASTER
from services.peers import address as peers_address
from services.replication import items, request, strays
from services.storage import arguments
from tests.fuzz import seeds
from tests.fuzz.registry import Target
from tests.fuzz.targets.feed import signed

_KEY = "A" * 43 + "="
_MAX_PORT = 65_535
_MANIFEST = Manifest(
    ("network", "storage"),
    {
        "network": {
            "manifest": ("sync", [ANONYMOUS], True, ""),
            "gossip.ping": ("duplex", [ANONYMOUS], True, ""),
            "gossip.add": ("sync", [], True, ""),
            "connections.dial": ("async", [ANONYMOUS], False, ""),
        },
        "storage": {
            "publish": ("async", [], True, ""),
            "manifest": ("async", [], True, ""),
            "gossip": ("source", [ANONYMOUS], True, ""),
            "publish.all": ("source", [ANONYMOUS], True, ""),
        },
    },
)


def run_item(data: bytes) -> None:
    """An item of an EBT stream or a history: a message, notes, or the peer's fault."""
    message = items.read_message(data)
    if message is None:
        for version in (2, 3):
            for sequence, receive in items.read_notes(data, version).values():
                assert sequence >= 0 or (sequence, receive) == (-1, False)
    else:
        assert message.sequence > 0
        assert is_feed(message.author)
        verify_raw(message.body, None)


def run_stray(data: bytes) -> None:
    """An object on `ooo.stream`: questions and answers, each answer judged, or the peer's fault."""
    numbers, answers = strays.read_object(data)
    assert all((number is None) == (key in answers) for key, number in numbers.items())
    for key, value in answers.items():
        if is_message(key) and (packed := strays.judge(key, value, None)) is not None:
            assert message_id(Candidate.parse(packed).key) == key


def run_block(data: bytes) -> None:
    """Whether a message blocks somebody; asked of messages that were verified."""
    if isinstance(verify_raw(data, None), Verified):
        request.blocks_in(data, f"@{_KEY}.ed25519")


def run_history_request(data: bytes) -> None:
    args = _args(data)
    first = args[0] if args else None
    feed = first.get("id") if isinstance(first, dict) else None
    asked = request.read_request(args, {feed: 1 << 60} if is_feed(feed) else {})
    if asked is None:
        return
    assert 1 <= asked.sequence <= request.MAX_SEQUENCE
    assert -1 <= asked.limit <= request.MAX_SEQUENCE


def run_storage_arguments(data: bytes) -> None:
    args = _args(data)
    found = []
    for read in (
        arguments.feed_of,
        arguments.content_of,
        arguments.message_of,
        arguments.target_of,
        arguments.log_stream,
        arguments.user_stream,
    ):
        try:
            found.append(read(args))
        except (CallerError, OptionError) as error:
            assert str(error)  # noqa: PT017  each must be refused by itself
    assert len(found) <= 6


def run_dial(data: bytes) -> None:
    """Addresses that a call or a message names: what we can dial, or none."""
    text = seeds.as_text(data)
    assert all(0 < target.port <= _MAX_PORT for target in targets(text))
    peers_address.read(text)
    peers_address.read({"address": text})
    key = f"@{_KEY}.ed25519"
    peers_address.read({"host": "localhost", "port": text, "key": key})


def run_views(data: bytes) -> None:
    """Rows of a message whose author signed whatever stands in it."""
    judged = verify_raw(signed(data) or b"", None)
    if isinstance(judged, Verified):
        record = Record(judged.key, judged.author_raw, judged.sequence, 1.5e12, judged.compact)
        value = parse_value(record.message)
        for opened in (
            None,
            Opened(value["content"], b"s" * 33),
            Opened(value["content"], b"r" * 32, b"g" * 32),
        ):
            message = Message(1, record, value, opened)
            for view in VIEWS:
                assert all(key for key, _, _ in view.rows(message))


def run_route(data: bytes) -> None:
    """Any name of a method, by a stranger and by the owner: who may not call is told so, whatever the name."""
    value = parse(data)
    name = [part for part in value if isinstance(part, str)] if isinstance(value, list) else []
    for kind in ("async", "source", "sink", "duplex"):
        _MANIFEST.route(name, kind, MASTER)
        found = _MANIFEST.route(name, kind, ANONYMOUS)
        assert isinstance(found, Refusal) or ANONYMOUS in found.roles


def _args(data: bytes) -> list[Any]:
    value: Json = parse(data)
    return value if isinstance(value, list) else [value]


_OPTIONS = (
    f'[{{"id":"@{_KEY}.ed25519","seq":3,"live":true,"limit":-1,"keys":false}}]'.encode(),
    f'["@{_KEY}.ed25519",5,true]'.encode(),
    f'[{{"id":"%{_KEY}.sha256","meta":true}}]'.encode(),
    f'["%{_KEY}.sha256?unbox=a"]'.encode(),
    b'[{"gt":1,"lte":1e999,"limit":1e999,"reverse":1}]',
    f'[{{"id":"@{_KEY}.ed25519","gt":-1e999,"lt":1e300,"start":null,"end":{{}}}}]'.encode(),
    b"[1e999]",
)


def _messages() -> list[bytes]:
    return seeds.texts("messages/generated-single", "message")


def _group_messages() -> list[bytes]:
    """What is said in private groups, with lone surrogates and other things that no client writes."""
    group, root = f"%{_KEY}.cloaked", message_id(bytes(32))
    feed = feed_id(bytes(32))
    update = {"root": root, "previous": [root]}
    tangles = {"group": update, "members": update, "poBox": update}
    box = bfe.po_box(bytes(32))
    links = [
        groups.link(groups.FEED_LINK, feed, group, [group]) | {"name": {"set": "\ud800"}},
        groups.link(groups.SUBGROUP_LINK, group, group, [group]) | {"admin": {"set": True}},
    ]
    contents: list[Any] = [
        groups.add_member(group, bytes(32), MessageId(root), [feed], "\ud800"),
        groups.exclude_member(group, [feed]),
        groups.po_box_update(group, MessageId(root), [root], bytes(32), box),
    ]
    contents = [*links, *(one | {"tangles": tangles} for one in contents)]
    head = {"previous": None, "sequence": 1, "author": "", "timestamp": 1, "hash": "sha256"}
    return [compact_utf8({**head, "content": content}) for content in contents]


def _items() -> list[bytes]:
    notes = [f'{{"@{_KEY}.ed25519":{n}}}'.encode() for n in (0, -1, 12, "1e300", '"x"')]
    return [*notes, b'{"clock":{"@":1}}', b"{}", *_messages()]


_TOKENS = (b"[", b'{"a":', b"1e999", b"-1", b"9", b"null,", b'"\\ud800"', b'{"@', _KEY.encode())
_NAMES = (
    b'["manifest"]',
    b'["gossip","ping"]',
    b'["gossip.ping","x"]',
    b'["publish","all","__proto__"]',
    b'["connections","dial"]',
    b'["gossip","add"]',
    b'[""]',
)


def _strays() -> list[bytes]:
    """Objects with a question and a message that is the one it says."""
    found = []
    for text in _messages():
        judged = verify_raw(text, None)
        if isinstance(judged, Verified):
            key = message_id(judged.key)
            found.append(strays.write_object({key: -1}, {}))
            found.append(strays.write_object({}, {key: judged.compact}))
    return found


_ADDRESS_TOKENS = (b"net:", b"~shs:", b":", b";", b"!", b"0x1", b"-1", b"65536", b"9", b" ")

TARGETS = {
    "item": Target(run_item, _items, (PeerError,), _TOKENS),
    "stray": Target(run_stray, _strays, (PeerError,), (*_TOKENS, b"-1", b".sha256")),
    "block": Target(run_block, _messages, tokens=_TOKENS),
    "history_request": Target(
        run_history_request, lambda: _OPTIONS, (JsonError, CallerError), _TOKENS
    ),
    "storage_arguments": Target(run_storage_arguments, lambda: _OPTIONS, (JsonError,), _TOKENS),
    "dial": Target(
        run_dial,
        lambda: [*seeds.texts("refs/generated-refs", "input"), b"0x10", b"", b"1e3"],
        tokens=_ADDRESS_TOKENS,
    ),
    "route": Target(run_route, lambda: _NAMES, (JsonError,), (b'"gossip",', b'"."', b"[", *_NAMES)),
    "views": Target(run_views, lambda: [*_messages(), *_group_messages()], (JsonError,), _TOKENS),
}

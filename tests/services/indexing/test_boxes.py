from common.crypto.keys import generate
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed import private
from common.feed.json import Json
from services.indexing.boxes import opener


def test_only_boxes_for_us_are_opened() -> None:
    ours, others = generate(bytes(32)), generate(b"o" * 32)
    randomness = Randomness.cut(bytes(range(256)) * (ENTROPY_BYTES // 256 + 1))
    content: Json = {"type": "contact"}
    opens = opener(ours)
    opened = opens({"content": private.box(content, [ours.id], randomness)})
    assert opened is not None
    assert opened.content == content
    assert opens({"content": private.box(content, [others.id], randomness)}) is None
    for no_box in ("no box.box", "text", {"type": "post"}, None):
        assert opens({"content": no_box}) is None

from common.crypto.keys import generate
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed import private
from common.feed.json import Json
from services.indexing.boxes import opener


def test_only_boxes_for_us_are_opened() -> None:
    ours, others = generate(bytes(32)), generate(b"o" * 32)
    randomness = Randomness.cut(bytes(range(256)) * (ENTROPY_BYTES // 256 + 1))
    content: Json = {"type": "contact"}
    assert opener(ours)(private.box(content, [ours.id], randomness)) == content
    assert opener(ours)(private.box(content, [others.id], randomness)) is None
    assert opener(ours)("no box.box") is None

"""Opening boxes in what clients ask for; the cases of real ones are in test_messages."""

from common.crypto.keys import generate
from common.feed.record import Record
from services.storage.boxes import Boxes

OTHER = generate(b"f" * 32)
OPENED = Boxes(generate(b"o" * 32)).opened


def test_what_is_no_box_for_us_stays_as_it_is() -> None:
    for text in (
        b'{"content":"x.box"}',
        b'{"content":{"text":"x.box"}}',
        b'{"content":{"type":"x"}}',
        b'["x.box"]',
        b'{"content":"x.box2","author":"%s","previous":null}' % OTHER.id.encode(),
    ):
        record = Record(bytes(32), bytes(32), 1, 1.0, text)
        assert OPENED(record) == record
        assert OPENED(record, "AAAA") == record
        assert OPENED(record, "A" * 44) == record

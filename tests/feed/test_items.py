from math import inf

import orjson
import pytest

from common.feed.items import OptionError, item_of, js_number, read_options
from common.feed.record import Record

RECORD = Record(bytes(32), b"a" * 32, 3, 1_600_000_000_000.001, b'{"sequence":3}')
KEY = "%" + "A" * 43 + "=.sha256"


def test_item_has_the_shape_that_was_asked_for() -> None:
    assert orjson.loads(item_of(RECORD)) == {
        "key": KEY,
        "value": {"sequence": 3},
        "timestamp": 1_600_000_000_000.001,
    }
    assert item_of(RECORD, extra=b',"rts":1').endswith(b',"rts":1}')
    assert orjson.loads(item_of(RECORD, values=False)) == KEY
    assert item_of(RECORD, keys=False) == RECORD.message


def test_numbers_are_written_as_javascript_does() -> None:
    assert js_number(1_600_000_000_000.0) == "1600000000000"
    assert js_number(1_600_000_000_000.001) == "1600000000000.001"


def test_options_have_the_defaults_of_the_reference() -> None:
    options = read_options({})
    assert options == (None, None, False, False, True, True, True, -1, True, False)
    assert read_options({"gt": 1, "lte": 5}).lower == (1, False)
    assert read_options({"gt": 1, "lte": 5}).upper == (5, True)
    assert read_options({"limit": None}).limit == -1
    assert read_options({"limit": -7}).limit == -1
    assert read_options({"limit": inf}).limit == -1
    assert read_options({"limit": 7.0, "keys": False, "sync": False}).limit == 7


@pytest.mark.parametrize("limit", ["7", 1.5, True])
def test_a_limit_that_is_no_number_is_refused(limit: object) -> None:
    with pytest.raises(OptionError, match="limit"):
        read_options({"limit": limit})

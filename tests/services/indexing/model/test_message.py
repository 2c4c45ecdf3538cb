from services.indexing.model.message import parse_value
from tests.support.messages import message


def test_times_are_the_earlier_of_claimed_and_received() -> None:
    assert message({}, timestamp=5).time == 5
    assert message({}, timestamp=50).time == 10
    for strange in (None, "later", True, 0, [1]):
        assert message({}, timestamp=strange).time == 10


def test_values_that_orjson_cannot_read_are_parsed_all_the_same() -> None:
    assert parse_value(b'{"content":"\\ud800"}') == {"content": "\ud800"}

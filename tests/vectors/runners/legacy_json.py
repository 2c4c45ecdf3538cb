"""legacy-json/: what JSON.parse takes, and the exact text of JSON.stringify."""

from hashlib import sha256
from typing import Any

from common.feed.errors import JsonError
from common.feed.json import encode, parse
from common.feed.message import digest, message_id
from tests.vectors.cases import each_case
from tests.vectors.registry import Runner


def _check(case: dict[str, Any]) -> None:
    try:
        value = parse(case["input"])
    except JsonError:
        assert not case["valid_json"], "refused"
        return
    assert case["valid_json"], "taken"
    encoded = encode(value)
    assert encoded == case.get("encoded", encoded)
    assert sha256(encoded.encode()).hexdigest() == case["utf8_sha256"]
    key, units = digest(encoded.encode())
    assert units == case["utf16_length"]
    assert key.hex() == case["latin1_sha256"]
    assert message_id(value) == case["id"]


RUNNERS: dict[str, Runner] = {"legacy-json/generated-canonical-json.json": each_case(_check)}

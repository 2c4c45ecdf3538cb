import pytest

from common.feed.json import Json
from common.feed.shape import (
    Invalid,
    check_form,
    check_identity,
    check_members,
    check_type,
    is_encrypted,
    previous_key,
)

AUTHOR = "@" + "A" * 43 + "=.ed25519"
SIGNATURE = "A" * 86 + "==.sig.ed25519"
PREVIOUS = "%" + "A" * 43 + "=.sha256"


def _value(**changes: Json) -> dict[str, Json]:
    value: dict[str, Json] = {
        "previous": PREVIOUS,
        "sequence": 2,
        "author": AUTHOR,
        "timestamp": 1,
        "hash": "sha256",
        "content": {"type": "test"},
        "signature": SIGNATURE,
    }
    return value | changes


@pytest.mark.parametrize(
    "author",
    [None, 1, "", AUTHOR[1:], AUTHOR + "x", AUTHOR.replace("A=", "B="), [AUTHOR], AUTHOR + "\n"],
)
def test_an_author_is_a_canonical_feed_id(author: Json) -> None:
    refused = check_identity(_value(author=author))
    assert refused is not None
    assert refused.reason == "invalid message: must have author"


@pytest.mark.parametrize(
    "signature",
    [
        None,
        [SIGNATURE],
        SIGNATURE[1:],
        SIGNATURE + "x",
        SIGNATURE.replace("A==", "B=="),
        SIGNATURE.replace("=.sig", "=-sig"),
        SIGNATURE.replace("ed25519", "sha256"),
        SIGNATURE.replace("AA==", "AB=="),
        SIGNATURE.replace("==", "="),
        "A" + SIGNATURE.replace("==", "B="),
    ],
)
def test_a_signature_is_canonical_and_of_the_authors_curve(signature: Json) -> None:
    refused = check_identity(_value(signature=signature))
    assert refused is not None
    assert not refused.fatal


def test_a_feed_id_with_another_character_for_its_dot_has_no_curve() -> None:
    assert check_identity(_value(author=AUTHOR.replace(".", "x"))) is not None


@pytest.mark.parametrize(
    "signature", [SIGNATURE, SIGNATURE.replace("AA==", "AAA="), "A" * 88 + ".sig.ed25519"]
)
def test_longer_signatures_are_left_to_the_check_that_they_cannot_pass(signature: str) -> None:
    assert check_identity(_value(signature=signature)) is None


def test_only_author_and_sequence_may_change_places() -> None:
    value = _value()
    names = list(value)
    assert check_form(value) is None
    names[1], names[2] = names[2], names[1]
    assert check_form({name: value[name] for name in names}) is None
    names[3], names[4] = names[4], names[3]
    assert check_form({name: value[name] for name in names}) == Invalid(
        "message must have keys in allowed order", fatal=True
    )
    assert check_form(_value(extra=1)) is not None


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({"sequence": 2**31 - 1}, True),
        ({"sequence": 2**31}, False),
        ({"sequence": -(2**31)}, True),
        ({"sequence": -(2**31) - 1}, False),
        ({"sequence": True}, False),
        ({"sequence": 1.5}, False),
        ({"hash": "sha512"}, False),
        ({"content": None}, False),
        ({"content": []}, False),
        ({"content": {}}, False),
        ({"content": "text"}, False),
        ({"content": ".box"}, True),
        ({"content": 5}, False),
    ],
)
def test_members(changes: dict[str, Json], valid: bool) -> None:
    assert (check_members(_value(**changes)) is None) is valid


@pytest.mark.parametrize(
    ("kind", "valid"),
    [
        ("ab", False),
        ("abc", True),
        ("x" * 52, True),
        ("x" * 53, False),
        ("\U0001f4a0" * 26, True),
        ("\U0001f4a0" * 27, False),
        ("\U0001f4a0\ud800", True),
        ("é", False),
        (None, False),
        (["abc"], False),
    ],
)
def test_a_type_has_3_to_52_units(kind: Json, valid: bool) -> None:
    assert (check_type(kind) is None) is valid


@pytest.mark.parametrize(
    ("content", "encrypted"),
    [
        ("AAAA.box", True),
        ("AAA=.box", True),
        ("AA==.box2 and more", True),
        ("AAAAAA==.box", True),
        (".box", True),
        ("", False),
        ("AAB=.box", False),
        ("AB==.box", False),
        ("AAAAA.box", False),
        ("AAA==.box", False),
        ("A=.box", False),
        ("AAAA.box\n", False),
        ("AAAA.box\u2028", False),
        ("-AAA.box", False),
        ("AAAA.bo", False),
        (5, False),
    ],
)
def test_a_box_is_canonical_base64_and_its_suffix(content: Json, encrypted: bool) -> None:
    assert is_encrypted(content) is encrypted


@pytest.mark.parametrize(
    ("previous", "key"),
    [
        (PREVIOUS, bytes(32)),
        ([[PREVIOUS]], bytes(32)),
        ([PREVIOUS, PREVIOUS], None),
        ([], None),
        (None, None),
        (PREVIOUS.replace("A=", "B="), None),
        (PREVIOUS.replace(".", "x"), None),
    ],
)
def test_previous_is_seen_through_arrays(previous: Json, key: bytes | None) -> None:
    assert previous_key(previous) == key


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ({}, "undefined"),
        ([], "undefined"),
        ({"type": None}, "null"),
        ({"type": {}}, "[object Object]"),
    ],
)
def test_a_refusal_shows_the_type_as_javascript_does(content: Json, shown: str) -> None:
    refused = check_members(_value(content=content))
    assert refused is not None
    assert refused.reason.endswith(f"was:{shown}")

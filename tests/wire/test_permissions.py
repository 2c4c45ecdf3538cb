import pytest

from common.wire.permissions import Permissions, method_type, refusal

MANIFEST = {"whoami": "sync", "get": "async", "blobs": {"has": "async", "get": "source"}}


@pytest.mark.parametrize(
    ("allow", "deny", "name", "allowed"),
    [
        (None, (), ["get"], True),
        (None, ["get"], ["get"], False),
        (None, ["blobs"], ["blobs", "has"], False),
        (None, ["blobs.has"], ["blobs", "get"], True),
        (["blobs"], (), ["blobs", "get"], True),
        (["blobs.get"], (), ["blobs", "get"], True),
        (["blobs.get"], (), ["blobs", "has"], False),
        (["blobs.get"], (), ["blobs"], False),
        (["blobs", "blobs.get"], (), ["blobs", "has"], True),
        (["blobs.get", "blobs"], (), ["blobs", "has"], True),
        ([], (), ["get"], False),
        (["get"], ["get"], ["get"], False),
        (["get"], (), [], False),
    ],
)
def test_lists_of_names(
    allow: list[str] | None, deny: list[str], name: list[str], allowed: bool
) -> None:
    assert (Permissions(allow, deny).refusal(name) is None) == allowed


def test_the_words_of_the_reference() -> None:
    assert (
        Permissions(["get"]).refusal(["blobs", "has"])
        == "method:blobs,has is not in list of allowed methods"
    )
    assert (
        Permissions(None, ["blobs"]).refusal(["blobs", "has"])
        == "method:blobs,has is on list of disallowed methods"
    )
    everything = Permissions()
    assert refusal(MANIFEST, everything, "source", ["get"]) == "no source:get"
    assert refusal(MANIFEST, everything, "async", ["blobs", "x"]) == "no async:blobs,x"
    assert refusal(MANIFEST, Permissions([]), "async", ["x"]) == (
        "method:x is not in list of allowed methods"
    )


def test_sync_methods_are_called_as_async() -> None:
    everything = Permissions()
    assert refusal(MANIFEST, everything, "async", ["whoami"]) is None
    assert refusal(MANIFEST, everything, "source", ["whoami"]) == "no source:whoami"
    assert refusal(MANIFEST, everything, "source", ["blobs", "get"]) is None


def test_names_that_are_no_method() -> None:
    assert method_type(MANIFEST, ["blobs", "get"]) == "source"
    assert method_type(MANIFEST, ["blobs"]) is None
    assert method_type(MANIFEST, ["get", "more"]) is None
    assert method_type(MANIFEST, []) is None

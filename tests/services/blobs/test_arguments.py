from typing import Any

import pytest

from common.bus import CallerError
from common.refs.ids import blob_id
from services.blobs import arguments
from services.blobs.arguments import MAX_IDS, NO_STAT, Listing, Slice

X, Y = blob_id(bytes(32)), blob_id(bytes([1]) * 32)


@pytest.mark.parametrize("given", [[X], [{"id": X}]])
def test_a_blob_is_an_id_or_an_object_with_one(given: list[Any]) -> None:
    assert arguments.blob_of(given) == X
    assert arguments.blobs_of(given) == ([X], False)


@pytest.mark.parametrize(
    ("given", "words"),
    [([], "invalid id:null"), (["x"], "invalid id:null"), ([{"id": 5}], "invalid id:null")],
)
def test_anything_else_is_named(given: list[Any], words: str) -> None:
    with pytest.raises(CallerError, match=f"^{words}$"):
        arguments.blob_of(given)


def test_lists_of_ids_stay_lists() -> None:
    assert arguments.blobs_of([[X, Y]]) == ([X, Y], True)
    assert arguments.blobs_of([[]]) == ([], True)
    with pytest.raises(CallerError, match="invalid id:x"):
        arguments.blobs_of([[X, "x"]])
    with pytest.raises(CallerError, match="more than"):
        arguments.blobs_of([[X] * (MAX_IDS + 1)])


@pytest.mark.parametrize("given", [[], [None], [False], [""]])
def test_add_may_say_which_blob_it_is(given: list[Any]) -> None:
    assert arguments.expected_of(given) is None
    assert arguments.expected_of([X]) == X
    with pytest.raises(CallerError, match=r"^not a valid hash: x$"):
        arguments.expected_of(["x"])


def test_get_takes_an_id_under_any_of_its_names() -> None:
    assert arguments.slice_of([X], part=False) == Slice(X, 0, None, None, None)
    for name in ("id", "key", "hash"):
        assert arguments.slice_of([{name: X, "max": 5}], part=False) == Slice(
            X, 0, None, None, 5, NO_STAT
        )
    with pytest.raises(CallerError, match=r"multiblob.get: \{id\} is mandatory"):
        arguments.slice_of([{"id": "x"}], part=False)


def test_a_slice_needs_its_bounds() -> None:
    asked = {"id": X, "start": -3, "end": 7.5, "size": 9}
    assert arguments.slice_of([asked], part=True) == Slice(X, 0, 7, 9, None, NO_STAT)
    for name in ("start", "end"):
        with pytest.raises(CallerError, match=f"{{{name}}} must be a number"):
            arguments.slice_of([{**asked, name: float("nan")}], part=True)
    with pytest.raises(CallerError, match=r"multiblob.getSlice: \{id\}"):
        arguments.slice_of([], part=True)


def test_listing_options() -> None:
    assert arguments.listing_of([]) == Listing(whole=False, old=True, live=False, sync=True)
    asked = {"long": True, "old": False, "live": True, "sync": False}
    assert arguments.listing_of([asked]) == Listing(whole=True, old=False, live=True, sync=False)

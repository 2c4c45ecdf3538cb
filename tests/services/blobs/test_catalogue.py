import asyncio
from hashlib import sha256
from pathlib import Path

import pytest

from common.bus import CallerError
from common.refs import feed_id
from common.refs.ids import blob_id, raw
from common.store import open_memory
from services.blobs.adapters import catalogue as module
from services.blobs.adapters.book import open_book
from services.blobs.adapters.catalogue import Catalogue, Entry
from services.blobs.adapters.files import Folder
from services.blobs.adapters.stocktaking import take_stock

X, Y = blob_id(bytes(32)), blob_id(bytes([1]) * 32)
ANN, BOB = feed_id(bytes(32)), feed_id(bytes([1]) * 32)
HOUR = 3_600_000


class Clock:
    ms = 1_000.0

    def __call__(self) -> float:
        return self.ms


def empty(clock: Clock | None = None) -> Catalogue:
    return Catalogue(open_memory(module.FAMILIES), clock or Clock())


def test_what_came_is_known_and_who_brought_it_first_stays_known() -> None:
    clock, catalogue = Clock(), empty()
    catalogue = empty(clock)
    catalogue.stored(X, 5, ANN, BOB)
    assert catalogue.entry(X) == Entry(5, 1_000, 1_000, ANN, BOB, own=False)
    clock.ms = 2_000
    catalogue.stored(X, 5)
    assert catalogue.entry(X) == Entry(5, 1_000, 2_000, ANN, BOB, own=True)
    catalogue.gone(X)
    assert catalogue.entry(X) is None


def test_the_last_use_is_known_to_the_hour() -> None:
    clock = Clock()
    catalogue = empty(clock)
    catalogue.used(X)
    catalogue.stored(X, 5)
    clock.ms += HOUR - 1
    catalogue.used(X)
    assert catalogue.entry(X) == Entry(5, 1_000, 1_000, own=True)
    clock.ms += 1
    catalogue.used(X)
    assert catalogue.entry(X) == Entry(5, 1_000, 1_000 + HOUR, own=True)


def test_pins_and_takedowns_survive_a_restart(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    book.catalogue.pin(X)
    book.catalogue.pin(Y)
    book.catalogue.unpin(Y)
    book.catalogue.take_down(Y, "stolen")
    book.close()
    book = open_book(tmp_path)
    assert book.catalogue.is_pinned(X)
    assert not book.catalogue.is_pinned(Y)
    with pytest.raises(CallerError, match="was taken down here: stolen"):
        book.catalogue.refuse(Y)
    book.catalogue.refuse(X)
    assert book.catalogue.restore(Y)
    assert not book.catalogue.restore(Y)
    book.catalogue.refuse(Y)
    book.close()


def test_another_spelling_of_a_hash_is_taken_down_too() -> None:
    catalogue = empty()
    catalogue.take_down(X, "")
    spelt = X.replace(".sha256", "!sha256")
    with pytest.raises(CallerError, match=r"was taken down here$"):
        catalogue.refuse(type(X)(spelt))


def test_there_are_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PINS", 1)
    monkeypatch.setattr(module, "MAX_TAKEDOWNS", 1)
    catalogue = empty()
    for _ in range(2):
        catalogue.pin(X)
        catalogue.take_down(X, "")
    with pytest.raises(CallerError, match="more than 1 blobs cannot be pinned"):
        catalogue.pin(Y)
    with pytest.raises(CallerError, match="more than 1 blobs cannot be taken down"):
        catalogue.take_down(Y, "")
    with pytest.raises(CallerError, match="1000 characters"):
        catalogue.take_down(X, "x" * 1_001)


def test_a_folder_of_before_is_entered_and_what_is_gone_is_struck_out(tmp_path: Path) -> None:
    folder, catalogue = Folder(tmp_path), empty()
    blobs = []
    for n in range(3):
        arrival = folder.receive()
        arrival.write(bytes([n]))
        blobs.append(arrival.finish())
    catalogue.stored(blobs[0], 1, ANN)
    catalogue.stored(X, 7)
    arrival = folder.receive()
    arrival.write(b"bad")
    bad = arrival.finish()
    catalogue.take_down(bad, "")
    folder.refused = catalogue.takedowns
    assert (folder.size(bad), folder.open(bad)) == (None, None)
    asyncio.run(take_stock(folder, catalogue))
    assert not folder.remove(bad)
    assert {key for key, _ in catalogue.entries()} == set(map(raw, blobs))
    found = catalogue.entry(blobs[1])
    meta = folder.meta(blobs[1])
    assert meta is not None
    assert found == Entry(1, meta.ts, meta.ts)
    known = catalogue.entry(blobs[0])
    assert known is not None
    assert known.source == ANN
    assert sha256(b"\0").digest() == raw(blobs[0])

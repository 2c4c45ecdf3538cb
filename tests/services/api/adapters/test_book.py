from pathlib import Path

import msgspec
import pytest

from common.bus import CallerError, OurError
from common.runtime.errors import StartError
from services.api.adapters import book as books
from services.api.adapters.book import FILE, open_book
from services.api.invites import Code


def code(number: int, used: int = 0) -> Code:
    return Code(id=f"@{number}", total=1, created=float(number), used=used)


def now() -> float:
    return 1000.0


def test_what_was_put_is_there_again(tmp_path: Path) -> None:
    book = open_book(tmp_path, now)
    assert book.codes == {}
    book.put(code(1))
    book.put(code(2))
    book.put(code(1, used=1))
    assert open_book(tmp_path, now).codes == {"@1": code(1, used=1), "@2": code(2)}
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_used_up_codes_make_room_and_open_ones_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "MAX_CODES", 2)
    book = open_book(tmp_path, now)
    for one in (code(1), code(2, used=1), code(3)):
        book.put(one)
    assert list(book.codes) == ["@1", "@3"]
    with pytest.raises(CallerError, match="can still be used"):
        book.put(code(4))
    assert list(book.codes) == ["@1", "@3"]


def test_a_damaged_file_stops_the_start_and_is_left(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    for text in (b"{", b'[{"id": 5}]'):
        (tmp_path / FILE).write_bytes(text)
        with pytest.raises(StartError, match="damaged"):
            open_book(tmp_path, now)
        assert (tmp_path / FILE).read_bytes() == text


def test_what_cannot_be_written_has_not_happened(tmp_path: Path) -> None:
    book = open_book(tmp_path, now)
    (tmp_path / FILE.parent).write_text("in the way")
    with pytest.raises(OurError):
        book.put(code(1))
    assert book.codes == {}
    assert msgspec.json.encode(code(1))

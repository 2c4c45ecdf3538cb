"""One index on the disk."""

from pathlib import Path

import pytest

from common.store import StoreDamaged, StoreFull
from services.indexing.adapters import fulltext
from services.indexing.adapters.fulltext import Fulltext, State
from services.indexing.model.words import Entry


def entry(position: int, *words: str) -> Entry:
    return Entry(position, frozenset(words), float(position), (1 << 63) + position)


def found(index: Fulltext, *terms: str) -> list[int]:
    return index.find(terms).newest(0, 100)


def filled(folder: Path) -> Fulltext:
    index = Fulltext(folder)
    index.add([entry(1, "hello", "world"), entry(3, "help")], 4, "ab")
    index.commit(answers=True)
    return index


def test_words_and_position_are_there_with_the_commit_and_not_before(tmp_path: Path) -> None:
    index = filled(tmp_path)
    index.add([entry(5, "hello")], 6, "cd")
    assert found(index, "hel") == [3, 1]
    assert (index.committed.position, index.state.position) == (4, 6)
    index.close()
    again = Fulltext(tmp_path)
    assert again.state == State(position=4, begin="ab", answers=True)
    assert found(again, "hel") == [3, 1]
    assert found(again, "hel", "wor") == [1]
    assert again.sums(1, 2) == {1: (1 << 63) + 1}
    again.add([entry(5, "hello")], 6, "cd")
    again.commit()
    assert found(again, "hello") == [5, 1]
    assert again.find(["hel"]).newest(1, 1) == [3]
    again.close()


def test_what_is_removed_is_found_no_more_but_stale(tmp_path: Path) -> None:
    index = filled(tmp_path)
    index.remove([3, 9])
    index.commit()
    assert found(index, "hel") == [1]
    assert index.committed.stale
    index.delete()
    assert not tmp_path.exists()


def test_removing_what_it_never_saw_leaves_nothing_stale(tmp_path: Path) -> None:
    index = filled(tmp_path)
    index.remove([9])
    index.commit()
    assert not index.committed.stale
    index.close()


def test_a_closed_index_passes_over_what_still_comes(tmp_path: Path) -> None:
    index = filled(tmp_path)
    index.close()
    index.add([entry(9, "late")], 9, "")
    index.remove([1])
    index.commit()
    assert index.committed.position == 4


@pytest.mark.parametrize("kind", ["term", "store", "fast", "json"])
def test_damage_is_named(tmp_path: Path, kind: str) -> None:
    filled(tmp_path).close()
    path = next(one for one in sorted(tmp_path.glob(f"*{kind}")) if one.name != ".managed.json")
    path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(StoreDamaged, match=str(tmp_path)):
        Fulltext(tmp_path)


def test_room_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = filled(tmp_path)
    monkeypatch.setattr(fulltext, "free_bytes", lambda _: 1 << 20)
    index.add([entry(5, "hello")], 6, "cd")
    with pytest.raises(StoreFull, match="1 MiB are free"):
        index.commit()
    assert index.committed.position == 4
    index.close()

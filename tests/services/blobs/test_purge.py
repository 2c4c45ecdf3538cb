from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.blobs.model.purge import Going, Quota, Row, what_goes

A, B = b"a" * 32, b"b" * 32
DAY = 86_400_000

ROWS = st.lists(
    st.builds(
        Row,
        blob=st.binary(min_size=2, max_size=2),
        size=st.integers(1, 100),
        used=st.integers(0, 20),
        kept=st.booleans(),
        author=st.sampled_from([None, A, B]),
        hops=st.sampled_from([None, 0, 1, 2, 3]),
    ),
    max_size=30,
    unique_by=lambda row: row.blob,
)
LIMIT = st.integers(0, 500)
QUOTAS = st.builds(Quota, total=LIMIT, author=LIMIT, far=LIMIT, hops=st.integers(0, 3), age=LIMIT)


def row(
    name: bytes, size: int, used: float, author: bytes | None = None, hops: int | None = None
) -> Row:
    return Row(name, size, used, False, author, hops)


def gone(rows: list[Row], quota: Quota, now: float = 100) -> list[tuple[bytes, str]]:
    return [(each.row.blob, each.why) for each in what_goes(rows, quota, now)]


def test_without_quotas_nothing_goes() -> None:
    assert gone([row(b"x", 1 << 40, 0)], Quota()) == []


def test_the_oldest_go_until_the_rest_is_within_the_limit_and_of_one_age_the_largest() -> None:
    rows = [row(b"new", 40, 9), row(b"old", 30, 1), row(b"older, small", 20, 0), row(b"big", 30, 0)]
    assert gone(rows, Quota(total=70)) == [(b"big", "total"), (b"older, small", "total")]


def test_what_was_not_used_for_so_long_goes() -> None:
    assert gone([row(b"x", 1, 39), row(b"y", 1, 40)], Quota(age=60)) == [(b"x", "age")]


def test_each_author_has_a_limit_and_nobody_else_pays() -> None:
    rows = [
        row(b"a1", 40, 1, author=A),
        row(b"a2", 40, 2, author=A),
        row(b"b", 40, 0, author=B),
        row(b"nobody's", 500, 0),
    ]
    assert gone(rows, Quota(author=50)) == [(b"a1", "author")]


def test_what_nobody_near_mentions_has_a_limit() -> None:
    rows = [
        row(b"near", 50, 0, author=A, hops=1),
        row(b"far", 50, 1, author=B, hops=2),
        row(b"unknown", 50, 2),
    ]
    assert gone(rows, Quota(far=50, hops=1)) == [(b"far", "far")]


@given(ROWS, QUOTAS)
def test_kept_ones_stay_and_the_rest_is_within_the_quotas(rows: list[Row], quota: Quota) -> None:
    going = what_goes(rows, quota, 100)
    names = [each.row.blob for each in going]
    assert len(set(names)) == len(names)
    assert not any(each.row.kept for each in going)
    left = [each for each in rows if each.blob not in names]
    for limit, part in (
        (quota.total, left),
        (quota.far, [each for each in left if each.hops is None or each.hops > quota.hops]),
        (quota.author, [each for each in left if each.author == A]),
        (quota.author, [each for each in left if each.author == B]),
    ):
        if limit and any(not each.kept for each in part):
            assert sum(each.size for each in part) <= limit
    assert not any(quota.age and 100 - each.used > quota.age for each in left if not each.kept)


@given(ROWS, LIMIT)
def test_no_more_goes_than_must_and_the_oldest_first(rows: list[Row], limit: int) -> None:
    going = what_goes(rows, Quota(total=limit), 100)
    assert all(a.row.used <= b.row.used for a, b in pairwise(going))
    if going:
        size = sum(each.size for each in rows) - sum(each.row.size for each in going)
        assert size + going[-1].row.size > limit
        names = {each.row.blob for each in going}
        assert all(
            each.used >= going[-1].row.used
            for each in rows
            if not each.kept and each.blob not in names
        )


@given(ROWS, QUOTAS)
def test_what_went_once_was_enough(rows: list[Row], quota: Quota) -> None:
    names = {each.row.blob for each in what_goes(rows, quota, 100)}
    left = [each for each in rows if each.blob not in names]
    assert what_goes(left, quota, 100) == list[Going]()

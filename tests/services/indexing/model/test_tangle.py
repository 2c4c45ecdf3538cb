from services.indexing.model.tangle import tips

R, A, B, C, D = (name.encode() for name in "rabcd")


def test_the_root_is_the_tip_of_a_tangle_without_more() -> None:
    assert tips(R, {}) == [R]


def test_a_chain_ends_in_one_tip() -> None:
    assert tips(R, {B: [A], A: [R]}) == [B]


def test_a_fork_has_two_tips_until_somebody_goes_on_from_both() -> None:
    fork = {A: [R], B: [R]}
    assert tips(R, fork) == [A, B]
    assert tips(R, fork | {C: [A, B]}) == [C]


def test_who_names_what_is_not_there_stands_outside() -> None:
    assert tips(R, {A: [R], B: [A, C], D: [B]}) == [A]
    assert tips(R, {A: [R], B: []}) == [A]


def test_a_circle_does_not_go_round_for_ever() -> None:
    assert tips(R, {A: [B], B: [A], R: [A], C: [R]}) == [C]

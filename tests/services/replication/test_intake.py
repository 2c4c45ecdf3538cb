from common.feed.record import Candidate
from common.feed.validate import Head
from services.replication.intake import Intake
from tests.support.suite import feed_of, keys_of

KEYS = keys_of(5)
ONE, TWO, THREE = feed_of(KEYS, 3)
OTHER_TWO = feed_of(KEYS, 1, Head(bytes(32), 1))[0]


def test_messages_in_order_become_candidates() -> None:
    intake = Intake()
    for message in (ONE, TWO, THREE):
        candidate = intake.take(message)
        assert isinstance(candidate, bytes)
        parsed = Candidate.parse(candidate)
        assert parsed == (
            message.key,
            message.author_raw,
            message.sequence,
            message.previous,
            message.compact,
        )
    assert intake.take(TWO) == "known"


def test_gaps_are_told() -> None:
    intake = Intake()
    assert intake.take(TWO) == "gap"
    intake.set_head(KEYS.id, Head(ONE.key, 1))
    assert intake.take(THREE) == "gap"
    assert intake.take(ONE) == "known"


def test_forks_go_to_storage_as_evidence_and_are_no_head() -> None:
    intake = Intake()
    intake.set_head(KEYS.id, Head(ONE.key, 1))
    candidate = intake.take(OTHER_TWO)
    assert isinstance(candidate, bytes)
    assert Candidate.parse(candidate).key == OTHER_TWO.key
    assert isinstance(intake.take(TWO), bytes)
    assert isinstance(intake.take(OTHER_TWO), bytes), "it contradicts what is on its way"
    assert intake.take(TWO) == "known"


def test_what_was_lost_is_taken_again() -> None:
    intake = Intake()
    assert isinstance(intake.take(ONE), bytes)
    intake.lose(KEYS.id)
    intake.lose(KEYS.id)
    assert isinstance(intake.take(ONE), bytes)
    assert isinstance(intake.take(TWO), bytes)
    intake.set_head(KEYS.id, Head(ONE.key, 1))
    assert intake.take(TWO) == "known"
    intake.set_head(KEYS.id, Head(TWO.key, 2))
    intake.lose(KEYS.id)
    assert isinstance(intake.take(THREE), bytes)

"""What is the matter, in words."""

from services.storage.condition import MAX_CLOCK_LAG_MS, condition


def test_condition_names_the_worst_and_why() -> None:
    assert condition(None, None, 0) == {"state": "ok"}
    assert condition(None, None, MAX_CLOCK_LAG_MS) == {"state": "ok"}
    assert condition(None, None, 3_600_000)["state"] == "clock behind"
    assert "3600 s behind" in condition(None, None, 3_600_000)["why"]
    incomplete = {"state": "own feed incomplete", "why": "some are missing"}
    assert condition(None, "some are missing", 3_600_000) == incomplete
    full = {"state": "disk full", "why": "0 MiB"}
    assert condition("0 MiB", "some are missing", 0) == full

"""The documents name tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"`(tests/[\w/.-]+\.py)::(\w+)`")
TESTS = NAMED.findall((ROOT / "docs" / "complaints.md").read_text())


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_named_tests_are_there(path: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_every_complaint_names_a_test() -> None:
    rows = (ROOT / "docs" / "complaints.md").read_text().splitlines()
    complaints = [row for row in rows if re.match(r"\| \d", row)]
    assert len(complaints) == 9
    assert all(NAMED.search(row) for row in complaints)

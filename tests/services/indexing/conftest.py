"""The service on a bus, for every test here."""

from collections.abc import AsyncIterator

import pytest

from tests.support.indexing_suite import Suite, indexing
from tests.support.waiting import PATIENCE_S


@pytest.fixture
async def suite(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Suite]:
    monkeypatch.setattr("services.indexing.adapters.follower.PATIENCE_S", PATIENCE_S)
    async with indexing() as one:
        yield one

"""The service on a bus, for every test here."""

from collections.abc import AsyncIterator

import pytest

from tests.support.indexing_suite import Suite, indexing


@pytest.fixture
async def suite() -> AsyncIterator[Suite]:
    async with indexing() as one:
        yield one

"""What a test over sockets needs: a private folder, a ZeroMQ context."""

from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory

import pytest
import zmq


@pytest.fixture
def endpoints() -> Iterator[Callable[[str], str]]:
    with TemporaryDirectory(prefix="bus-") as folder:
        yield lambda service: f"ipc://{folder}/run/{service}"


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)  # of a test that failed half-way, too

"""Messages sent more than once where nothing goes wrong, beside epidemic-broadcast-trees on the same wirings."""

from collections import Counter

import pytest

from benchmarks.spreading import theirs
from tests.simulation.spread import spread, wiring
from tests.simulation.topologies import TOPOLOGIES
from tests.support.driver import PEERS
from tests.support.node_packages import install, require_node

SIZE = 10


@pytest.mark.parametrize("topology", ["line", "star"])
def test_where_there_is_one_way_everything_is_sent_once(topology: str) -> None:
    for counts in spread(wiring(topology, SIZE, 1)):
        assert counts["once"]
        assert not counts["twice"]


@pytest.mark.interop
async def test_no_more_is_sent_again_than_by_the_reference() -> None:
    require_node()
    install(PEERS)
    wirings = [wiring(topology, SIZE, 1) for topology in TOPOLOGIES]
    ours, reference = Counter[str](), Counter[str]()
    for wires, phases in zip(wirings, await theirs(wirings), strict=True):
        for mine, other in zip(spread(wires), phases, strict=True):
            ours += mine
            reference += other
    assert ours["once"] == reference["once"]
    assert ours["twice"] <= reference["twice"]

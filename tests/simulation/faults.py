"""What can go wrong, by name; each fault puts its part into a plan."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.simulation.liars import KINDS, Liar
from tests.simulation.library import feed
from tests.simulation.lines import Quality
from tests.simulation.peer import Peer, Speech
from tests.simulation.world import Edge

if TYPE_CHECKING:
    from tests.simulation.plan import Plan

LIARS: Final = 200
"""Where the numbers of liars begin."""
DOWN_MS: Final = (100, 15_000)
FULL_COSTS: Final = 300
"""Messages that come again for nothing, about what slow lines hold."""
FULL_MS: Final = (10, 5_000)


def _in_the_lines(_: "Plan") -> None:
    """The plan chooses lines by the name of the fault."""


def _speak(speech: Speech, plan: "Plan") -> None:
    for peer in plan.some(0.4):
        peer.speech = speech


def _crash(plan: "Plan") -> None:
    for peer in plan.some(0.6):
        plan.at(0.1, 0.9, partial(_die, plan, peer, plan.random.random() < 0.5))


def _die(plan: "Plan", peer: Peer, forgets: bool) -> None:
    if peer.process is None:
        return
    peer.stop()
    if forgets:
        peer.disk.memories.clear()
    plan.world.timeline.after(plan.random.uniform(*DOWN_MS), partial(_revive, peer))


def _revive(peer: Peer) -> None:
    if peer.process is None:
        peer.start()


def _full_disk(plan: "Plan") -> None:
    """Nothing of what comes can be written for a moment, at several moments."""
    for peer in plan.some(0.5):
        for _ in range(plan.random.randint(1, 3)):
            plan.at(0, 0.9, partial(_fill, plan, peer))


def _fill(plan: "Plan", peer: Peer) -> None:
    if peer.process is not None:
        appending = peer.process.appending
        appending.is_full = True
        plan.world.excused += FULL_COSTS
        moment = plan.random.uniform(*FULL_MS)
        plan.world.timeline.after(moment, lambda: setattr(appending, "is_full", False))


def _old_data(plan: "Plan") -> None:
    for peer in plan.some(0.4):
        _restore_later(plan, peer, guarded=True)


def _fork(plan: "Plan") -> None:
    for peer in plan.some(0.2):
        _restore_later(plan, peer, guarded=False)
        for _ in range(plan.random.randint(1, 5)):
            plan.at(0, 1, peer.publish)


def _restore_later(plan: "Plan", peer: Peer, *, guarded: bool) -> None:
    """Puts a backup of the whole disk back, with or without what was remembered of peers."""
    plan.at(0, 0.4, peer.keep_copy)

    def restore() -> None:
        if peer.process is not None:
            peer.stop()
            peer.restore(guarded=guarded)
            if plan.random.random() < 0.3:
                peer.disk.memories.clear()
            plan.world.lost_data(peer.own)
            peer.start()

    plan.at(0.5, 0.95, restore)


def _partition(plan: "Plan") -> None:
    side = {own for own in plan.peers if plan.random.random() < 0.5}
    crossing = [edge for edge in plan.world.edges if (edge.a in side) != (edge.b in side)]

    def part() -> None:
        for edge in crossing:
            edge.is_open = False
            if edge.connection is not None:
                plan.world.cut(edge.connection)

    def merge() -> None:
        for edge in crossing:
            edge.is_open = True

    plan.at(0, 0.4, part)
    plan.at(0.6, 1, merge)


def _wishes(plan: "Plan") -> None:
    for peer in plan.some(1):
        for _ in range(plan.random.randint(1, 4)):
            feeds = set(plan.random.sample(plan.feeds, min(3, len(plan.feeds)))) - {peer.own}
            added, removed = (feeds, set()) if plan.random.random() < 0.6 else (set(), feeds)
            plan.at(0, 1, partial(peer.want, added, removed))


def _blocks(plan: "Plan") -> None:
    """Everybody hears of blocks and their ends in their order, not at the same time."""
    for author in plan.some(0.3):
        target = plan.random.choice([own for own in plan.peers if own != author.own])
        turns = plan.random.choice(((True,), (True, False), (True, False, True)))
        for peer in plan.world.peers.values():
            for n, blocked in enumerate(turns):
                hear = partial(peer.hears_block, author.own, target, blocked=blocked)
                plan.at(0.1 + 0.3 * n, 0.3 + 0.3 * n, hear)


def _liars(plan: "Plan") -> None:
    for n in range(plan.random.randint(1, 3)):
        own = feed(LIARS + n)
        plan.world.liars[own] = Liar(plan.world, own, plan.random.choice(sorted(KINDS)))
        for peer in plan.some(0.7):
            plan.world.add_edge(Edge(peer.own, own, Quality()))


FAULTS: Final[dict[str, Callable[["Plan"], None]]] = {
    "slow": _in_the_lines,
    "lossy": _in_the_lines,
    "history only": partial(_speak, "history"),
    "silent": partial(_speak, "silent"),
    "crashes": _crash,
    "full disk": _full_disk,
    "old data": _old_data,
    "forks": _fork,
    "partition": _partition,
    "wishes": _wishes,
    "blocks": _blocks,
    "liars": _liars,
}

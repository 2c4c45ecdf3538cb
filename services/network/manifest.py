"""The merged manifest: which service answers which method, and what clients are shown.

Knows method names, types, roles and services' names. Must never know how a call is carried. The actor feeds
it what services say of themselves in their hellos; every incoming call is looked up here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from common.runtime.workers import owner
from common.wire.permissions import Permissions, refusal
from services.network.permission import ANONYMOUS, GUEST, MASTER, Role

__all__ = ["Manifest", "Offer", "Refusal", "Route"]

Offer = Mapping[str, tuple[str, Sequence[str], bool, str]]
"""Method name -> (type, roles, whether muxrpc clients see it, who is asked before), as in docs/bus.md section 7."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes: the service, its method's full name and its type; `then` who is asked when nothing is found."""

    service: str
    method: str
    type: str
    roles: tuple[str, ...]
    then: "Route | None" = None

    def others(self) -> Iterator["Route"]:
        """Who is asked after this one, in order."""
        other = self.then
        while other is not None:
            yield other
            other = other.then

    def to(self, workers: tuple[str, ...], feed: str) -> "Route":
        """This route to one of the service's workers: what peers call goes to the one that the peer belongs to.

        Everything else is answered by the first, for all of them.
        """
        if len(workers) == 1:
            return self
        worker = owner(feed, workers) if ANONYMOUS in self.roles else workers[0]
        return replace(self, service=worker)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call goes nowhere, in the words of the reference."""

    message: str


@dataclass(slots=True)
class Manifest:
    """What all services offer together; the earlier service of `order` wins a name that two offer.

    Of an async one the later is asked for what the earlier does not find; and where it says that it comes after one that
    was not met yet, that one is asked first all the same: what it would answer itself is no other's.
    """

    order: Sequence[str]
    _offers: dict[str, Offer] = field(default_factory=dict)
    _routes: dict[str, Route] = field(default_factory=dict)
    _tree: dict[str, object] = field(default_factory=dict)
    _permissions: dict[Role, Permissions] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._merge()

    def learn(self, service: str, offer: Offer) -> bool:
        """Take a service's own manifest; answers whether the merged one has changed.

        What a service offered stays when it goes away: its methods then fail as unavailable, not as unknown.
        """
        self._offers[service] = offer
        tree = self._tree
        self._merge()
        return tree != self._tree

    def knows(self, services: Iterable[str]) -> bool:
        """Whether each of these services has told what it offers."""
        return all(service in self._offers for service in services if service in self.order)

    @property
    def tree(self) -> dict[str, object]:
        """The nested object of the reference's `manifest`: name -> type, or name -> object of these."""
        return self._tree

    def route(self, name: Sequence[str], kind: str, role: Role) -> Route | Refusal:
        """Find the service for a call; permission comes before existence and type, as in muxrpc.

        `kind` is `async` for what came as a request, else source, sink or duplex.
        """
        reason = refusal(self._tree, self._permissions[role], kind, name)
        return self._routes[".".join(name)] if reason is None else Refusal(reason)

    def _merge(self) -> None:
        self._routes, self._tree = {}, {}
        found: dict[str, Route] = {}
        for service in reversed(self.order):
            for method, (kind, roles, visible, after) in self._offers.get(service, {}).items():
                if visible:
                    route = Route(service, method, kind, tuple(roles))
                    found[method] = route = _before(route, found.get(method))
                    if after in self.order and after not in self._offers:
                        found[method] = replace(route, service=after, then=route)
        for service in self.order:
            for method in self._offers.get(service, {}):
                first = found.get(method)
                if first and method not in self._routes and _plant(self._tree, method, first.type):
                    self._routes[method] = first
        self._permissions = {
            MASTER: Permissions(),
            ANONYMOUS: Permissions(self.open_to(ANONYMOUS)),
            GUEST: Permissions(self.open_to(GUEST)),
        }

    def open_to(self, role: Role) -> list[str]:
        """The methods that a role may call, besides the master."""
        return [method for method, route in self._routes.items() if role in route.roles]


def _before(route: Route, later: Route | None) -> Route:
    """The route of a method that a later service offers too: with the same rights only."""
    alike = later and later.type == route.type == "async" and later.roles == route.roles
    return replace(route, then=later) if alike else route


def _plant(tree: dict[str, object], method: str, kind: str) -> bool:
    *path, leaf = method.split(".")
    for name in path:
        branch = tree.setdefault(name, {})
        if not isinstance(branch, dict):
            return False
        tree = branch
    if leaf in tree:
        return False
    tree[leaf] = kind
    return True

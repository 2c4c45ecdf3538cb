"""The counters of the whole suite as Prometheus reads them, put together from what each service says of itself.

Knows which number of which health is told under which name; asks nobody. Names and units are Prometheus's; what is labelled
comes from sets that are bounded where they are counted (`common.runtime.limits.Tally`). Pure. Called by the handlers.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from common.runtime.workers import service_of
from services.api.exposition import Family, Kind, Sample, text

__all__ = ["MAX_SAMPLES", "metrics"]

MAX_SAMPLES: Final = 256
"""Values under one name of one process: more reasons than a service counts."""
PREFIX: Final = "scuttlebot_"
SHARED: Final = ("network", "replication")
"""Services of which there may be several processes: each counts for itself, and is told by its name."""

Health = Mapping[str, Any]
Healths = Mapping[str, Health | None]


class Rule(NamedTuple):
    """What is told under a name: the value at a path in the state of a service, or with `label` each value of a map there."""

    name: str
    kind: Kind
    help: str
    service: str
    path: tuple[str, ...]
    label: str = ""


def _gauge(name: str, told: str, at: str, label: str = "") -> Rule:
    service, *path = at.split(".")
    return Rule(name, "gauge", told, service, tuple(path), label)


def _counter(name: str, told: str, at: str, label: str = "") -> Rule:
    return _gauge(name, told, at, label)._replace(kind="counter")


RULES: Final = (
    _gauge("log_position", "Messages in the log.", "storage.position"),
    _gauge("log_feeds", "Feeds in the log.", "storage.feeds"),
    _gauge("log_forked_feeds", "Feeds known to have forked.", "storage.forks"),
    _gauge("log_erasing_messages", "Deleted messages still in views.", "storage.erasing"),
    _gauge("own_feed_sequence", "Messages of our own feed.", "storage.own.sequence"),
    _gauge("own_feed_locked", "1 while nothing can be published.", "storage.own.locked"),
    _gauge("own_feed_missing", "Own messages that peers have and we lack.", "storage.own.missing"),
    _gauge("view_position", "Messages that a view has seen.", "indexing.views", "view"),
    _gauge(
        "view_building_position",
        "Messages seen by what is built beside a view.",
        "indexing.building",
        "view",
    ),
    _gauge("replication_feeds", "Feeds of which messages are here.", "replication.feeds"),
    _gauge("replication_wanted_feeds", "Feeds that are replicated.", "replication.wanted"),
    _gauge("replication_left_out_feeds", "Feeds over a limit.", "replication.left_out"),
    _gauge(
        "replication_incomplete_feeds",
        "Feeds of which some peer says that it has more.",
        "replication.incomplete",
    ),
    _gauge("replication_sessions", "Peers in a session of EBT.", "replication.sessions"),
    _gauge("replication_histories", "Histories that peers read.", "replication.histories"),
    _gauge(
        "replication_stalled_peers", "Peers that do not get on.", "replication.stalled", "reason"
    ),
    _counter(
        "replication_received_messages_total",
        "Messages that came from peers.",
        "replication.traffic.messagesIn",
    ),
    _counter(
        "replication_received_bytes_total",
        "Bytes of replication that came from peers.",
        "replication.traffic.bytesIn",
    ),
    _counter(
        "replication_sent_messages_total",
        "Messages that went to peers.",
        "replication.traffic.messagesOut",
    ),
    _counter(
        "replication_sent_bytes_total",
        "Bytes of replication that went to peers.",
        "replication.traffic.bytesOut",
    ),
    _counter("replication_refused_total", "What was refused.", "replication.refused", "reason"),
    _counter(
        "replication_notes_passed_over_total",
        "Notes of EBT over a limit.",
        "replication.notes_passed_over",
    ),
    _gauge("connections", "Connections that stand.", "network.connections"),
    _gauge("handshakes", "Connections in a handshake.", "network.handshakes"),
    _gauge("open_calls", "Calls of peers under way.", "network.calls"),
    _gauge("buffered_bytes", "Bytes that wait on connections.", "network.buffered_bytes"),
    _gauge("refused_keys", "Keys refused for a while.", "network.refused_keys"),
    _counter(
        "connections_ended_total", "Connections that ended, or none.", "network.ended", "reason"
    ),
    _counter("calls_refused_total", "Calls refused.", "network.refused_calls", "reason"),
    _gauge("peers_known", "Addresses in the book.", "peers.known"),
    _gauge("peers_staged", "Addresses that were only noticed.", "peers.staged"),
    _gauge("peers_connected", "Peers connected.", "peers.connected"),
    _gauge("peers_connecting", "Peers being dialled.", "peers.connecting"),
    _gauge("peers_given_up", "Addresses dialled no more.", "peers.given_up"),
    _gauge("peers_dialled", "Places taken of a group.", "peers.dialled", "group"),
    _counter("peers_passed_over_total", "What was not believed.", "peers.passed_over", "reason"),
    _gauge("blobs_wanted", "Blobs wanted, by us and by peers.", "blobs.wants"),
    _gauge("blobs_pushed", "Blobs offered to peers.", "blobs.pushes"),
    _gauge("blobs_fetches", "Blobs on their way here.", "blobs.fetches"),
)


def metrics(healths: Healths, version: str) -> str:
    """All there is to tell, as text, from the health of each service; None stands for one that does not answer."""
    told = {name: health for name, health in healths.items() if health is not None}
    families = [
        Family("info", "gauge", "The version.", (Sample({"version": version}, 1),)),
        *_services(healths),
        *_processes(told),
        *(Family(r.name, r.kind, r.help, tuple(_samples(r, told))) for r in RULES),
        _lags(told),
        _bus(told),
    ]
    return text(family._replace(name=PREFIX + family.name) for family in families)


def _services(healths: Healths) -> Iterator[Family]:
    up = {name: health is not None for name, health in healths.items()}
    ready = {name: bool(health and health.get("ready")) for name, health in healths.items()}
    states = [(name, _at(health, ("state",))) for name, health in healths.items() if health]
    named = [Sample({"service": n, "state": s}, 1) for n, s in states if isinstance(s, str)]
    yield Family("service_up", "gauge", "1 where a service answers.", _by_service(up))
    yield Family("service_ready", "gauge", "1 where a service is ready.", _by_service(ready))
    yield Family("service_state", "gauge", "1 for the state of a service.", tuple(named))


def _processes(told: Mapping[str, Health]) -> Iterator[Family]:
    """What each process takes; services in one process (`--compact`) tell the same, which is told once."""
    seen: dict[float, str] = {}
    for name, health in told.items():
        started = _number(_at(health, ("process", "started")))
        if started is not None:
            seen.setdefault(started, name)
    own = {name: told[name] for name in seen.values()}
    rules: tuple[tuple[str, Kind, str, str], ...] = (
        ("start_time_seconds", "gauge", "When a process began, since 1970.", "started"),
        ("cpu_seconds_total", "counter", "Time of the processor that a process took.", "cpu"),
        ("resident_memory_bytes", "gauge", "Memory of a process.", "resident"),
        ("open_fds", "gauge", "Open files and sockets of a process.", "files"),
    )
    for name, kind, about, place in rules:
        values = {one: _number(_at(health, ("process", place))) for one, health in own.items()}
        known = {one: value for one, value in values.items() if value is not None}
        yield Family(f"process_{name}", kind, about, _by_service(known))


def _samples(rule: Rule, told: Mapping[str, Health]) -> Iterator[Sample]:
    for name, health in told.items():
        if service_of(name) != rule.service:
            continue
        found, own = _at(health, rule.path), {"service": name} if rule.service in SHARED else {}
        if rule.label:
            yield from _labelled(found, own, rule.label)
        elif (value := _number(found)) is not None:
            yield Sample(own, value)


def _labelled(found: object, own: Mapping[str, str], label: str) -> Iterator[Sample]:
    for key, raw in list(found.items())[:MAX_SAMPLES] if isinstance(found, Mapping) else ():
        value = _number(raw)
        if value is not None:
            yield Sample({**own, label: str(key)}, value)


def _lags(told: Mapping[str, Health]) -> Family:
    """How far each view is behind; storage was asked at the same time, so a view may seem to be before the log."""
    end = _number(_at(told.get("storage"), ("position",)))
    views = _labelled(_at(told.get("indexing"), ("views",)), {}, "view")
    behind = [one._replace(value=max(0, end - one.value)) for one in views if end is not None]
    return Family("view_lag_messages", "gauge", "Messages that a view lacks.", tuple(behind))


def _bus(told: Mapping[str, Health]) -> Family:
    samples: list[Sample] = []
    for name, health in told.items():
        samples += _labelled(_at(health, ("bus", "refused")), {"service": name}, "reason")
    return Family("bus_refused_total", "counter", "What a service's bus refused.", tuple(samples))


def _by_service(values: Mapping[str, float]) -> tuple[Sample, ...]:
    return tuple(Sample({"service": name}, float(value)) for name, value in values.items())


def _at(health: Health | None, path: Iterable[str]) -> object:
    found: object = (health or {}).get("state")
    for place in path:
        found = found.get(place) if isinstance(found, Mapping) else None
    return found


def _number(found: object) -> float | None:
    if isinstance(found, bool):
        return int(found)
    return found if isinstance(found, int | float) else None

"""Which number of which health is told under which name."""

import re
from typing import Any

from services.api.metrics import MAX_SAMPLES, RULES, metrics

STORAGE = {"ready": True, "state": {"state": "ok", "position": 7, "own": {"locked": True}}}


def told(**healths: Any) -> dict[str, str]:
    """Name and labels of each sample, and its value."""
    healths = {name.replace("_", "."): health for name, health in healths.items()}
    lines = metrics(healths, "1.2").splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_names_are_those_of_prometheus() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[a-z][a-z_]+[a-z]", rule.name)
        assert (rule.kind == "counter") == rule.name.endswith("_total")


def test_who_does_not_answer_is_down_and_tells_nothing_else() -> None:
    assert told(storage=STORAGE, blobs=None) == {
        'scuttlebot_info{version="1.2"}': "1",
        'scuttlebot_service_up{service="storage"}': "1.0",
        'scuttlebot_service_up{service="blobs"}': "0.0",
        'scuttlebot_service_ready{service="storage"}': "1.0",
        'scuttlebot_service_ready{service="blobs"}': "0.0",
        'scuttlebot_service_state{service="storage",state="ok"}': "1",
        "scuttlebot_log_position": "7",
        "scuttlebot_own_feed_locked": "1",
    }


def test_a_view_lags_by_what_it_lacks_and_never_less_than_nothing() -> None:
    state = {"views": {"types": 3, "query": 9}, "building": {"types": 2}}
    found = told(storage=STORAGE, indexing={"ready": True, "state": state})
    assert found['scuttlebot_view_lag_messages{view="types"}'] == "4"
    assert found['scuttlebot_view_lag_messages{view="query"}'] == "0"
    assert found['scuttlebot_view_building_position{view="types"}'] == "2"


def test_workers_count_for_themselves() -> None:
    first = {"ready": True, "state": {"refused": {"forged": 2}, "traffic": {"messagesIn": 5}}}
    second = {"ready": True, "state": {"refused": {"forged": 1}, "traffic": {"messagesIn": 6}}}
    found = told(replication=first, replication_2=second)
    name = "scuttlebot_replication_received_messages_total"
    assert found[f'{name}{{service="replication"}}'] == "5"
    assert found[f'{name}{{service="replication.2"}}'] == "6"
    name = "scuttlebot_replication_refused_total"
    assert found[f'{name}{{service="replication.2",reason="forged"}}'] == "1"


def test_services_in_one_process_tell_of_it_once() -> None:
    def health(started: float) -> dict[str, Any]:
        return {"ready": True, "state": {"process": {"started": started, "resident": 5}}}

    found = told(storage=health(1.5), peers=health(1.5), blobs=health(2.5))
    memory = {key for key in found if "resident" in key}
    name = "scuttlebot_process_resident_memory_bytes"
    assert memory == {f'{name}{{service="storage"}}', f'{name}{{service="blobs"}}'}
    assert not [key for key in found if "cpu" in key], "what a system does not tell is not told"


def test_what_the_bus_refused_is_told_and_too_many_reasons_are_not() -> None:
    bus = {"refused": {str(n): n for n in range(MAX_SAMPLES + 9)}}
    found = told(blobs={"ready": True, "state": {"bus": bus, "wants": "many"}})
    assert found['scuttlebot_bus_refused_total{service="blobs",reason="3"}'] == "3"
    assert sum("bus_refused" in key for key in found) == MAX_SAMPLES
    assert not [key for key in found if "wanted" in key]

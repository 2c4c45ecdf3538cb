"""Which programs supervisord runs."""

from configparser import RawConfigParser
from types import SimpleNamespace

from common.runtime.sources import data_file
from services.sbot.supervise import programs


def test_further_workers_are_the_program_of_the_first_with_a_number() -> None:
    configs = [SimpleNamespace(name=n, command=f"run {n}") for n in ("storage", "network", "api")]
    found = programs(configs, "storage network network.2 network.3")
    assert [(program.name, program.command) for program in found] == [
        ("storage", "run storage"),
        ("network", "run network"),
        ("network.2", "run network --worker 2"),
        ("network.3", "run network --worker 3"),
    ]
    assert configs[1].name == "network"


def test_whoever_starts_the_suite_runs_it() -> None:
    found = RawConfigParser()
    found.read(data_file("supervisord.conf"))
    assert "user" not in found["supervisord"]  # it would start for that user and for root alone

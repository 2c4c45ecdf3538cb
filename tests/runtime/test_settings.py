import json
from pathlib import Path

import msgspec
import pytest

from common.runtime import settings
from common.runtime.errors import SettingsError

KEY = "A" * 43 + "="


def load(tmp: Path, *argv: str, env: dict[str, str] | None = None) -> settings.Settings:
    return settings.load(list(argv), env or {}, home=tmp, here=tmp)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_defaults_are_those_of_the_main_network(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found.path == tmp_path / ".ssb"
    assert found.secret_path == tmp_path / ".ssb" / "secret"
    assert (found.port, found.ws_port, found.friends_hops) == (8008, 8989, 2)
    assert found.caps_shs.hex().startswith("d4a1cb88")
    assert found.caps_sign is None
    assert found.timers.ping == 300_000
    assert found.logging_level == "notice"
    assert found.local
    assert found.seeds == found.master == ()
    assert any(entry.host == "127.0.0.1" for entry in found.connections_incoming["net"])
    assert found.connections_incoming["unix"][0].transform == "noauth"


def test_the_secret_may_be_elsewhere(tmp_path: Path) -> None:
    assert load(tmp_path, env={"ssb_ownFeed__secret": "/elsewhere/s"}).secret_path == Path(
        "/elsewhere/s"
    )
    with pytest.raises(SettingsError, match=r"setting ownFeed\.secret: must be a text"):
        load(tmp_path, "--ownFeed.secret=")


@pytest.mark.parametrize(("flags", "host"), [((), ""), (("--host", "0.0.0.0"), "0.0.0.0")])
def test_a_name_for_the_world_is_public(tmp_path: Path, flags: tuple[str, ...], host: str) -> None:
    found = load(tmp_path, "--connections.external", "pub.example.org", *flags)
    for name, port in (("net", 8008), ("ws", 8989)):
        (entry,) = found.connections_incoming[name]
        assert (entry.host, entry.port, entry.external) == (host, port, ("pub.example.org",))
        assert "public" in entry.scope
    nobody = load(tmp_path, "--connections.external", "", *flags)
    assert all(entry.external == () for entry in nobody.connections_incoming["net"])


def test_flags_win_over_environment_over_files(tmp_path: Path) -> None:
    write(tmp_path / ".ssb/config", '{"port": 1, "friends": {"hops": 3}, "caps": {"sign": null}}')
    write(tmp_path / ".ssbrc", '{"port": 2}')
    write(tmp_path / "given", '{"port": 3, "seeds": "net:a:1~shs:x"}')
    assert load(tmp_path).port == 2
    assert load(tmp_path, "--config", "given").port == 3
    assert load(tmp_path, env={"ssb_config": "given"}).port == 3
    env = {"ssb_port": "4", "ssb_caps__sign": KEY, "ssb_local": "false", "ssb_": "x"}
    found = load(tmp_path, "--config", "given", env=env)
    assert (found.port, found.friends_hops, found.caps_sign) == (4, 3, bytes(32))
    assert found.seeds == ("net:a:1~shs:x",)
    assert not found.local
    assert load(tmp_path, "--port=5", "--", "--host", "127.0.0.1", env=env).port == 5
    assert load(tmp_path, "--port=5", "--", "--port", "6", env=env).port == 6


def test_a_sealed_file_says_everything(tmp_path: Path) -> None:
    whole = load(tmp_path, "--port", "7").document | {"sealed": True}
    write(tmp_path / "run/settings.json", json.dumps(whole))
    found = load(tmp_path, "--config", "run/settings.json", env={"ssb_port": "9"})
    assert found.port == 7
    assert "sealed" not in found.document


class Gossip(msgspec.Struct, rename="camel"):
    """What one service may ask of `gossip`, in a shape of its own."""

    connections: int


def test_force_is_said_by_flag_or_environment_and_no_file_keeps_it(tmp_path: Path) -> None:
    (tmp_path / ".ssb").mkdir()
    for name in (".ssb/config", ".ssbrc", "other"):
        (tmp_path / name).write_text('{"force": true, "local": false}')
    argv = ["--config", str(tmp_path / "other")]
    loaded = [settings.load(given, {}, tmp_path, tmp_path) for given in ([], argv)]
    assert ["force" in one.document for one in loaded] == [False, False]
    assert not any(one.local for one in loaded)
    assert settings.load(["--force"], {}, tmp_path, tmp_path).document["force"] is True
    forced = settings.load([], {"ssb_force": "1"}, tmp_path, tmp_path)
    assert forced.document["force"] == "1"


def test_a_service_types_its_own_section(tmp_path: Path) -> None:
    assert load(tmp_path).section("gossip", Gossip) == Gossip(connections=3)
    found = load(tmp_path, env={"ssb_gossip__connections": "7"})
    assert found.section("gossip", Gossip) == Gossip(connections=7)
    with pytest.raises(SettingsError, match=r"^setting gossip\.connections: Expected `int`"):
        load(tmp_path, "--gossip.connections", "many").section("gossip", Gossip)


def test_the_bus_goes_over_tcp_only_with_keys(tmp_path: Path) -> None:
    flag = ("--bus.endpoints.storage", "tcp://127.0.0.1:9001")
    found = load(tmp_path, *flag, "--bus.keys", "/keys")
    assert found.endpoint("storage") == "tcp://127.0.0.1:9001"
    assert found.endpoint("api").startswith("ipc:///")
    assert found.bus_keys == Path("/keys")
    assert load(tmp_path).bus_keys is None
    with pytest.raises(SettingsError, match=r"setting bus\.endpoints\.storage: .* needs bus\.keys"):
        load(tmp_path, *flag)
    with pytest.raises(
        SettingsError, match=r"setting bus\.endpoints\.api: must be tcp://HOST:PORT"
    ):
        load(tmp_path, "--bus.endpoints.api", "udp://x:1", "--bus.keys", "/keys")
    with pytest.raises(SettingsError, match="not a map of services"):
        load(tmp_path, "--bus.endpoints", "tcp://x:1")


def test_the_data_folder_may_hold_the_config(tmp_path: Path) -> None:
    write(tmp_path / "d/config", '{"port": 11, "path": "/elsewhere"}')
    write(tmp_path / ".ssb/config", '{"port": 12, "host": "127.0.0.1"}')
    found = load(tmp_path, "--path", str(tmp_path / "d"))
    assert (found.path, found.port, found.host) == (tmp_path / "d", 11, "127.0.0.1")


def test_the_application_name_names_the_folder(tmp_path: Path) -> None:
    write(tmp_path / ".test/config", '{"port": 13}')
    found = load(tmp_path, env={"ssb_appname": "test", "test_host": "127.0.0.2"})
    assert (found.path, found.port, found.host) == (tmp_path / ".test", 13, "127.0.0.2")


def test_comments_are_allowed_and_strings_kept(tmp_path: Path) -> None:
    write(tmp_path / ".ssb/config", '{ // why\n "seeds": ["net:h:1~shs:a//b"], /* \n */ "port": 1}')
    found = load(tmp_path)
    assert (found.seeds, found.port) == (("net:h:1~shs:a//b",), 1)


def test_incoming_connections_decide_host_and_port(tmp_path: Path) -> None:
    incoming = {
        "net": [
            {"scope": "device", "host": "127.0.0.1", "transform": "shs"},
            {"scope": ["public"], "host": "0.0.0.0", "port": 9, "external": "pub.example"},
        ]
    }
    write(tmp_path / ".ssb/config", json.dumps({"connections": {"incoming": incoming}}))
    found = load(tmp_path)
    assert (found.host, found.port) == ("0.0.0.0", 9)
    assert found.connections_incoming["net"][0].port == 8008
    assert found.connections_incoming["net"][1].external == ("pub.example",)
    assert "unix" not in found.connections_incoming


def test_a_place_to_listen_may_do_without_http(tmp_path: Path) -> None:
    incoming = {"ws": [{"host": "127.0.0.1", "http": False}, {"host": "127.0.0.1", "port": 9}]}
    write(tmp_path / ".ssb/config", json.dumps({"connections": {"incoming": incoming}}))
    assert [one.http for one in load(tmp_path).connections_incoming["ws"]] == [False, True]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"port": 1,\n "a" 2}', "damaged at line 2 column 6"),
        ("[1]", "not a JSON object"),
        ("port = 1", "damaged at line 1 column 1"),
        ("[" * 100_000, "nested too deeply"),
        (" " * (1 << 20) + "{}", "too large"),
        (f'{{"port": {"9" * 5000}}}', "damaged: Exceeds the limit"),
    ],
)
def test_a_damaged_file_is_named_with_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    write(tmp_path / ".ssb/config", text)
    with pytest.raises(SettingsError, match=complaint) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/.ssb/config: ")
    assert "\n" not in str(caught.value)


def test_a_number_beyond_doubles_is_refused(tmp_path: Path) -> None:
    write(tmp_path / ".ssb/config", f'{{"port": {"9" * 500}}}')
    with pytest.raises(SettingsError, match="port: must be a number"):
        load(tmp_path)


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / ".ssbrc").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(SettingsError, match=r"\.ssbrc: not UTF-8 text at byte 7"):
        load(tmp_path)
    (tmp_path / ".ssbrc").write_bytes(b" \n")
    with pytest.raises(SettingsError, match="absent: no such settings file"):
        load(tmp_path, "--config", "absent")
    (tmp_path / ".ssbrc").unlink()
    (tmp_path / ".ssbrc").symlink_to(tmp_path / ".ssbrc")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("flag", "complaint"),
    [
        ("--port=x", "port: must be a number, not 'x'"),
        ("--port=70000", "port: must be a port"),
        ("--port=-1", "port: must be a number"),
        ("--caps.shs=abc", "caps.shs: not base64"),
        ("--caps.shs=AAAA", "caps.shs: must be 32 bytes in base64, not 3"),
        ("--no-path", "path: must be a text"),
        ("--local=maybe", "local: must be true or false"),
        ("--logging.level=loud", "logging.level: must be one of"),
        ("--seeds=1", "seeds: must be a text or a list"),
        ("--friends.hops=many", "friends.hops: must be a number"),
        ("--path=~nobody-at-all", "'~nobody-at-all' is no path: "),
        ("--bus.dir=~nobody-at-all", "'~nobody-at-all' is no path: "),
        ("--path=a\0b", "is no path: a zero byte"),
        ("--path=\ud800", "is no path: "),
        ("--connections.incoming=1", "not a map of transports"),
        ("--connections.incoming.net=1", "not a list of maps"),
    ],
)
def test_a_wrong_value_names_its_setting(tmp_path: Path, flag: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load(tmp_path, flag)


def test_the_bus_lies_in_the_data_folder_unless_its_path_is_too_long(tmp_path: Path) -> None:
    near = load(tmp_path, "--path", "/x")
    assert near.endpoint("storage") == "ipc:///x/run/storage"
    far = load(tmp_path, "--path", "/" + "x" * 80)
    assert "/sbot-" in far.endpoint("storage")
    assert len(far.endpoint("replication")) < 95
    assert far.bus_dir == load(tmp_path, "--path", "/" + "x" * 80).bus_dir
    assert load(tmp_path, "--bus.dir", "/b").endpoint("api") == "ipc:///b/api"
    assert load(tmp_path, "--compact").endpoint("api") == "inproc://api"


def test_workers_have_names_and_each_process_is_one(tmp_path: Path) -> None:
    plain = load(tmp_path)
    assert plain.workers("network") == ("network",)
    assert plain.processes == plain.services
    flags = ("--workers.network", "2", "--workers.replication", "3")
    many = load(tmp_path, *flags)
    assert many.workers("network") == ("network", "network.2")
    assert many.workers("storage") == ("storage",)
    assert len(many.processes) == len(many.services) + 3
    assert many.endpoint("network.2").endswith("/network.2")
    assert load(tmp_path, *flags, "--worker", "2").own_name("network") == "network.2"
    assert load(tmp_path, *flags, "--compact").workers("network") == ("network",)
    with pytest.raises(SettingsError, match="flag worker: storage has 1, not 2"):
        load(tmp_path, *flags, "--worker", "2").own_name("storage")
    for wrong in ("0", "65", "1.5", "many"):
        with pytest.raises(SettingsError, match=r"workers\.network"):
            load(tmp_path, "--workers.network", wrong)


def test_a_worker_has_an_endpoint_of_its_own_on_another_host(tmp_path: Path) -> None:
    where = tmp_path / "chosen"
    endpoints = {"network.2": "tcp://10.0.0.5:9002"}
    where.write_text(json.dumps({"bus": {"keys": "/keys", "endpoints": endpoints}}))
    loaded = load(tmp_path, "--config", str(where), "--workers.network", "2")
    assert loaded.endpoint("network.2") == "tcp://10.0.0.5:9002"


def test_a_sealed_file_says_all_but_which_worker_this_is(tmp_path: Path) -> None:
    sealed = {**load(tmp_path, "--workers.network", "2").document, "sealed": True}
    where = tmp_path / "sealed"
    where.write_text(json.dumps(sealed))
    loaded = load(tmp_path, "--config", str(where), "--worker", "2", "--port", "1")
    assert (loaded.own_name("network"), loaded.port) == ("network.2", 8008)

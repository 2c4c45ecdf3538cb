"""The command as a process: what people read, and the exit codes that scripts look at."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.runtime import secret
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[3]


def sbot(home: Path, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.sbot", *argv],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=home,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    manifest = {"whoami": "sync", "log": "duplex", "gossip": {"peers": "sync"}, "publish": "async"}
    (tmp_path / ".ssb").mkdir()
    (tmp_path / ".ssb/manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_nobody_there_is_told_in_the_words_of_the_reference(home: Path) -> None:
    found = sbot(home, "whoami", "--", "--host", "127.0.0.1", "--port", "1")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == (
        "Error: Could not connect to ssb-server 127.0.0.1:1\n"
        'Use the "start" command to start it.\n'
        "Use --verbose option to see full error\n"
    )
    found = sbot(home, "whoami", "--verbose", "--", "--host", "127.0.0.1", "--port", "1")
    assert "secret: there is no such file" in found.stderr


def test_a_server_that_never_ran_has_no_manifest(tmp_path: Path) -> None:
    found = sbot(tmp_path, "whoami")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("Error: no manifest file")


def test_the_effective_configuration_is_printed(home: Path) -> None:
    found = sbot(home, "config", "--", "--host", "127.0.0.1", "--friends.hops=3")
    document = json.loads(found.stdout)
    assert found.returncode == 0
    assert document["friends"]["hops"] == 3
    assert document["path"] == str(home / ".ssb")
    assert document["connections"]["incoming"]["net"] == [
        {
            "host": "127.0.0.1",
            "port": 8008,
            "scope": ["device", "local", "public"],
            "transform": "shs",
        }
    ]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        ([], 0, "usage: sbot start"),
        (["--help"], 0, "usage: sbot start"),
        (["start", "--help"], 0, "usage: sbot start"),
        (["init", "--path", "d", "--help"], 0, "usage: sbot start"),
        (["whoami", "--help"], 0, "whoami # sync"),
        (["gossip"], 0, "peers\n"),
        (["nosuch"], 1, "missing command: nosuch\nwhoami|log|publish\ngossip: peers"),
        (["log"], 1, "missing command: createLogStream"),
    ],
)
def test_help_is_what_the_manifest_says(home: Path, argv: list[str], code: int, said: str) -> None:
    found = sbot(home, *argv)
    assert found.returncode == code
    assert said in found.stdout
    assert found.stderr == ""


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["whoami", "--", "--port", "x"], "sbot: setting port: must be a number"),
        (["publish", "."], "Error: standard input is no JSON"),
    ],
)
def test_a_mistake_is_told_in_one_line(home: Path, argv: list[str], said: str) -> None:
    found = sbot(home, *argv, stdin="{")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith(said)
    assert found.stderr.count("\n") == 1


def test_bus_keys_are_made_once(tmp_path: Path) -> None:
    made = sbot(tmp_path, "bus-keys", "keys", "friend")
    assert (made.returncode, made.stderr) == (0, "")
    assert {"storage", "network", "sbot", "friend"} <= set(made.stdout.split())
    assert (tmp_path / "keys/friend.key").stat().st_mode & 0o777 == 0o600
    assert sbot(tmp_path, "bus-keys", "keys", "friend", "other").stdout == "other\n"
    workers = ("--workers.network", "2", "--workers.replication", "2")
    assert sbot(tmp_path, "bus-keys", "keys", *workers).stdout == "network.2\nreplication.2\n"
    (tmp_path / "keys/friend.key").write_text("damaged")
    again = sbot(tmp_path, "bus-keys", "keys", "friend")
    assert again.returncode == 1
    assert again.stderr.startswith("sbot: keys/friend.key: is no key")
    assert "bus-keys FOLDER" in sbot(tmp_path, "bus-keys").stderr


def test_init_makes_an_identity_once(tmp_path: Path) -> None:
    first = sbot(tmp_path, "init", "--path", "d")
    assert first.returncode == 0
    assert first.stdout.endswith(".ed25519\n")
    assert sbot(tmp_path, "init", "--path", "d").stdout == first.stdout
    assert (tmp_path / "d/secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "d/scuttlebot/id").read_text() == first.stdout


def test_init_keeps_the_secret_where_the_settings_say_and_makes_the_keys_of_the_bus(
    tmp_path: Path,
) -> None:
    flags = ("--path", "d", "--ownFeed.secret", "s/secret", "--bus.keys", "k")
    made = sbot(tmp_path, "init", *flags)
    assert (made.returncode, made.stderr) == (0, "")
    assert secret.load(tmp_path / "s/secret").id == made.stdout.strip()
    assert not (tmp_path / "d/secret").exists()
    assert {"storage.key", "storage.pub", "sbot.key"} <= {
        f.name for f in (tmp_path / "k").iterdir()
    }
    before = (tmp_path / "k/storage.key").read_text()
    assert sbot(tmp_path, "init", *flags).stdout == made.stdout
    assert (tmp_path / "k/storage.key").read_text() == before


def test_a_suite_that_does_not_run_is_not_ready(tmp_path: Path) -> None:
    found = sbot(tmp_path, "ready", "--path", "d", "--port", "1")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "not ready: network\n"

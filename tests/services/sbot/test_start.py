"""The launcher with real processes: the service `api` alone, and services that cannot start."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.bus import keyring
from common.runtime import settings
from services.sbot import readiness
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[3]


class Launcher:
    """Starts `sbot start` on one data folder, and kills what is left at the end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "data"
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *argv: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.sbot", "start", "--path", str(self.folder), *argv],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "PYTHONPATH": str(ROOT),
                **env,
            },
            cwd=self.home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    def ready(self, *argv: str, **env: str) -> subprocess.Popen[str]:
        process = self.start("--services", "api", *argv, **env)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    def locked(self) -> bool:
        if not (self.folder / "lock").exists():
            return False
        with (self.folder / "lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def wait_unlocked(self) -> None:
        limit = time.monotonic() + PATIENCE_S
        while self.locked():
            assert time.monotonic() < limit
            time.sleep(0.05)


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    with tempfile.TemporaryDirectory(prefix="sb") as short:  # the bus stays in the data folder
        one = Launcher(Path(short))
        yield one
        for process in one.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
            one.wait_unlocked()


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_suite_ends_cleanly_within_seconds(launcher: Launcher, number: int) -> None:
    process = launcher.ready()
    (supervisor,) = children(process.pid)
    services = children(supervisor)
    assert len(services) == 1
    began = time.monotonic()
    process.send_signal(number)
    assert process.communicate(timeout=PATIENCE_S) == ("", "")
    assert time.monotonic() - began < 5
    assert process.returncode == 0
    assert not any(alive(pid) for pid in (supervisor, *services))
    assert not launcher.locked()


def test_who_is_ready_is_told_while_others_are_not(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher.ready()
    loaded = settings.load(["--path", str(launcher.folder)], {}, launcher.home, launcher.home)
    assert readiness.missing(loaded, ["api"]) == []
    monkeypatch.setattr(readiness, "CHECK_SECONDS", 0.2)
    assert readiness.missing(loaded, ["storage"]) == ["storage"]


def test_a_bus_over_tcp_needs_keys(launcher: Launcher) -> None:
    tcp = ("--bus.endpoints.api", f"tcp://127.0.0.1:{free_port()}")
    process = launcher.start("--services", "api", *tcp)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("sbot: setting bus.endpoints.api: tcp:// needs bus.keys")
    keys = launcher.home / "keys"
    process = launcher.start("--services", "api", *tcp, "--bus.keys", str(keys))
    assert f"{keys}/sbot.key: cannot be read" in process.communicate(timeout=PATIENCE_S)[1]
    keyring.make(keys, ["sbot"])
    process = launcher.start("--services", "api", *tcp, "--bus.keys", str(keys))
    assert f"{keys}/api.key: cannot be read" in process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 1


def test_a_bus_over_tcp_starts_with_keys(launcher: Launcher) -> None:
    keys = launcher.home / "keys"
    keyring.make(keys, ["sbot", "api"])
    where = f"tcp://127.0.0.1:{free_port()}"
    launcher.ready("--bus.endpoints.api", where, "--bus.keys", str(keys))


def test_the_settings_of_the_services_are_sealed_and_private(launcher: Launcher) -> None:
    process = launcher.ready("--port", "1234", ssb_friends__hops="3")
    sealed = launcher.folder / "run" / "settings.json"
    assert sealed.stat().st_mode & 0o777 == 0o600
    document = json.loads(sealed.read_text())
    assert (document["port"], document["friends"]["hops"], document["sealed"]) == (1234, "3", True)
    assert (launcher.folder / "secret").stat().st_mode & 0o777 == 0o600
    process.terminate()
    assert process.wait(PATIENCE_S) == 0


def test_a_second_start_leaves_the_first_alone(launcher: Launcher) -> None:
    first = launcher.ready()
    second = launcher.start("--services", "api")
    stdout, stderr = second.communicate(timeout=PATIENCE_S)
    assert (second.returncode, stdout) == (1, "")
    assert stderr.startswith(f"sbot: {launcher.folder}/lock: held by process {first.pid}: another")
    assert stderr.count("\n") == 1
    assert first.poll() is None
    first.terminate()
    assert first.wait(PATIENCE_S) == 0


def test_a_killed_launcher_takes_the_suite_with_it(launcher: Launcher) -> None:
    process = launcher.ready()
    (supervisor,) = children(process.pid)
    services = children(supervisor)
    process.kill()
    process.wait()
    launcher.wait_unlocked()
    assert not any(alive(pid) for pid in (supervisor, *services))


def test_a_killed_supervisor_ends_everything(launcher: Launcher) -> None:
    process = launcher.ready()
    (supervisor,) = children(process.pid)
    services = children(supervisor)
    os.kill(supervisor, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    limit = time.monotonic() + PATIENCE_S
    while any(alive(pid) for pid in services):
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_killed_service_is_started_again(launcher: Launcher) -> None:
    process = launcher.ready()
    (supervisor,) = children(process.pid)
    (service,) = children(supervisor)
    time.sleep(1.1)  # supervisor takes a service for started after one second
    os.kill(service, signal.SIGKILL)
    limit = time.monotonic() + PATIENCE_S
    while not (fresh := children(supervisor)) or fresh == [service]:
        assert time.monotonic() < limit
        time.sleep(0.05)
    process.terminate()
    _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "api was killed by SIGKILL after" in stderr
    assert "and is started again at once" in stderr


def test_a_service_that_cannot_start_ends_the_suite_with_its_line(launcher: Launcher) -> None:
    (launcher.folder / "run" / "api").mkdir(parents=True)
    process = launcher.start("--services", "api")
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stdout) == (1, "")
    assert "run/api" in stderr
    assert not launcher.locked()


def test_what_a_person_must_mend_ends_the_suite_at_once(launcher: Launcher) -> None:
    process = launcher.ready()
    (supervisor,) = children(process.pid)
    (service,) = children(supervisor)
    (launcher.folder / "secret").write_text("damaged meanwhile")
    os.kill(service, signal.SIGKILL)
    _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert f"sbot api: {launcher.folder}/secret: " in stderr


@pytest.mark.parametrize("name", ["secret", "config"])
def test_a_damaged_file_is_named_and_left_as_it_is(launcher: Launcher, name: str) -> None:
    launcher.folder.mkdir()
    (launcher.folder / name).write_text("{ damaged")
    process = launcher.start()
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stdout) == (1, "")
    assert stderr.startswith(f"sbot: {launcher.folder}/{name}: ")
    assert stderr.count("\n") == 1
    assert (launcher.folder / name).read_text() == "{ damaged"


def test_a_log_that_nobody_reads_stops_nothing(launcher: Launcher) -> None:
    process = launcher.ready("--logging.level", "debug")
    assert process.stderr
    process.stderr.close()
    process.terminate()
    assert process.wait(PATIENCE_S) == 0

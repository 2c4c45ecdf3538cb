"""Containers for real: podman with runc, an image that is built here, projects of podman-compose. Linux, as root.

No registry of images is asked: the base is made by debootstrap, once for a machine, and pip fetches the wheels outside.
"""

import fcntl
import json
import os
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.servers import ROOT

SERVICES = ("storage", "indexing", "replication", "peers", "blobs", "api", "network")
PACKAGES = ("podman", "runc", "debootstrap", "netavark", "aardvark-dns", "iptables")
"""What .ci/run installs where it is missing."""
PARTS = [Path("/usr/lib/podman"), Path("/usr/libexec/podman")]
"""Where podman keeps those that are on no path."""
BASE = "localhost/scuttlebot-test-base:bookworm"
LEFT_OUT = ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*"]
IMAGE = "localhost/scuttlebot-test"
STARTUP_CHECKS = (4, 4)
"""The podman that knows `start_interval`."""
PROCESSES = 4096
COMMAND_LIMIT_S = 900


class Podman:
    """The engine, with limits that this machine may set, and an own name for what is made."""

    def __init__(self, folder: Path) -> None:
        self.tag = secrets.token_hex(4)
        self.image = f"{IMAGE}:{self.tag}"
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self._limits = [f"nofile={files}:{files}", f"nproc={PROCESSES}:{PROCESSES}"]
        conf = folder / "containers.conf"
        limits = json.dumps(self._limits)
        conf.write_text(f'[containers]\ndefault_ulimits={limits}\n[engine]\nruntime="runc"\n')
        self.environment = {**os.environ, "CONTAINERS_CONF": str(conf)}

    def run(self, *words: str, check: bool = True, **options: Any) -> str:
        """What the command prints; a failure shows what it said."""
        return self.command(["podman", *words], check=check, **options)

    def command(
        self, words: Sequence[str], *, check: bool = True, stdin: str = "", **env: str
    ) -> str:
        """Any command with the engine's settings."""
        done = subprocess.run(
            words,
            env=self.environment | env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_LIMIT_S,
        )
        if check and done.returncode:
            pytest.fail(f"{' '.join(words)}: {done.stderr[-2000:] or done.stdout[-2000:]}")
        return done.stdout

    def succeeds(self, *words: str) -> bool:
        """Whether the command ends with 0."""
        done = subprocess.run(
            ["podman", *words], env=self.environment, capture_output=True, check=False
        )
        return done.returncode == 0

    @property
    def knows_startup_checks(self) -> bool:
        """Whether this podman is new enough for `start_interval`."""
        version = self.run("version", "--format", "{{.Client.Version}}").split(".")
        return (int(version[0]), int(version[1])) >= STARTUP_CHECKS

    def build(self, folder: Path) -> None:
        """The image of the checkout, under a name of this run; a second time from the layers of the first."""
        options = [option for limit in self._limits for option in ("--ulimit", limit)]
        settings = folder / "pip.conf"
        settings.write_text("[global]\nno-index = true\nfind-links = /mnt/wheels\n")
        with _lock():
            self._make_base()
            wheels = _wheels(folder)
            mounts = (f"{wheels}:/mnt/wheels:ro", f"{settings}:/etc/pip.conf:ro")
            given = [word for mount in mounts for word in ("--volume", mount)]
            for stage in ("build", "last"):  # each is named, so that what it replaces can go
                latest = f"{IMAGE}:{stage}"
                before = self.run("images", "--quiet", "--no-trunc", latest).split()
                self.run(
                    *("build", "--quiet", "--format", "docker", "--network", "none", *options),
                    *("--build-arg", f"BASE={BASE}", "--target", stage, "--tag", latest, *given),
                    str(ROOT),
                )
                if before != self.run("images", "--quiet", "--no-trunc", latest).split():
                    for old in before:
                        self.run("rmi", old, check=False)  # not one that is still in use
            self.run("tag", latest, self.image)

    def _make_base(self) -> None:
        """Debian with Python; skips where a container cannot be run."""
        if not self.succeeds("image", "exists", BASE):
            with tempfile.TemporaryDirectory(prefix="sb-base-") as root:
                words = ["debootstrap", "--variant=minbase", "--include=python3-venv", "bookworm"]
                self.command([*words, root])
                tar = Path(root).with_suffix(".tar")
                try:
                    packed = ["tar", "--directory", root, *LEFT_OUT, "--create", "--file", str(tar)]
                    self.command([*packed, "."])
                    self.run("import", "--quiet", str(tar), BASE)
                finally:
                    tar.unlink(missing_ok=True)
        tried = subprocess.run(
            ["podman", "run", "--rm", BASE, "true"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if tried.returncode:
            pytest.skip(f"podman cannot run containers here: {tried.stderr.strip()[-300:]}")


def require_podman() -> None:
    """Skips, saying why, where containers cannot be run; in CI, which installs what is needed, that fails."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("containers are run as root on Linux")
    missing = [
        name
        for name in PACKAGES
        if shutil.which(name) is None and not any((folder / name).exists() for folder in PARTS)
    ]
    if not missing:
        return
    reason = f"needs {', '.join(missing)}: apt-get install {' '.join(PACKAGES)}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"the containers must run in CI: {reason}")
    pytest.skip(reason)


class Project:
    """docker-compose.yml as podman-compose runs it, with ports of its own on 127.0.0.1."""

    def __init__(self, podman: Podman, folder: Path) -> None:
        self.podman = podman
        self.name = f"sbtest-{podman.tag}"
        self.port, self.ws_port = free_port(), free_port()
        changed: dict[str, Any] = {"image": podman.image, "pull_policy": "never"}
        text = json.dumps({"services": dict.fromkeys(SERVICES, changed)}, indent=1)
        if not podman.knows_startup_checks:
            check = '"healthcheck": {"start_interval": !reset null}, "image"'
            text = text.replace('"image"', check)
        self._override = folder / "override.yml"
        self._override.write_text(text)

    def compose(self, *words: str, stdin: str = "") -> str:
        """A command of podman-compose."""
        return self.podman.command(
            [
                *(sys.executable, "-m", "podman_compose", "--project-name", self.name),
                *("--file", str(ROOT / "docker-compose.yml"), "--file", str(self._override)),
                *words,
            ],
            stdin=stdin,
            SBOT_PORT=str(self.port),
            SBOT_WS_PORT=str(self.ws_port),
            SBOT_EXTERNAL="127.0.0.1",
        )

    def container(self, service: str) -> str:
        """Its name."""
        return f"{self.name}_{service}_1"

    def inside(self, service: str, *words: str) -> str:
        """What a command prints that is run in a service's container."""
        return self.podman.run("exec", self.container(service), *words)

    def sbot(self, *words: str) -> Any:
        """The answer of the command line, in the place where people are told to use it."""
        return json.loads(self.inside("network", "sbot", *words))

    def inspect(self, service: str) -> dict[str, Any]:
        """What podman knows of a container."""
        found = json.loads(self.podman.run("inspect", self.container(service)))[0]
        assert isinstance(found, dict)
        return found

    def pid(self, service: str) -> int:
        """The service's process, as seen from here; 0 while there is none."""
        return int(self.inspect(service)["State"]["Pid"])

    def kill(self, service: str) -> int:
        """Kills the service's process, and tells which it was."""
        pid = self.pid(service)
        assert pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_healthy(self, service: str) -> bool:
        """Whether its health check succeeds; run here, for without systemd podman runs none."""
        return self.podman.succeeds("healthcheck", "run", self.container(service))


@contextmanager
def project(podman: Podman, folder: Path) -> Iterator[Project]:
    """A project that leaves nothing behind."""
    made = Project(podman, folder)
    try:
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "5")


def _wheels(folder: Path) -> Path:
    """What the image needs, by its hashes, as pip is set up here to find it."""
    wheels = folder / "wheels"
    wanted = [
        word for name in ("", "-build") for word in ("-r", str(ROOT / f"requirements{name}.txt"))
    ]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes"),
            *("--only-binary", ":all:", "--python-version", "3.11", "--dest", str(wheels)),
            *wanted,
        ],
        check=True,
        capture_output=True,
    )
    return wheels


@contextmanager
def _lock() -> Iterator[None]:
    """One builds, the others wait."""
    with (Path(tempfile.gettempdir()) / "sbot-test-images.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

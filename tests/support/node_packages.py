"""Installs the npm packages of a test folder once, however many test workers ask."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

REQUIRED_NODE = 20


def node_version() -> int:
    """Major version of the Node on the path; 0 where there is none."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return 0
    text = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(text.lstrip("v").split(".", maxsplit=1)[0])


def require_node() -> None:
    """Skips the test, saying why, where Node 20 is missing; fails instead in CI, which has it."""
    found = node_version()
    if found >= REQUIRED_NODE:
        return
    reason = f"needs Node {REQUIRED_NODE} and npm, found {found or 'none'}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"interop tests must run in CI: {reason}")
    pytest.skip(reason)


def install(folder: Path) -> Path:
    """Runs `npm ci` in a folder with a lock file, unless that very lock file is installed already."""
    modules = folder / "node_modules"
    stamp = modules / ".installed"
    wanted = (folder / "package-lock.json").read_text()
    with (folder / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            done = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.fail(f"npm ci in {folder} failed:\n{done.stderr[-2000:]}")
            stamp.write_text(wanted)
    return modules

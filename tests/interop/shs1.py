"""`python -m tests.interop.shs1 SEED`: both roles of the secret handshake against npm's shs1-test."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEER = HERE / "shs1-npm"
_READY = PEER / "node_modules" / ".ready"
_TIMEOUT_S = 240
ROLES = {"client": "test-client.js", "server": "test-server.js"}


def missing() -> str | None:
    """Why shs1-test can not run on this machine, or None when it can."""
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"{' and '.join(absent)} missing" if absent else None


def install() -> None:
    """Install shs1-test as its lock file says, once; safe when several processes try."""
    lock_file = PEER / "package-lock.json"
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _READY.exists() and _READY.read_text() == lock_file.read_text():
            return
        subprocess.run(["npm", "ci"], cwd=PEER, check=True, timeout=_TIMEOUT_S)
        _READY.write_text(lock_file.read_text())


def run(role: str, seed: str) -> subprocess.CompletedProcess[str]:
    """Let shs1-test play against our `role`; exit code 0 means that every case passed."""
    # The programs are started by their #! line: this environment's Python first, and this tree's modules.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [
            "node",
            str(PEER / "node_modules" / "shs1-test" / ROLES[role]),
            str(HERE / f"shs1_{role}.py"),
            seed,
        ],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # our programs say there why they gave up, as they should
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )


def main(seed: str) -> int:
    reason = missing()
    if reason is not None:
        print(f"shs1-test needs Node: {reason}")
        return 1
    install()
    failed = False
    for role in ROLES:
        result = run(role, seed)
        print(result.stdout.strip())
        failed |= result.returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "1"))

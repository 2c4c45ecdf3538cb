"""Endpoints that are safe to bind: a folder of our own, a name that nobody else holds.

Knows the file system's side of `ipc://` (docs/bus.md, section 1); must never know messages. ZeroMQ
removes a socket file that is in its way without asking whose it is, so the name is held by a lock
on the file `NAME.lock` beside it. `Node.start` is the only caller.
"""

import fcntl
import ipaddress
import os
import re
import stat
from pathlib import Path

from common.bus.errors import EndpointError

ADDRESS = re.compile(r"[^\s/;]+:[0-9]{1,5}")
MAX_SOCKET_PATH = 107  # bytes in sockaddr_un, without the final zero


def is_tcp(endpoint: str) -> bool:
    """Say whether an endpoint needs keys."""
    return endpoint.startswith("tcp://")


def prepare(endpoint: str) -> Path | None:
    """Make the folder of an `ipc` endpoint with mode 0700; the path, or None for other kinds.

    Raises:
        EndpointError: another kind of endpoint, a path that is too long, or a folder that is
            not ours alone.
    """
    scheme, _, rest = endpoint.partition("://")
    if scheme == "inproc" and rest:
        return None
    if is_tcp(endpoint) and ADDRESS.fullmatch(rest):
        return None
    path = Path(rest)
    if scheme != "ipc" or not path.is_absolute():
        raise EndpointError(
            f"{endpoint}: only ipc:// with a whole path, tcp://HOST:PORT, or inproc://"
        )
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise EndpointError(f"{path}: longer than {MAX_SOCKET_PATH} bytes")
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise EndpointError(f"{folder}: {error.strerror}") from error
    if not stat.S_ISDIR(status.st_mode):
        raise EndpointError(f"{folder}: not a folder")
    if status.st_uid != os.geteuid():
        raise EndpointError(f"{folder}: belongs to user {status.st_uid}")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise EndpointError(f"{folder}: mode {mode:04o} lets others in, 0700 is needed")
    return path


def binding(endpoint: str) -> str:
    """Say where to bind an endpoint: a host that has a name and no address is bound on all addresses.

    The name is how others find this host; behind NAT, or in a container, none of its own addresses need have it.
    Who may come in is up to the keys.
    """
    if not is_tcp(endpoint):
        return endpoint
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return f"tcp://*:{port}"
    return endpoint


class Claim:
    """The right to bind a path, held until it is released or the process ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            EndpointError: another process, or another node of this one, holds it.
        """
        self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise EndpointError(f"{path}: another service is running there") from error

    def release(self) -> None:
        """Give it back; the lock file stays, so that nobody locks a file that is gone."""
        os.close(self._lock)

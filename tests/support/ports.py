"""Free ports on the loopback interface.

A port that the system chose and gave back is soon somebody else's: another test's, or one end of any connection. These lie
below those that the system gives out, and each belongs to one process until that ends, whatever runs beside it.
"""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

FIRST, LAST = 20_000, 32_000
"""Linux gives out 32,768 and above by itself; what is known by a number of its own lies below, nearly all of it."""
_given: set[int] = set()


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nothing listens, and which is given to nobody else."""
    for port in random.SystemRandom().sample(range(FIRST, LAST), LAST - FIRST):
        if port not in _given and _is_ours(port):
            _given.add(port)
            try:
                need_free(port)
            except RuntimeError:
                continue
            return port
    raise RuntimeError("no port is free")


def need_free(port: int) -> None:
    """Fails where somebody listens already: a server left over would answer in place of a new one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RuntimeError(f"port {port} is taken: was a server left over?") from error


@cache
def _table() -> IO[bytes]:
    """A file with a byte for each port: who has locked it has the port."""
    return (Path(tempfile.gettempdir()) / f"sbot-test-ports-{os.getuid()}").open("ab")


def _is_ours(port: int) -> bool:
    """Takes a port for as long as this process lives, unless another one has it."""
    table = _table()
    try:
        fcntl.lockf(table, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True

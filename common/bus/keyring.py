"""The key files of a bus over tcp: one pair for each name, in one folder (docs/bus.md, section 1).

Knows files, modes and Z85, ZeroMQ's text form of keys; must never know sockets. Who has a `NAME.pub`
in the folder of a service may call it. `Node.start` reads a keyring, `sbot bus-keys` makes the files.
"""

import os
import re
import stat
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from common.bus.errors import KeysError

NAME = re.compile("[a-z0-9_-][a-z0-9_.-]{0,59}")
KEY_TEXT = 40  # characters of 32 bytes in Z85
PUBLIC, SECRET = ".pub", ".key"


@dataclass(frozen=True)
class Keyring:
    """What one node holds: its own pair, and the public keys of all names it knows, in Z85."""

    folder: Path
    public: bytes
    secret: bytes = field(repr=False)
    known: Mapping[str, bytes]

    def public_of(self, name: str) -> bytes:
        """Give the key by which a service is known.

        Raises:
            KeysError: its file is missing.
        """
        try:
            return self.known[name]
        except KeyError:
            raise KeysError(f"{self.folder / name}{PUBLIC}: there is no such file") from None


def read(folder: Path, name: str) -> Keyring:
    """Read the pair of `name` and every public key in the folder.

    Raises:
        KeysError: a file is missing, damaged, or open to others; one line that names it.
    """
    secret = _read_secret(folder / f"{name}{SECRET}")
    public = zmq.curve_public(secret)
    try:
        files = sorted(folder.glob(f"*{PUBLIC}"))
        known = {file.stem: _key(file, file.read_bytes()) for file in files}
    except OSError as error:
        raise KeysError(f"{error.filename}: cannot be read: {error.strerror}") from error
    if known.get(name, public) != public:
        raise KeysError(f"{folder / name}{PUBLIC}: is not the public half of {name}{SECRET}")
    return Keyring(folder, public, secret, known)


def make(folder: Path, names: Sequence[str]) -> list[str]:
    """Make the pairs that are missing, and never touch one that is there; give the new names.

    Raises:
        KeysError: the folder or a file cannot be made, or a secret that is there cannot be used.
    """
    made = []
    for name in names:
        if not NAME.fullmatch(name):
            raise KeysError(f"{name!r}: is no name: lower case letters, digits, -, _ and .")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            path = folder / f"{name}{SECRET}"
            if path.exists():
                secret = _read_secret(path)
            else:
                _, secret = zmq.curve_keypair()
                _write(path, secret, 0o600)
                made.append(name)
            public = folder / f"{name}{PUBLIC}"
            if not public.exists():
                _write(public, zmq.curve_public(secret), 0o644)
    except OSError as error:
        raise KeysError(f"{error.filename}: cannot be made: {error.strerror}") from error
    return made


def _read_secret(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(KEY_TEXT * 2)
    except OSError as error:
        raise KeysError(f"{path}: cannot be read: {error.strerror}") from error
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise KeysError(f"{path}: mode {mode:04o} of user {status.st_uid}: must be 0600 and ours")
    return _key(path, text)


def _key(path: Path, text: bytes) -> bytes:
    key = text.strip()
    try:
        whole = len(key) == KEY_TEXT and bool(z85.decode(key))
    except (KeyError, struct.error):  # a sign that Z85 has not, five that are over 32 bits
        whole = False
    if not whole:
        raise KeysError(f"{path}: is no key: {KEY_TEXT} characters of Z85 are wanted")
    return key


def _write(path: Path, key: bytes, mode: int) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(number, "wb") as file:
        file.write(key + b"\n")

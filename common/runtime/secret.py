"""The `secret` file on disk: read it, or make it once and never touch it again.

Knows files and modes; what stands in the file is `common.crypto.secret_file`'s affair. `sbot start` makes the
file before any service runs; the services only read it. A lost or overwritten secret is a lost identity, so
nothing here ever writes over a file. A service in a container of its own that signs and opens nothing is not
shown the secret, only whose it is: `PATH/scuttlebot/id`, which `sbot init` writes.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from common.crypto import secret_file
from common.crypto.keys import SEED_BYTES, Keys, generate
from common.refs import FeedId, is_feed
from common.runtime.errors import StartError
from common.runtime.whole_file import flush_folder

ID_FILE = Path("scuttlebot", "id")
MAX_BYTES = 1 << 16  # a whole file of ssb-keys has 800: what is larger is something else


def load(path: Path) -> Keys:
    """The identity in the file.

    Raises:
        StartError: it is missing, unreadable or damaged; one line that names it.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        raise StartError(f"{path}: there is no such file") from None


def load_or_create(path: Path, seed: Callable[[int], bytes] = os.urandom) -> Keys:
    """The identity in the file, or a new one when there is no file (and only then).

    Raises:
        StartError: it is unreadable or damaged, or cannot be made; one line that names it.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        keys = generate(seed(SEED_BYTES))
    try:
        _write(path, secret_file.render(keys).encode("ascii"))
    except FileExistsError:
        return load(path)  # made by another start at the same moment
    except OSError as error:
        raise StartError(f"{path}: cannot be made: {error.strerror}") from error
    return keys


def own_id(path: Path, folder: Path) -> FeedId:
    """Whose server this is: by the secret, or where there is none to be seen by what `sbot init` left in the data folder.

    Raises:
        StartError: neither is there, or one is damaged; one line that names it.
    """
    if path.exists():
        return load(path).id
    told = folder / ID_FILE
    try:
        text = told.read_bytes()[:MAX_BYTES].decode("ascii", "replace").strip()
    except FileNotFoundError:
        raise StartError(f"{path}: there is no such file, and no {told} either") from None
    except OSError as error:
        raise StartError(f"{told}: cannot be read: {error.strerror}") from error
    if not is_feed(text):
        raise StartError(f"{told}: is damaged: no feed id; `sbot init` writes it anew")
    return text


def tell_id(folder: Path, own: FeedId) -> None:
    """Leave in the data folder whose server this is, for services that do not see the secret.

    Raises:
        StartError: the file cannot be written.
    """
    told = folder / ID_FILE
    fresh = told.with_suffix(".new")
    try:
        told.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_text(f"{own}\n")
        fresh.replace(told)
    except OSError as error:
        raise StartError(f"{told}: cannot be written: {error.strerror}") from error


def _read(path: Path) -> Keys:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StartError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise StartError(f"{path}: is no secret file: more than {MAX_BYTES} bytes")
    try:
        return secret_file.parse(data)
    except ValueError as error:
        raise StartError(f"{path}: is damaged: {error}; left as it is") from error


def _write(path: Path, data: bytes) -> None:
    """The whole file appears under its name or nothing does: a link never replaces what is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    finally:
        Path(name).unlink()
    flush_folder(path.parent)

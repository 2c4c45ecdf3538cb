"""Every setting of the suite, typed: the keys of ssb-config 3 under their own names, and ours.

Knows names, types and defaults of settings; never what a service does with them, and reads no file
itself (`sources` does). Called once by each process; what it hands out never changes.
"""

import base64
import binascii
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from common.runtime import interfaces, sources, workers
from common.runtime.errors import SettingsError

NET_PORT = 8008  # ssb-config's default ports
WS_PORT = 8989
KEY_SIZE = 32
MAX_ENDPOINT = 90  # bytes of a socket's path; the kernel ends at 107, and libzmq adds to it
LONGEST_NAME = workers.names("replication", workers.MAX_WORKERS)[-1]
ALL_SCOPES = ("device", "local", "public")
TCP = re.compile(r"tcp://[^\s/;]+:[0-9]{1,5}")
LEVELS = ("error", "warning", "notice", "info", "debug")

Section = TypeVar("Section")


class Incoming(msgspec.Struct, frozen=True):
    """One place to listen: an entry of `connections.incoming.<transport>`; `key` and `cert` are files, of wss.

    Without `http` one of `ws` answers nothing but WebSockets.
    """

    host: str = ""
    port: int = 0
    scope: tuple[str, ...] = ("device",)
    transform: str = "shs"
    external: tuple[str, ...] = ()
    key: str = ""
    cert: str = ""
    http: bool = True


class Timers(msgspec.Struct, frozen=True):
    """Times in milliseconds; 0 means never."""

    connection: float = 0
    reconnect: float = 5_000
    ping: float = 300_000
    handshake: float = 5_000
    inactivity: float = 600_000


class Limits(msgspec.Struct, frozen=True):
    """What strangers may use at most (docs/limits.md has the reasons)."""

    connections: float = 4_096
    connections_per_address: float = 1_024
    connections_per_key: float = 16
    handshakes: float = 512
    handshakes_per_address: float = 128
    calls_per_second: float = 100
    buffered_bytes: float = 268_435_456


class Settings(msgspec.Struct, frozen=True):
    """What a process may ask about its configuration.

    `document` is the whole effective configuration as JSON, unknown keys and all: what `sbot config`
    prints and where a service finds keys that nobody typed yet.
    """

    path: Path
    bus_dir: Path
    host: str
    port: int
    ws_port: int
    connections_incoming: dict[str, tuple[Incoming, ...]]
    caps_shs: bytes
    caps_sign: bytes | None
    friends_hops: int
    seeds: tuple[str, ...]
    master: tuple[str, ...]
    local: bool
    timers: Timers
    limits: Limits
    logging_level: str
    services: tuple[str, ...]
    compact: bool
    ignore_other_log: bool
    allow_private: bool
    document: dict[str, Any]
    bus_endpoints: dict[str, str] = {}
    bus_keys: Path | None = None
    worker_counts: dict[str, int] = {}
    worker: int = 1
    secret: Path | None = None

    def endpoint(self, service: str) -> str:
        """Tell where a service binds its ROUTER socket (docs/bus.md, section 1)."""
        if self.compact:
            return f"inproc://{service}"
        return self.bus_endpoints.get(service) or f"ipc://{self.bus_dir / service}"

    def section(self, name: str, shape: type[Section]) -> Section:
        """Give one map of the configuration the type that its only reader declares (`services/NAME/settings.py`).

        `shape` is a msgspec struct, `rename="camel"` where the field's names are; the defaults are in
        config/defaults.toml alone. Text from flags and environment becomes numbers and booleans.

        Raises:
            SettingsError: a value cannot be what its name says; the line names it.
        """
        try:
            return msgspec.convert(_find(self.document, name) or {}, shape, strict=False)
        except msgspec.ValidationError as error:
            reason, _, at = str(error).partition(" - at `$")
            raise SettingsError(f"setting {name}{at.rstrip('`')}: {reason}") from error

    def workers(self, service: str) -> tuple[str, ...]:
        """Tell the names on the bus of all processes of a service (docs/bus.md, section 1)."""
        return workers.names(service, 1 if self.compact else self.worker_counts.get(service, 1))

    @property
    def processes(self) -> tuple[str, ...]:
        """The names on the bus of all processes of the suite."""
        return tuple(name for service in self.services for name in self.workers(service))

    def own_name(self, service: str) -> str:
        """Tell which of a service's workers this process is.

        Raises:
            SettingsError: there are not so many.
        """
        names = self.workers(service)
        if self.worker > len(names):
            raise SettingsError(f"flag worker: {service} has {len(names)}, not {self.worker}")
        return names[self.worker - 1]

    @property
    def secret_path(self) -> Path:
        """The file that holds the key pair."""
        return self.secret or self.path / "secret"


def load(
    argv: list[str],
    env: Mapping[str, str] | None = None,
    home: Path | None = None,
    here: Path | None = None,
) -> Settings:
    """Read the settings from flags, environment and files, in the order that `sources` tells.

    Raises:
        SettingsError: a file or a value is wrong; one line that names it.
    """
    env = os.environ if env is None else env
    home = home or Path(env.get("HOME") or Path.home())
    return from_document(sources.collect(argv, env, home, here or Path.cwd()))


def from_document(document: dict[str, Any]) -> Settings:
    """Give a merged configuration its types.

    Raises:
        SettingsError: a value cannot be what its name says.
    """
    path = Path(os.path.abspath(sources.expand(_text(document, "path"))))  # noqa: PTH100  keeps links
    incoming = _incoming(document)
    first = _foremost(incoming.get("net", ()))
    timers = {k: _number(document, f"timers.{k}", 0) for k in Timers.__struct_fields__}
    whole = Limits()
    limits = {
        k: _number(document, f"limits.{k}", getattr(whole, k)) for k in Limits.__struct_fields__
    }
    return Settings(
        path=path,
        bus_dir=_bus_dir(document, path),
        host=first.host if first else "",
        port=first.port if first else _port(document, "port", NET_PORT),
        ws_port=_port(document, "ws.port", WS_PORT),
        connections_incoming=incoming,
        caps_shs=_key(document, "caps.shs"),
        caps_sign=_key(document, "caps.sign") if _find(document, "caps.sign") else None,
        friends_hops=int(_number(document, "friends.hops", 2)),
        seeds=_texts(document, "seeds"),
        master=_texts(document, "master"),
        local=_flag(document, "local", default=True),
        timers=Timers(**timers),
        limits=Limits(**limits),
        logging_level=_one_of(document, "logging.level", LEVELS),
        services=_texts(document, "services"),
        compact=_flag(document, "compact", default=False),
        ignore_other_log=_flag(document, "ignoreOtherLog", default=False),
        allow_private=_flag(document, "allowPrivate", default=False),
        document=document | {"path": str(path)},
        bus_endpoints=_bus_endpoints(document),
        bus_keys=sources.expand(_text(document, "bus.keys")) if _has_keys(document) else None,
        worker_counts={name: _worker(document, f"workers.{name}") for name in workers.MANY},
        worker=_worker(document, "worker"),
        secret=_file(document, "ownFeed.secret"),
    )


def _file(document: Mapping[str, Any], name: str) -> Path | None:
    """Read the path of a file; None where none is named."""
    if _find(document, name) is None:
        return None
    return Path(os.path.abspath(sources.expand(_text(document, name))))  # noqa: PTH100  keeps links


def _bus_dir(document: dict[str, Any], path: Path) -> Path:
    """Choose the folder of the bus: short enough for the path of a unix socket."""
    if named := _find(document, "bus.dir"):
        return sources.expand(str(named))
    folder = path / "run"
    if len(os.fsencode(folder / LONGEST_NAME)) <= MAX_ENDPOINT:
        return folder
    mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sbot-{os.getuid()}-{mark}"


def _has_keys(document: dict[str, Any]) -> bool:
    return _find(document, "bus.keys") is not None


def _bus_endpoints(document: dict[str, Any]) -> dict[str, str]:
    """Read which services are reached over tcp: with keys, or not at all."""
    given = _find(document, "bus.endpoints")
    if given is not None and not isinstance(given, dict):
        raise SettingsError("setting bus.endpoints: not a map of services")
    endpoints = {str(name): str(endpoint) for name, endpoint in (given or {}).items()}
    for name, endpoint in endpoints.items():
        if not TCP.fullmatch(endpoint):
            shown = _show(endpoint)
            raise SettingsError(
                f"setting bus.endpoints.{name}: must be tcp://HOST:PORT, not {shown}"
            )
        if not _has_keys(document):
            raise SettingsError(
                f"setting bus.endpoints.{name}: tcp:// needs bus.keys, a folder that"
                " `sbot bus-keys FOLDER` makes"
            )
    return endpoints


def _incoming(document: dict[str, Any]) -> dict[str, tuple[Incoming, ...]]:
    """Say where to listen: as `connections.incoming` says, or `host` and `port`, or everywhere.

    A name that the world knows us by (`connections.external`, for those without `incoming`) is public whatever
    addresses this machine has.
    """
    given = _find(document, "connections.incoming")
    if given is not None:
        if not isinstance(given, dict):
            raise SettingsError("setting connections.incoming: not a map of transports")
        return {str(name): _entries(document, str(name)) for name in given}
    external = _texts(document, "connections.external")
    host = _text(document, "host") if _find(document, "host") else ""
    hosts = {host: ALL_SCOPES} if host or external else _interfaces()
    ports = {"net": _port(document, "port", NET_PORT), "ws": _port(document, "ws.port", WS_PORT)}
    incoming = {
        name: tuple(
            Incoming(host=host, port=port, scope=scope, external=external)
            for host, scope in hosts.items()
        )
        for name, port in ports.items()
    }
    return incoming | {"unix": (Incoming(transform="noauth"),)}


def _interfaces() -> dict[str, tuple[str, ...]]:
    return {address: (interfaces.scope(address),) for address in interfaces.addresses()}


def _entries(document: dict[str, Any], transport: str) -> tuple[Incoming, ...]:
    """Read the list of one transport; a missing port is the transport's own."""
    name = f"connections.incoming.{transport}"
    entries = _find(document, name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(f"setting {name}: not a list of maps")
    ports = {"net": ("port", NET_PORT), "ws": ("ws.port", WS_PORT)}
    key, default = ports.get(transport, ("", 0))
    return tuple(
        Incoming(
            host=str(entry.get("host") or ""),
            port=_port(entry, "port", _port(document, key, default)),
            scope=_texts(entry, "scope") or ("device",),
            transform=str(entry.get("transform") or "shs"),
            external=_texts(entry, "external"),
            key=str(entry.get("key") or ""),
            cert=str(entry.get("cert") or ""),
            http=_flag(entry, "http", default=True),
        )
        for entry in entries
    )


def _foremost(entries: tuple[Incoming, ...]) -> Incoming | None:
    """Pick the widest entry, as ssb-config's get-net does: public, then local, then device."""
    names = (("public",), ("local", "private"), ("device",))
    return next((e for group in names for e in entries if set(group) & set(e.scope)), None)


def _find(document: Mapping[str, Any], name: str) -> Any:
    """Look up a dotted name; None where it is missing or null."""
    here: Any = document
    for part in name.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def _text(document: Mapping[str, Any], name: str) -> str:
    value = _find(document, name)
    if isinstance(value, bool | dict | list) or value in (None, ""):
        raise SettingsError(f"setting {name}: must be a text, not {_show(value)}")
    return str(value)


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Read a text or a list of texts."""
    value = _find(document, name)
    items = value if isinstance(value, list) else [] if value in (None, "", False) else [value]
    if not all(isinstance(item, str) for item in items):
        raise SettingsError(
            f"setting {name}: must be a text or a list of texts, not {_show(value)}"
        )
    return tuple(items)


def _number(document: Mapping[str, Any], name: str, default: float) -> float:
    """Read a number that is not negative; the environment gives it as text."""
    value = _find(document, name)
    if value is None:
        return float(default)
    try:
        number = float(value) if not isinstance(value, bool | dict | list) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number < 2**53:
        raise SettingsError(f"setting {name}: must be a number, not {_show(value)}")
    return number


def _port(document: Mapping[str, Any], name: str, default: int) -> int:
    number = _number(document, name, default)
    if not number.is_integer() or number > 65_535:
        raise SettingsError(f"setting {name}: must be a port, not {_show(_find(document, name))}")
    return int(number)


def _worker(document: Mapping[str, Any], name: str) -> int:
    """Read how many workers there are, or which one this is."""
    number = _number(document, name, 1)
    if not number.is_integer() or not 1 <= number <= workers.MAX_WORKERS:
        most, shown = workers.MAX_WORKERS, _show(_find(document, name))
        raise SettingsError(f"setting {name}: must be 1 to {most}, not {shown}")
    return int(number)


def _flag(document: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Read a boolean; flags and environment give it as text."""
    value = _find(document, name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if str(value) not in ("true", "false", "1", "0"):
        raise SettingsError(f"setting {name}: must be true or false, not {_show(value)}")
    return str(value) in ("true", "1")


def _one_of(document: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = _find(document, name)
    if value not in choices:
        raise SettingsError(f"setting {name}: must be one of {', '.join(choices)}")
    return str(value)


def _key(document: Mapping[str, Any], name: str) -> bytes:
    """Read a key of 32 bytes in base64."""
    try:
        raw = base64.b64decode(_text(document, name), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingsError(f"setting {name}: not base64") from error
    if len(raw) != KEY_SIZE:
        raise SettingsError(f"setting {name}: must be {KEY_SIZE} bytes in base64, not {len(raw)}")
    return raw


def _show(value: object) -> str:
    return "nothing" if value is None else repr(value)[:60]

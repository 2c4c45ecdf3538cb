"""The addresses this machine has, as the default for where to listen.

Knows the kernel's lists of addresses (Linux); elsewhere only the loopback is told. Called by the
settings when neither `host` nor `connections.incoming` says where to listen.
"""

import array
import contextlib
import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

SIOCGIFCONF = 0x8912
SIOCGIFBRDADDR = 0x8919
ENTRY = 40  # bytes of one struct ifreq on 64-bit Linux
MAX_ADDRESSES = 1024  # a machine with more says itself where to listen
IPV6_TABLE = Path("/proc/net/if_inet6")


def addresses() -> list[str]:
    """List the IPv4 and IPv6 addresses of this machine, those with a scope id left out."""
    return list(dict.fromkeys(["127.0.0.1", *_ipv4(), *_ipv6(IPV6_TABLE)]))


def scope(address: str) -> str:
    """Tell who can reach an address: `device`, `local` or `public` (ssb-config's incoming rule)."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_loopback:
        return "device"
    return "local" if parsed.is_private or parsed.is_link_local else "public"


def within(wanted: str) -> list[str]:
    """List the addresses of this machine that are of one scope."""
    return [address for address in addresses() if scope(address) == wanted]


def broadcasts() -> list[str]:
    """List the IPv4 addresses that reach everybody on a local network of this machine."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for entry in _entries(probe):
            if scope(_address(entry)) == "local":
                with contextlib.suppress(OSError):
                    answer = fcntl.ioctl(probe, SIOCGIFBRDADDR, entry)
                    found.append(_address(answer))
    return [address for address in dict.fromkeys(found) if address != "0.0.0.0"]  # noqa: S104  none


def _ipv4() -> list[str]:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            return [_address(entry) for entry in _entries(probe)]
    except OSError:
        return []


def _entries(probe: socket.socket) -> list[bytes]:
    """The kernel's list of IPv4 addresses: one struct ifreq each, the interface's name and the address."""
    buffer = array.array("B", bytes(ENTRY * MAX_ADDRESSES))
    request = struct.pack("iL", len(buffer), buffer.buffer_info()[0])
    size: int = struct.unpack("iL", fcntl.ioctl(probe, SIOCGIFCONF, request))[0]
    raw = buffer.tobytes()
    return [raw[at : at + ENTRY] for at in range(0, size, ENTRY)]


def _address(entry: bytes) -> str:
    return socket.inet_ntoa(entry[20:24])


def _ipv6(table: Path) -> list[str]:
    try:
        lines = table.read_text().splitlines()
    except OSError:
        return []
    found = [ipaddress.IPv6Address(bytes.fromhex(line.split()[0])) for line in lines if line]
    return [str(address) for address in found if not address.is_link_local]

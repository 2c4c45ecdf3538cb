"""What counts as one address of this machine: where a connection stands, and what can be lost under it.

Knows addresses as texts. Must never know who has which. Asked by who looks around, and by the rounds.
"""

from ipaddress import ip_address, ip_network

__all__ = ["network_of"]


def network_of(address: str) -> str | None:
    """An IPv4 address itself, the /64 of an IPv6 one, whose hosts change every day; None for the loopback, or none."""
    try:
        one = ip_address(address)
    except ValueError:
        return None
    if one.version == 6 and one.ipv4_mapped is not None:
        one = one.ipv4_mapped
    if one.is_loopback:
        return None
    return str(ip_network((int(one), 64), strict=False)) if one.version == 6 else str(one)

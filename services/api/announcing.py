"""What `deviceAddress.announce` publishes: where our device can be reached, and how likely.

Knows the content and the complaints of ssb-device-address 1.1; publishes nothing. Called by the handlers.
"""

from typing import Any

from common.bus import CallerError
from common.feed.javascript import is_number, text_of
from common.refs.legacy import is_address

__all__ = ["HELP", "announcement", "asked", "is_known", "needs_address"]

HELP: dict[str, Any] = {
    "description": "tell others where this device can be reached",
    "commands": {
        "getAddress": {
            "type": "async",
            "description": "the address that a feed announced last",
            "args": {"id": {"type": "FeedId", "description": "whose", "optional": False}},
        },
        "announce": {
            "type": "async",
            "description": "publish where this device can be reached",
            "args": {
                "availability": {
                    "type": "number",
                    "description": "how likely somebody answers there, 0 to 1; 0 takes the address back",
                    "optional": False,
                },
                "scope": {
                    "type": "string",
                    "description": "take our own address in this scope, `public` for one",
                    "optional": True,
                },
                "address": {
                    "type": "MultiServerAddress",
                    "description": "or this one",
                    "optional": True,
                },
                "recps": {
                    "type": "Array<FeedId>",
                    "description": "tell only these feeds",
                    "optional": True,
                },
            },
        },
    },
}


def asked(args: list[Any]) -> dict[str, Any]:
    """The options of `announce`.

    Raises:
        CallerError: there are none.
    """
    given = args[0] if args else None
    if not isinstance(given, dict):
        raise CallerError("Param 0 must by of type object")
    return given


def is_known(options: dict[str, Any], current: object) -> bool:
    """Whether exactly this is announced already."""
    return isinstance(current, dict) and all(
        current.get(name) == options.get(name) for name in ("address", "availability")
    )


def needs_address(options: dict[str, Any]) -> bool:
    """Whether our own address in the scope is to be announced."""
    return isinstance(options.get("scope"), str) and not _is_good(options.get("address"))


def announcement(options: dict[str, Any]) -> dict[str, Any]:
    """The content; one recipient may stand without a list around it, as the command line gives it.

    Raises:
        CallerError: the address is none, or the availability no number from 0 to 1.
    """
    address, availability = options.get("address"), options.get("availability")
    content: dict[str, Any] = {"type": "address"}
    recipients = options.get("recps")
    if recipients is not None:
        content["recps"] = [recipients] if isinstance(recipients, str) else recipients
    if is_number(availability) and availability == 0:
        return content | {"availability": 0}
    if not _is_good(address):
        raise CallerError(f"not a valid address:{text_of(address)}")
    if not (is_number(availability) and 0 <= availability <= 1):
        raise CallerError("availability must be number between 0 and 1 inclusive")
    return content | {"address": address, "availability": availability}


def _is_good(address: object) -> bool:
    return isinstance(address, str) and is_address(address)

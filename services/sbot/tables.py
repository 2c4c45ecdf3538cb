"""`sbot status`, `sbot peers`, `sbot feeds` and `sbot invites` as people read them on a terminal.

Knows what the methods give and how wide a terminal is; asks nobody. Called by `__main__`; in a pipe the same words give JSON.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

__all__ = ["Style", "feeds", "invites", "peers", "status"]

Mark = Literal["good", "bad", "dim", "plain"]
CODES: Final[Mapping[Mark, str]] = {"good": "32", "bad": "31", "dim": "2", "plain": ""}
GAP: Final = "  "
OWN_HOPS: Final = 0


class Style:
    """Whether there are colours, and how wide a line may be; a terminal without them has NO_COLOR set."""

    def __init__(self, *, colours: bool, width: int) -> None:
        self._colours = colours
        self._width = width

    @classmethod
    def of(cls, env: Mapping[str, str], width: int) -> "Style":
        """The style that an environment asks for (https://no-color.org)."""
        colours = not env.get("NO_COLOR") and env.get("TERM") != "dumb"
        return cls(colours=colours, width=max(width, 40))

    def marked(self, text: str, mark: Mark) -> str:
        """A text with a meaning."""
        code = CODES[mark]
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours and code and text else text

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[tuple[str, Mark]]], *, cut: bool = False
    ) -> str:
        """Columns as wide as they must be; with `cut` the last one ends with the line."""
        cells = [[_clean(text) for text, _ in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        if cut:
            room = self._width - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
            widths[-1] = min(widths[-1], max(room, 10))
        lines = [self._line([(name, "dim") for name in head], widths)]
        lines += [self._line(row, widths) for row in rows]
        return "\n".join(lines)

    def _line(self, row: Sequence[tuple[str, Mark]], widths: Sequence[int]) -> str:
        cut = [
            (_clean(text)[:width].ljust(width), mark)
            for (text, mark), width in zip(row, widths, strict=True)
        ]
        return GAP.join(self.marked(text, mark) for text, mark in cut).rstrip()


def status(told: Mapping[str, Any], style: Style) -> str:
    """The answer of `status`: service by service, then the views, then what is wrong."""
    services: Mapping[str, Mapping[str, Any]] = told.get("services", {})
    rows: list[list[tuple[str, Mark]]] = []
    wrong = []
    for name, one in services.items():
        state = str(one.get("state", "ok")) if one.get("ready") else "not ready"
        state = state if one.get("up") else "down"
        well = one.get("up") and one.get("ready") and state == "ok"
        rows.append([(name, "plain"), (state, "good" if well else "bad"), (_facts(one), "plain")])
        if why := one.get("why"):
            wrong.append(f"{name}: {why}")
    sync = told.get("sync", {})
    since = max(int(sync.get("since", 0)), 0)
    behind = {
        name: since - max(at, 0) for name, at in sync.get("plugins", {}).items() if at < since
    }
    text = "all views have seen it" if sync.get("sync") else _behind(behind)
    building = services.get("indexing", {}).get("building") or {}
    lines = [
        style.table(("service", "state", ""), rows, cut=True),
        "",
        f"log: {since:,} messages, {text}",
        *(f"rebuilding {name}: {at:,} of {since:,}" for name, at in building.items()),
        *(style.marked(line, "bad") for line in wrong),
    ]
    return "\n".join(lines)


def peers(told: Sequence[Mapping[str, Any]], names: Mapping[str, str], style: Style) -> str:
    """The answer of `gossip.peers`: those in contact first."""
    order = {"connected": 0, "connecting": 1}
    found = sorted(told, key=lambda one: order.get(str(one.get("state")), 2))
    rows: list[list[tuple[str, Mark]]] = [
        [
            (str(one.get("state") or "-"), "good" if one.get("state") == "connected" else "dim"),
            (names.get(str(one.get("key")), "")[:24], "plain"),
            (str(one.get("source") or ""), "dim"),
            (str(one.get("failure") or 0), "bad" if one.get("failure") else "dim"),
            (_when(one.get("stateChange")), "dim"),
            (str(one.get("address") or one.get("key")), "plain"),
        ]
        for one in found
    ]
    return style.table(("state", "name", "source", "failures", "since", "address"), rows)


def feeds(
    clock: Mapping[str, int], hops: Mapping[str, int], names: Mapping[str, str], style: Style
) -> str:
    """What is here of each feed, those nearest to us first."""
    far = max([*hops.values(), OWN_HOPS]) + 1
    order = sorted(clock, key=lambda feed: (abs(hops.get(feed, far)), -clock[feed]))
    rows: list[list[tuple[str, Mark]]] = [
        [
            (_hops(hops.get(feed)), "bad" if hops.get(feed, 0) < 0 else "plain"),
            (f"{clock[feed]:,}", "plain"),
            (names.get(feed, "")[:24], "good" if hops.get(feed) == OWN_HOPS else "plain"),
            (feed, "dim"),
        ]
        for feed in order
    ]
    return style.table(("hops", "messages", "name", "id"), rows)


def invites(told: Sequence[Mapping[str, Any]], style: Style) -> str:
    """The answer of `invite.list`, the newest first."""
    rows: list[list[tuple[str, Mark]]] = [
        [
            (str(one["state"]), "good" if one["state"] == "open" else "dim"),
            (f"{one.get('used', 0)} of {one['total']}", "plain"),
            (_when(one.get("created")), "dim"),
            (_when(one.get("expires")), "plain"),
            (str(one.get("label") or one.get("note") or "")[:30], "plain"),
            (str(one["id"]), "dim"),
        ]
        for one in reversed(told)
    ]
    return style.table(("state", "used", "made", "ends", "label", "id"), rows)


def _facts(one: Mapping[str, Any]) -> str:
    """The numbers and words that a service tells of itself."""
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
        for name, value in one.items()
        if name not in ("up", "ready", "state", "why", "position") and isinstance(value, int | str)
    )


def _behind(behind: Mapping[str, int]) -> str:
    if not behind:
        return "the views say nothing"
    worst = max(behind, key=lambda name: behind[name])
    return f"{len(behind)} views are behind, {worst} by {behind[worst]:,}"


def _hops(hops: int | None) -> str:
    return (
        "-" if hops is None else "blocked" if hops < 0 else "you" if hops == OWN_HOPS else str(hops)
    )


def _when(ms: object) -> str:
    if not isinstance(ms, int | float) or not ms:
        return ""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _clean(text: str) -> str:
    """Without what would move the cursor: names come from strangers."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )

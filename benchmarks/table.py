"""The table: a line for each figure, the kinds of server beside each other."""

from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure, Limits

# figure -> kind of server -> one value a run
Values = dict[str, dict[str, list[Figure]]]


def head(kinds: Sequence[str]) -> str:
    """The first line. A `ratio` is a figure of ours to ssb-server's, `of limit` how much of it ours reaches."""
    cells = "".join(f"{kind.removeprefix('scuttlebot '):>12}" for kind in kinds)
    ratios = f"{'ratio':>8}" * (len(kinds) - 1)
    return f"{'row':<17}{'figure':<36}{cells}{ratios}  of limit"


def lines(row: str, values: Values, kinds: Sequence[str], limits: Limits) -> list[str]:
    """The lines of one row."""
    return [_line(row, figure, found, kinds, limits) for figure, found in values.items()]


def limit_lines(limits: Limits) -> list[str]:
    """The row of limits: one value, of the machine."""
    return [f"{'limits':<17}{name:<36}{_number(value):>12}" for name, value in limits.items()]


def foreign_line(row: str, shares: dict[str, list[float]], kinds: Sequence[str]) -> str:
    """What others took of the machine while the row ran: the worst run of each kind."""
    cells = "".join(f"{max(shares[kind]):>12.0%}" for kind in kinds)
    return f"{row:<17}{'(foreign load)':<36}{cells}"


def _line(
    row: str, figure: str, found: dict[str, list[Figure]], kinds: Sequence[str], limits: Limits
) -> str:
    middle = {kind: median(f.value for f in each) for kind, each in found.items()}
    cells = "".join(f"{_number(middle.get(kind)):>12}" for kind in kinds)
    ratios = "".join(f"{_ratio(middle.get(kind), middle.get(kinds[0])):>8}" for kind in kinds[1:])
    return f"{row:<17}{figure:<36}{cells}{ratios}{_share(found.get(kinds[1]), limits)}"


def _ratio(ours: float | None, theirs: float | None) -> str:
    return f"{ours / theirs:.2f}" if ours is not None and theirs else "-"


def _share(ours: list[Figure] | None, limits: Limits) -> str:
    if not ours:
        return ""
    shares = [share for f in ours if (share := f.share(limits)) is not None]
    return f"  {median(shares):.0%} of {ours[0].limit}" if shares else ""


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"

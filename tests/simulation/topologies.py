"""Who may connect to whom, by name: pairs of numbers below n."""

from collections.abc import Callable
from random import Random

Pairs = list[tuple[int, int]]


def line(n: int, _: Random) -> Pairs:
    """Each to the next."""
    return [(k, k + 1) for k in range(n - 1)]


def ring(n: int, _: Random) -> Pairs:
    """A line whose ends meet."""
    return [(k, (k + 1) % n) for k in range(n)] if n > 2 else line(n, _)


def star(n: int, _: Random) -> Pairs:
    """All to one."""
    return [(0, k) for k in range(1, n)]


def mesh(n: int, _: Random) -> Pairs:
    """Each to each."""
    return [(j, k) for k in range(n) for j in range(k)]


def scattered(n: int, random: Random) -> Pairs:
    """A random tree and as many pairs again."""
    pairs = {(random.randrange(k), k) for k in range(1, n)}
    pairs |= {(min(p), max(p)) for p in (random.sample(range(n), 2) for _ in range(n))}
    return sorted(pairs)


def clusters(n: int, random: Random) -> Pairs:
    """Two dense groups and one bridge."""
    half = n // 2
    left, right = mesh(half, random), mesh(n - half, random)
    return [*left, *((half + j, half + k) for j, k in right), (half - 1, half)]


TOPOLOGIES: dict[str, Callable[[int, Random], Pairs]] = {
    "line": line,
    "ring": ring,
    "star": star,
    "mesh": mesh,
    "random": scattered,
    "clusters": clusters,
}

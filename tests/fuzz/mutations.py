"""Inputs for the suite's short run: seeds changed at random places, and tokens repeated without end."""

from collections.abc import Iterator, Sequence
from random import Random

from tests.fuzz.registry import Target

_MAX_SLICE = 64


def mutations(target: Target, count: int) -> Iterator[bytes]:
    """So many inputs, the same ones in each run."""
    random = Random(target.run.__name__)
    seeds = list(target.seeds())
    for _ in range(count):
        data = bytearray(random.choice(seeds))
        for _ in range(random.randint(1, 4)):
            _mutate(data, random, seeds, target.tokens)
        yield bytes(data[: target.max_bytes])


def repetitions(target: Target) -> Iterator[bytes]:
    """Each token as often as it fits, alone and within a seed: what is slower than its length shows here."""
    seeds = target.seeds()
    size = target.max_bytes
    for n, token in enumerate((*target.tokens, b"\0")):
        yield (token * (size // len(token) + 1))[:size]
        seed = seeds[n * len(seeds) // (len(target.tokens) + 1)]
        middle = len(seed) // 2
        room = max(0, size - len(seed))
        yield seed[:middle] + token * (room // len(token)) + seed[middle:]
    for seed in seeds[:: max(1, len(seeds) // 4)]:
        yield (seed * (size // (len(seed) or 1) + 1))[:size]


def _mutate(
    data: bytearray, random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]
) -> None:
    at = random.randint(0, len(data))
    end = at + random.randint(1, _MAX_SLICE)
    match random.randrange(6):
        case 0:
            data[at : at + 1] = random.randbytes(1)
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = data[at:end] * random.randint(1, 4)
        case 3:
            other = random.choice(seeds)
            start = random.randint(0, len(other))
            data[at:end] = other[start : start + _MAX_SLICE]
        case 4 if tokens:
            data[at:at] = random.choice(tokens) * random.randint(1, 3)
        case _:
            data[at:at] = random.randbytes(random.randint(1, 8))

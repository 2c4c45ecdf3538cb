"""`make fuzz`: atheris on one target, or on each in turn; what breaks a target becomes a file of its corpus.

Run as `python -m tests.fuzz [--seconds N] [TARGET ...]`. libFuzzer ends its process after a finding, so each
target has one of its own.
"""

import argparse
import subprocess
import sys

import atheris

from tests.fuzz import registry

WORK = registry.HERE.parent.parent / "build" / "fuzz"
# Coverage makes Python slower, and the machine may be busy: only what is far too slow is a finding here.
SLACK = 8.0
MAX_MEGABYTES = 1024
HARD_LIMIT_SECONDS = 20


def main() -> int:
    """Runs the targets named, or all; 1 when there were findings."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    asked = parser.parse_args()
    if asked.here:
        _fuzz(asked.targets[0], asked.seconds)
    known = registry.load()
    if unknown := set(asked.targets) - set(known):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    found = [name for name in asked.targets or known if not _run(name, asked.seconds)]
    print(f"findings in: {', '.join(found)}" if found else "no findings")
    return bool(found)


def _run(name: str, seconds: int) -> bool:
    print(f"== {name}", flush=True)
    command = [sys.executable, "-m", "tests.fuzz", "--here", "--seconds", str(seconds), name]
    return subprocess.run(command, check=False).returncode == 0


def _fuzz(name: str, seconds: int) -> None:
    """Never returns: libFuzzer ends the process."""
    with atheris.instrument_imports(include=["common", "services"], enable_loader_override=False):
        target = registry.load()[name]
    folder = WORK / name
    inputs, tokens = folder / "inputs", folder / "tokens"
    inputs.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(target.seeds()):
        (inputs / f"seed-{n}").write_bytes(seed)
    escaped = ("".join(f"\\x{byte:02x}" for byte in token) for token in target.tokens)
    tokens.write_text("".join(f'"{token}"\n' for token in escaped), "ascii")
    known = registry.CORPUS / name
    known.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={target.max_bytes}",
        f"-timeout={HARD_LIMIT_SECONDS}",
        f"-rss_limit_mb={MAX_MEGABYTES}",
        f"-artifact_prefix={known}/",
        *([f"-dict={tokens}"] if target.tokens else []),  # an empty one is an error
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], *options, str(inputs), str(known)],
        lambda data: registry.attempt(target, data, SLACK),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())

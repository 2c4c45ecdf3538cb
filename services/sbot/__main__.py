"""The command `sbot`: `sbot start` runs the suite."""

import sys

from common.runtime.errors import StartError
from services.sbot.start import start


def main() -> int:
    """Run the command line; give the exit code."""
    if sys.argv[1:2] != ["start"]:
        sys.stderr.write("usage: sbot start [--setting value]...\n")
        return 1
    try:
        return start(sys.argv[2:])
    except StartError as error:
        sys.stderr.write(f"sbot: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""`python -m amarvote.device --home DIR --api URL [--ca FILE] --voters FILE`: one device, watched by nobody."""

import argparse
import sys
from pathlib import Path

from amarvote.device.serving import REASONS_TO_STOP, serve
from amarvote.observability import logs

REFUSED = 3
"""Exit code: it would be of no use to start this device again."""


def main() -> int:
    """Serve all voters; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m amarvote.device")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--ca", type=Path, help="the service's certificate authority; the system's by default")
    parser.add_argument("--voters", type=Path, required=True)
    options = parser.parse_args()
    logs.set_up()
    try:
        serve(options.home, options.api, options.ca, options.voters)
    except REASONS_TO_STOP as problem:
        sys.stderr.write(f"{problem}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())

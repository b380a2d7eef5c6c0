"""`python -m stack`: the deployed service on this machine, until it is interrupted; or its check, with --check."""

import argparse
import signal
import sys
import time
from contextlib import closing

from stack import report
from stack.running import Stack, missing
from stack.voting import Election


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="hold an election through nginx, note memory, and end"
    )
    parser.add_argument("--ballots", type=int, default=300, metavar="N", help="of that election (default: 300)")
    parser.add_argument("--apis", type=int, default=1, metavar="N", help="processes of the API (default: 1)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="workers (default: 2)")
    options = parser.parse_args()
    lacking = missing()
    if lacking is not None:
        sys.stderr.write(f"Not installed here: {lacking}; tests/servers/install.sh installs it, as root.\n")
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Stack(apis=options.apis, workers=options.workers) as stack:
            sys.stdout.write(_whereabouts(stack))
            sys.stdout.flush()
            if options.check:
                return _check(stack, options.ballots)
            signal.pause()
    except KeyboardInterrupt:
        sys.stdout.write("Ended; everything is removed.\n")
    return 0


def _whereabouts(stack: Stack) -> str:
    files = " ".join(
        f"{name}={value}" for name, value in stack.environment.items() if name.startswith("AMARVOTE_")
    )
    parts = ", ".join(f"{name} {part.pid}" for name, part in stack.parts.items())
    inside = ", ".join(
        f"{part.name} {stack.url_of(part.name)}" for kind in ("api", "worker") for part in stack.of_kind(kind)
    )
    return (
        f"The service          {stack.url}, certified by {stack.ca}\n"
        f"Past nginx           {inside}\n"
        f"Prometheus           {stack.prometheus_url}\n"
        f"Secrets              {stack.secrets}\n"
        f"Logs                 {stack.logs}, {stack.nginx.access_log}\n"
        f"Processes            {parts}\n"
        f"Commands on it       {files} amarvote …\n"
        f"The doctor           doctor --api {stack.url} --ca {stack.ca} "
        f"--rabbitmq http://127.0.0.1:{stack.ports.rabbitmq_metrics}\n"
    )


def _check(stack: Stack, ballots: int) -> int:
    began = time.monotonic()
    with closing(Election(stack, stack.folder / "election", voters=ballots)) as election:
        totals = election.hold()
        verified = stack.amarvote("verify", election.record())
    sys.stdout.write(f"{ballots} ballots were counted: {totals}\n{verified.stdout}{verified.stderr}")
    if verified.returncode == 0:
        report.write(stack.memory.peaks, ballots, time.monotonic() - began)
        sys.stdout.write("Written anew from this: the tables of limits in docs/numbers.md and deploy/README.md.\n")
    return verified.returncode


if __name__ == "__main__":
    sys.exit(main())

"""`make load`: measure the service, print, write docs/numbers.md; ends with 1 where a target is missed."""

import argparse
import sys
import time

from amarvote.elections import officer
from bench.section import write_section
from bench.service import empty, voting
from bench.service.amounts import SHORT, Amounts
from bench.service.growing import Growing, growing
from bench.service.report import BEGIN, END, Results
from bench.service.running import ROOT, BenchError, Servers
from bench.service.sizes import Size, sizes
from bench.service.submitting import Submitting, ballots_needed, submitting
from bench.service.whole_election import whole_election
from servers.processes import ServerError

MISSING = 3


def main() -> int:
    """Everything, in about half an hour on two cores."""
    parser = argparse.ArgumentParser(prog="make load")
    parser.add_argument(
        "--short", action="store_true", help="a little of everything, to see that it works; writes nothing"
    )
    options = parser.parse_args()
    amounts = SHORT if options.short else Amounts()
    try:
        results = measure(amounts)
    except ServerError as problem:
        sys.stderr.write(f"{problem}\n")
        return MISSING
    except BenchError as problem:
        sys.exit(f"bench: {problem}")
    section = results.markdown(ROOT)
    sys.stdout.write(section + "\n")
    if options.short:
        return 0
    write_section(ROOT / "docs" / "numbers.md", section, BEGIN, END)
    return 0 if all(target.reached for target in results.targets()) else 1


def measure(amounts: Amounts) -> Results:
    """All figures, one after the other, on servers of their own."""
    began = time.monotonic()
    servers = Servers()
    try:
        _say("Chunks without cryptography …")
        overhead = empty.overhead(servers, amounts)
        fairness = empty.fairness(servers, amounts)
        depth = empty.depth(servers, amounts)
        taken, sized, grown = _ballots(servers, amounts)
        elections = []
        for ballots in amounts.ballots:
            _say(f"A whole election of {ballots:,} ballots …")
            elections.append(whole_election(servers, ballots))
        minutes = (time.monotonic() - began) / 60
        return Results(
            servers.version(), minutes, amounts, overhead, depth, fairness, taken, sized, grown, elections
        )
    finally:
        servers.close()


def _ballots(servers: Servers, amounts: Amounts) -> tuple[Submitting, list[Size], Growing]:
    """What is measured with ballots that are encrypted once."""
    number = ballots_needed(amounts)
    with servers.service() as service:
        _say(f"Encrypting {number} ballots …")
        polls = voting.Polls(service)
        stages = polls.open(number), polls.open(number), polls.open(number)
        file = service.folder / "ballots"
        voting.encrypt(stages[0], number, file)
        _say("Submitting them …")
        taken = submitting(service, stages, file, amounts)
        file.unlink()
        _say("Checking them, in chunks of several sizes …")
        for stage in stages:
            officer.pause(stage.service)
        sized = sizes(service, polls, stages[0], amounts)
        _say(f"One worker over {amounts.growth_chunks} chunks …")
        return taken, sized, growing(service, polls, stages, number, amounts)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())

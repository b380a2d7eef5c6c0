"""`python -m amarvote.guardian --home DIR --api ADDRESS --index I`: one guardian's agent, until the end.

The home holds `passphrase` and `token` (mode 0600), and everything the agent keeps. When the key ceremony asks for
it, the guardian compares the words in `words` with the other guardians and types the ones heard into `confirm`.
"""

import argparse
import logging
import sys
from pathlib import Path

from amarvote.electionguard.errors import ElectionGuardError
from amarvote.guardian.agent import Agent
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.key_files import read_passphrase
from amarvote.participants.files import HomeError, alone_in, private_folder, read_bounded
from amarvote.participants.service import AnswerError, Refused, Service

REASONS_TO_STOP = (GuardianError, ElectionGuardError, HomeError, Refused, AnswerError)

REFUSED = 3
"""Exit code: it would be of no use to start this agent again."""


def main() -> int:
    """Run the agent; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m amarvote.guardian")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--index", type=int, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    home = private_folder(options.home)
    with alone_in(home):
        try:
            token = read_bounded(home / "token", 1024).decode().strip()
            passphrase = read_passphrase(home / "passphrase")
            Agent(Service(options.api, token), options.index, home, passphrase).work()
        except REASONS_TO_STOP as problem:
            sys.stderr.write(f"{problem}\n")
            return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())

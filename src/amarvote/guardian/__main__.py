"""`python -m amarvote.guardian HOME`: one guardian's agent, until the end, watched by nobody.

The home holds `passphrase` (mode 0600) and the `invitation` with which the agent joins; beside that, everything it
keeps. When the key ceremony asks for it, the guardian compares the words in `words` with the other
guardians and types the ones heard into `confirm`.
"""

import argparse
import sys
from pathlib import Path

from amarvote.electionguard.errors import ElectionGuardError
from amarvote.guardian.agent import Agent
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.invitation import LARGEST, read_invitation
from amarvote.guardian.joining import join
from amarvote.guardian.key_files import read_passphrase
from amarvote.guardian.membership import membership_in, service_of
from amarvote.guardian.telling import Log
from amarvote.observability import logs
from amarvote.participants.files import HomeError, alone_in, private_folder, read_bounded
from amarvote.participants.service import FINAL

REASONS_TO_STOP = (GuardianError, ElectionGuardError, HomeError, *FINAL)

REFUSED = 3
"""Exit code: it would be of no use to start this agent again."""


def main() -> int:
    """Run the agent; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m amarvote.guardian")
    parser.add_argument("home", type=Path)
    home = private_folder(parser.parse_args().home)
    logs.set_up()
    with alone_in(home):
        try:
            passphrase = read_passphrase(home / "passphrase")
            membership = membership_in(home)
            if membership is None:
                text = read_bounded(home / "invitation", LARGEST).decode("utf-8", "replace")
                membership = join(home, read_invitation(text), passphrase).membership
            Agent(service_of(home, membership), membership.guardian, home, passphrase, Log()).work()
        except REASONS_TO_STOP as problem:
            sys.stderr.write(f"{problem}\n")
            return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())

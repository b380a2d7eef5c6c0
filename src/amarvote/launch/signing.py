"""`python -m amarvote.launch.signing PORT`: signs the boards of an installation, in whose folder it works.

Each election has a signer's home of its own, `signers/ELECTION`, with the token that the launcher put there. What
goes wrong with one of them stands in the log and is not tried again by this process; the others are signed on.
"""

import logging
import sys
import time
from pathlib import Path

from amarvote.participants import address
from amarvote.participants.files import HomeError
from amarvote.participants.service import AnswerError, Refused, Service
from amarvote.signer import agent
from amarvote.signer.home import Home, SignerError

log = logging.getLogger(__name__)

HOMES = "signers"


def main() -> None:
    """Sign until ended."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    service = f"http://127.0.0.1:{sys.argv[1]}"
    over: set[str] = set()
    while True:
        for token in sorted(Path(HOMES).glob("*/token")):
            election = token.parent.name
            if election not in over and _step(address.of_election(service, election), token.parent):
                over.add(election)
        time.sleep(agent.PAUSE_SECONDS)


def _step(election: str, folder: Path) -> bool:
    """Sign what is new; true where nothing more is to be signed."""
    try:
        home = Home(folder)
        asked = Service(election, home.token())
        try:
            return agent.step(asked, home)
        finally:
            asked.close()
    except (SignerError, HomeError, Refused, AnswerError) as problem:
        log.error("%s is not signed any more: %s", election, problem)  # noqa: TRY400 - a sentence, not a defect
        return True


if __name__ == "__main__":
    main()

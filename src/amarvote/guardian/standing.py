"""Where an election and its guardian stand, as the guardian is told."""

from dataclasses import dataclass
from pathlib import Path

from amarvote.guardian.confirmation import confirmed_in
from amarvote.participants.files import read_bounded

MEANINGS = {
    "ceremony": "The key ceremony is under way: it needs all guardians.",
    "ceremony_failed": "The key ceremony has failed. The officer has to begin anew, with a new election.",
    "setting_up": "All guardians have confirmed. The service checks the keys.",
    "ready": "The key is made; voting has not begun. There is nothing to do but to check the key.",
    "open": "Voting is open. There is nothing to do before it ends.",
    "closing": "Voting has ended; the last ballots are checked.",
    "counting": "The ballots are added up, all of them encrypted.",
    "waiting_for_guardians": "The count waits for its guardians to open it.",
    "decrypting": "The guardians open the totals.",
    "recording": "The totals are open; the record is being finished.",
    "verifying": "The record is being verified.",
    "published": "The results are published. This guardian's work is done.",
    "verification_failed": "The service's own check of the record failed; nothing is published. Ask the officer.",
}

RUN, CHECK = "run", "check"
NEXT = {"ceremony": RUN, "setting_up": RUN, "ready": CHECK, "waiting_for_guardians": RUN, "decrypting": RUN}
"""The command that a guardian needs next, where one is needed."""

LARGEST_NOTE = 4096


def meaning_of(state: str) -> str:
    """The sentence about a state of an election."""
    return MEANINGS.get(state, "The election is in a state that this version does not know.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in a guardian's home; the passphrase is not needed to see it.

    `key` is "none", "drawn" (for the ceremony) or "made". `verified`: chunks of the record, of how many; None
    before it began.
    """

    key: str
    confirmed: bool
    verified: tuple[int, int] | None
    refusal: str | None


def standing_in(home: Path) -> Standing:
    """Where the guardian of `home` stands."""
    drawn = "drawn" if (home / "ceremony-key.json").exists() else "none"
    refusal = None
    if (home / "refusal").exists():
        refusal = (
            read_bounded(home / "refusal", LARGEST_NOTE).decode("utf-8", "replace").partition("\n")[2].strip()
        )
    return Standing(
        "made" if (home / "key.json").exists() else drawn,
        confirmed_in(home),
        _verified(home / "verifying"),
        refusal,
    )


def _verified(shown: Path) -> tuple[int, int] | None:
    try:
        done, total = (int(number) for number in shown.read_text().split())
    except (OSError, ValueError):
        return None
    return done, total

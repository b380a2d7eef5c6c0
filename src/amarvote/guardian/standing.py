"""Where an election stands, as its guardians are told."""

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


def meaning_of(state: str) -> str:
    """The sentence about a state of an election."""
    return MEANINGS.get(state, "The election is in a state that this version does not know.")

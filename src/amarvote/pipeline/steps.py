"""Every phase in its order. Importing this module makes them known to `phases`, and the trial of no election."""

from amarvote.pipeline import (
    accepting,
    combining,
    counting,
    publishing,
    recording,
    runs,
    setting_up,
    trial,
    verifying,
)

__all__ = ["ORDER", "trial"]

ORDER = (
    setting_up.NAME,
    accepting.NAME,
    counting.AGGREGATE,
    counting.MERGE,
    publishing.PUBLISH,
    *runs.ROUNDS,
    combining.NAME,
    recording.NAME,
    verifying.VERIFY,
    verifying.MERGE,
)
"""As an election runs through them, for progress."""

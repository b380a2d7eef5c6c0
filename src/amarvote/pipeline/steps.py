"""Every phase in its order. Importing this module makes them all known to `phases`."""

from amarvote.pipeline import (
    accepting,
    combining,
    counting,
    publishing,
    recording,
    runs,
    setting_up,
    verifying,
)

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

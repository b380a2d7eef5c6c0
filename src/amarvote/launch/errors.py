"""Why a run does not start or does not end, as sentences for people."""


class WrongOptions(Exception):  # noqa: N818 - reads as what happened
    """The options do not go together; the message says which and what would do."""


class UnusableInput(Exception):  # noqa: N818
    """The manifest or the ballots cannot be used; the message lists every fault."""


class RunFailed(Exception):  # noqa: N818
    """The election did not come to its end; the message says where it stands and where to look."""


class RunParked(RunFailed):
    """The same, and resuming the run may bring it on."""

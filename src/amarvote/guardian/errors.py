"""Why a guardian's agent does not go on, as sentences for people."""


class GuardianError(Exception):
    """The agent stops; the message says what happened and what its guardian should do."""


class WrongPassphrase(GuardianError):  # noqa: N818 - reads as what happened
    """A sealed file does not open: the passphrase is another one, or the file was changed."""


class Alarm(GuardianError):  # noqa: N818
    """Something is wrong with the election, not with this machine: the guardian should talk to the others."""


class RefusedRun(GuardianError):  # noqa: N818
    """The agent gives no answer in this run, now or later."""

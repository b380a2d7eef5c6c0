"""Exit codes, and the errors that carry them."""

OK = 0
FINDINGS = 1
UNREADABLE = 2
USAGE = 64
INTERNAL = 70
INTERRUPTED = 130


class CommandError(Exception):
    """Ends a command with `code` and a sentence: what happened, and what to do."""

    code = INTERNAL


class UnreadableInput(CommandError):  # noqa: N818 - reads as what happened
    """The input is not a record, a manifest or ballots."""

    code = UNREADABLE


class UsageProblem(CommandError):  # noqa: N818
    """The command was asked for something that it does not do."""

    code = USAGE


class Interrupted(CommandError):  # noqa: N818
    """Somebody ended the command; `code` says by which signal, as shells do."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code

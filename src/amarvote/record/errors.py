"""What can go wrong with a record, as sentences for people."""

from amarvote.electionguard.errors import ElectionGuardError


class UnreadableRecord(ElectionGuardError):  # noqa: N818 - reads as what happened
    """What was given is not a record at all; the message says what it is instead."""


class RecordBelow(UnreadableRecord):
    """It is not a record, but its folder `folder` looks like one."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"there is one in {folder}")
        self.folder = folder


class NotCanonical(ElectionGuardError):  # noqa: N818
    """Bytes or a line that are not the one valid encoding of an item.

    `newer` tells that they hold something that this version of the format does not know; `code` is the finding
    that it makes.
    """

    def __init__(self, reason: str, *, newer: bool = False, code: str = "R.encoding") -> None:
        super().__init__(reason)
        self.reason = reason
        self.newer = newer
        self.code = code

    def inside(self, place: str) -> "NotCanonical":
        """The same fault, told from one level further out."""
        separator = " " if self.reason.startswith(("has ", "is ", "lacks ", "ends ", "holds ", "needs ")) else "."
        return NotCanonical(f"{place}{separator}{self.reason}", newer=self.newer, code=self.code)


class ContainerFault(ElectionGuardError):  # noqa: N818
    """The files of a record do not hold what their container promises (finding R.container)."""


class StructureProblem(ElectionGuardError):  # noqa: N818
    """A canonical item that lacks a part its section needs, or has one that we do not support.

    `code` is the check to report it under, for instance "13.structure".
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class RecordWriteError(ElectionGuardError):
    """The record cannot be written as asked: an item that no reader would take, or a place already taken."""

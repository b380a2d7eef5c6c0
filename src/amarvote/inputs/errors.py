"""What is wrong with an input, as sentences for people."""

from dataclasses import dataclass


class InputError(Exception):
    """The input cannot be used; the message says which file, which place in it, and what to do."""


class OutputError(InputError):
    """What is made cannot be written where it was asked for; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """One fault of a ballots file; `line` counts from 1, and is 0 for the file as a whole."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class BallotFileError(InputError):
    """A ballots file has faults: the first `len(faults)` of `total`, in the order of their lines."""

    def __init__(self, name: str, faults: list[LineFault], total: int) -> None:
        lines = [f"{name} cannot be used, nothing was encrypted. {total} fault{'s' if total != 1 else ''}:"]
        lines += [f"  {fault}" for fault in faults]
        if total > len(faults):
            lines.append(f"  … and {total - len(faults)} more; mend these first")
        super().__init__("\n".join(lines))
        self.faults = faults
        self.total = total

"""What a run is asked to be: numbers of everything, and whether they go together."""

from dataclasses import dataclass

from amarvote.launch.errors import WrongOptions
from amarvote.launch.wording import number_of

MOST_PROCESSES = 64
MOST_BALLOTS = 10_000_000
CHALLENGES_PER_VOTER = 10
"""A voter may challenge so often (rule 3)."""

MINIMUM_GROUP = 10
"""A contest with fewer ballots is not opened (rule 9)."""

QUORUM = 3

CHAINING = {"none": 0, "simple": 1}


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that stays the same when a run is resumed.

    `absent` guardians take part in the key ceremony and are not there for the decryption. `seed` draws voters and
    what they mark on ballots that they challenge; never a key, a nonce or a weight.
    """

    command: str
    workers: int
    devices: int
    guardians: int
    quorum: int
    absent: tuple[int, ...]
    challenged: int
    seed: int
    minimum_group: int
    ballots: int | None = None
    chaining: str | None = None

    @property
    def present(self) -> tuple[int, ...]:
        """The guardians who will decrypt, ascending."""
        return tuple(i for i in range(1, self.guardians + 1) if i not in self.absent)


def default_quorum(guardians: int) -> int:
    """Three of them, or all where there are fewer."""
    return min(QUORUM, guardians)


def default_absent(guardians: int, quorum: int) -> tuple[int, ...]:
    """All guardians that the quorum can do without: the last ones."""
    return tuple(range(quorum + 1, guardians + 1))


def read_absent(text: str) -> tuple[int, ...]:
    """`4,5` as numbers; `none` or nothing as nobody. WrongOptions where it is something else."""
    entries = [entry.strip() for entry in text.split(",")]
    if entries in ([""], ["none"]):
        return ()
    if not all(entry.isascii() and entry.isdecimal() and len(entry) < 6 for entry in entries):
        raise WrongOptions(f"--absent takes numbers of guardians such as 4,5, or none; not {text!r}.")
    numbers = sorted({int(entry) for entry in entries})
    if len(numbers) != len(entries):
        raise WrongOptions(f"--absent names a guardian twice: {text}.")
    return tuple(numbers)


def check(options: Options) -> None:
    """WrongOptions names the first option that cannot be."""
    _within("--workers", options.workers, 1, MOST_PROCESSES)
    _within("--devices", options.devices, 1, MOST_PROCESSES)
    _within("--guardians", options.guardians, 1, MOST_PROCESSES)
    _within("--quorum", options.quorum, 1, options.guardians, f"of {number_of(options.guardians, 'guardian')}")
    if options.ballots is not None:
        _within("--ballots", options.ballots, 1, MOST_BALLOTS)
    _within("--minimum-group", options.minimum_group, 1, MOST_BALLOTS)
    _within("--challenged", options.challenged, 0, MOST_BALLOTS * CHALLENGES_PER_VOTER)
    strangers = [i for i in options.absent if not 1 <= i <= options.guardians]
    if strangers:
        raise WrongOptions(f"--absent names guardian {strangers[0]}, but --guardians is {options.guardians}.")
    if len(options.present) < options.quorum:
        away = f"guardian{'s' if len(options.absent) > 1 else ''} {', '.join(map(str, options.absent))}"
        raise WrongOptions(
            f"Without {away} there are {len(options.present)}, but the quorum is {options.quorum}: nothing could "
            "be opened. Let fewer be absent, or lower the quorum."
        )
    if options.chaining is not None and options.chaining not in CHAINING:
        raise WrongOptions(f"--chaining is none or simple, not {options.chaining!r}.")


def check_challenged(options: Options, voters: int) -> None:
    """WrongOptions where the voters may not challenge so many ballots."""
    if options.challenged > voters * CHALLENGES_PER_VOTER:
        raise WrongOptions(
            f"--challenged {options.challenged} is too many for {number_of(voters, 'voter')}: each may challenge "
            f"{CHALLENGES_PER_VOTER} ballots."
        )


def _within(name: str, value: int, least: int, greatest: int, why: str = "") -> None:
    if not least <= value <= greatest:
        reason = f" ({why})" if why and value > greatest else ""
        raise WrongOptions(f"{name} must lie within {least} and {greatest}, not {value}{reason}.")

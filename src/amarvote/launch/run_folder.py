"""The folder of a run: what was asked, how far it came, and that only one launcher works in it."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from amarvote.launch.errors import WrongOptions
from amarvote.launch.options import Options
from amarvote.participants.files import PRIVATE_FOLDER, HomeError, read_bounded, write_durably

FORMAT = "amarvote run 1"
LARGEST_FILE = 1 << 20
STAGES = ("new", "prepared", "created", "finished")


@dataclass(frozen=True, slots=True)
class Progress:
    """`run.json`: the options, the stage reached, the seconds that launchers worked on it so far.

    And the SHA-256 of the files that it was given, in hex by the name of their option.
    """

    options: Options
    stage: str = "new"
    seconds: float = 0.0
    digests: Mapping[str, str] = field(default_factory=dict)


class RunFolder:
    """A run's folder, locked by this launcher."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self.path = path
        self.progress = progress

    @property
    def options(self) -> Options:
        """What the run was asked to be when it was started."""
        return self.progress.options

    def reached(self, stage: str) -> bool:
        """Has the run come as far as this?"""
        return STAGES.index(self.progress.stage) >= STAGES.index(stage)

    def reach(self, stage: str) -> None:
        """Note, on disk, that the run came as far as this."""
        self._write(replace(self.progress, stage=stage))

    def worked(self, seconds: float) -> None:
        """Note how long launchers have worked on the run in all."""
        self._write(replace(self.progress, seconds=seconds))

    def _write(self, progress: Progress) -> None:
        self.progress = progress
        content = {"format": FORMAT, **asdict(progress)}
        write_durably(self.path / "run.json", json.dumps(content, indent=1).encode())


def require_free(path: Path) -> None:
    """WrongOptions where `path` cannot become the folder of a new run: only itself is made, when it is missing."""
    with _usable(path):
        if not path.parent.is_dir():
            state = "not a folder" if path.parent.exists() else "missing"
            raise WrongOptions(
                f"{path} cannot be made: {path.parent} is {state}. Make that folder first, or choose another one."
            )
        if path.exists() and any(entry.name != "lock" for entry in path.iterdir()):
            raise WrongOptions(f"{path} holds something else than a run of AmarVote. Choose an empty folder.")


@contextmanager
def new_folder(path: Path, options: Options, digests: Mapping[str, str] | None = None) -> Iterator[RunFolder]:
    """Begin a run in `path`, which must be missing or empty; WrongOptions where it is not or cannot be made."""
    require_free(path)
    with _usable(path):
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    with _alone(path):
        require_free(path)
        folder = RunFolder(path, Progress(options, digests=digests or {}))
        with _usable(path):
            folder.reach("new")
        yield folder


@contextmanager
def existing_folder(path: Path) -> Iterator[RunFolder]:
    """Go on with the run in `path`; WrongOptions where it is finished, or another launcher is at it."""
    with _alone(path):
        progress = read_progress(path)
        if progress.stage == "finished":
            raise WrongOptions(
                f"The run in {path} is finished; choose another folder. Its record is in {path}/record."
            )
        yield RunFolder(path, progress)


def resolved(path: Path) -> Path:
    """The same place as an absolute path; WrongOptions where it leads nowhere."""
    with _usable(path):
        try:
            return path.resolve()
        except RuntimeError:
            raise WrongOptions(f"{path} is a link that leads to itself. Choose another folder.") from None


def holds_run(path: Path) -> bool:
    """True where a run was begun here; WrongOptions where nobody can look."""
    with _usable(path):
        return (path / "run.json").is_file()


def read_progress(path: Path) -> Progress:
    """What `run.json` says; WrongOptions where it is not ours."""
    try:
        content = json.loads(read_bounded(path / "run.json", LARGEST_FILE))
        if content.pop("format") == FORMAT and content["stage"] in STAGES:
            options = content.pop("options")
            options["absent"] = tuple(options["absent"])
            return Progress(Options(**options), **content)
    except HomeError as problem:
        raise WrongOptions(str(problem)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise WrongOptions(f"{path}/run.json is not of this version of AmarVote. Choose another folder.")


def free_folder(parent: Path, command: str) -> Path:
    """A name for a new run beside others: amarvote-demo-1, and so on."""
    number = 1
    with _usable(parent):
        while (parent / f"amarvote-{command}-{number}").exists():
            number += 1
    return parent / f"amarvote-{command}-{number}"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with ExitStack() as stack:
        with _usable(path):
            file = stack.enter_context((path / "lock").open("a"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongOptions(
                f"Another launcher works in {path}. Wait for it, or choose another folder."
            ) from None
        yield


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise WrongOptions(
            f"{path} cannot be the folder of a run: {problem.strerror}. Choose another one with --out."
        ) from None

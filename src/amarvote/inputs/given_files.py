"""Files that people name: regular ones only, so that no device or pipe is waited for or read for ever."""

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from amarvote.inputs.errors import InputError


def open_given(path: Path, largest: int | None = None) -> BinaryIO:
    """Open a regular file, of at most `largest` bytes where given; raises InputError naming it as given."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise InputError(f"{path} is missing. Look at its name.") from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise InputError(f"{path} cannot be read: {reason}.") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise InputError(f"{path} is not a regular file. Save what it holds in one.")
    if largest is not None and status.st_size > largest:
        os.close(descriptor)
        raise InputError(f"{path} is larger than {largest >> 20} MiB, the most that is read.")
    return os.fdopen(descriptor, "rb")


def copy_given(path: Path, copy: Path, largest: int | None = None) -> None:
    """Copy a file that somebody named; raises InputError as `open_given` does."""
    with open_given(path, largest) as source:
        try:
            with copy.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except OSError as problem:
            raise InputError(f"{path} cannot be copied to {copy}: {problem.strerror}.") from None

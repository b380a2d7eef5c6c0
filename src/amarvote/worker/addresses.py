"""The settings that say where the database and the broker are: an address each, or a file that holds it.

Every command that needs one reads it here. An address has a password in it; in a file, for its owner and group,
it is seen neither in the list of processes nor in anybody's environment.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

DATABASE = "AMARVOTE_DATABASE_URL"
BROKER = "AMARVOTE_BROKER_URL"

LONGEST = 4096
"""Bytes of an address."""


class AddressSettingError(Exception):
    """An address is set twice, or its file cannot be used; the message says which, and what to do."""


def file_of(setting: str) -> str:
    """The setting that names the file with the address."""
    return f"{setting}_FILE"


def address(setting: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """What DATABASE or BROKER says, itself or by its file; None where it is not set."""
    given, named = environment.get(setting), environment.get(file_of(setting))
    if given and named:
        raise AddressSettingError(f"Both {setting} and {file_of(setting)} are set; leave one of them out.")
    return _read(setting, Path(named)) if named else given or None


def _read(setting: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(LONGEST + 1)
    except OSError as problem:
        raise AddressSettingError(f"{file_of(setting)} names {path}: {problem.strerror}.") from None
    if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IRWXO:
        raise AddressSettingError(
            f"{path} holds a password, and everybody on this machine may use it; chmod 640 {path}, or stricter."
        )
    lines = content.splitlines()
    if len(lines) != 1 or len(content) > LONGEST or not content.isascii() or not lines[0].strip():
        raise AddressSettingError(f"{path} is to hold one line, the address, and nothing else.")
    return lines[0].decode("ascii").strip()

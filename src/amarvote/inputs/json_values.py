"""JSON from strangers: no key twice, no NaN, bounded in bytes, depth and digits; typed access to its values."""

import json
from pathlib import Path
from typing import Any

from amarvote.inputs.errors import InputError
from amarvote.inputs.given_files import open_given

LARGEST_ID = 2**31 - 1


class JsonError(ValueError):
    """A text is not the JSON that we accept; the message is a sentence without a place."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonError(f"the member {quoted(key)} stands twice in one object")
            seen.add(key)
    return members


def _constant(name: str) -> Any:
    raise JsonError(f"{name} is not a number")


def parse_json(text: str) -> Any:
    """The value of a JSON text; raises JsonError."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except JsonError:
        raise
    except json.JSONDecodeError as problem:
        line = f"line {problem.lineno}, " if "\n" in text else ""
        raise JsonError(f"not JSON: {problem.msg} at {line}column {problem.colno}") from None
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except ValueError:
        raise JsonError("a number has too many digits") from None


def read_bytes(path: Path, largest: int) -> bytes:
    """A file of at most `largest` bytes; raises InputError naming it."""
    with open_given(path, largest) as file:
        try:
            return file.read(largest)
        except OSError as problem:
            raise InputError(f"{path} cannot be read: {problem.strerror}.") from None


def json_of(name: str, data: bytes) -> Any:
    """The JSON value in the bytes of the file `name`, with or without a byte order mark; raises InputError."""
    try:
        return parse_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        raise InputError(f"{name} is not UTF-8 (byte {problem.start}). Export the file again.") from None
    except JsonError as problem:
        raise InputError(f"{name}: {problem}. Export the file again.") from None


def quoted(value: object, longest: int = 60) -> str:
    """A value as it may stand in a sentence: one line, short, nothing that a terminal would obey."""
    text = value if isinstance(value, str) else json.dumps(value)
    text = "".join(character if character.isprintable() else "�" for character in text)
    return f"“{text[:longest]}{'…' if len(text) > longest else ''}”"


class Members:
    """A JSON object with its place, whose members are asked for by type."""

    __slots__ = ("_members", "where")

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise InputError(f"{where}: an object was expected, not {_kind(value)}.")
        self._members = value
        self.where = where

    def integer(self, name: str, least: int = 0, greatest: int = LARGEST_ID) -> int:
        """A whole number within bounds."""
        value = self._members.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"{self.where}: {name} must be a whole number, not {_kind(value)}.")
        if not least <= value <= greatest:
            raise InputError(
                f"{self.where}: {name} is {quoted(value)}; it must lie within {least} and {greatest}."
            )
        return value

    def boolean(self, name: str) -> bool:
        """True or false."""
        value = self._members.get(name)
        if not isinstance(value, bool):
            raise InputError(f"{self.where}: {name} must be true or false, not {_kind(value)}.")
        return value

    def text(self, name: str) -> str:
        """A text, stripped of outer blanks; never empty."""
        value = self._members.get(name)
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{self.where}: {name} must be a text that is not empty, not {_kind(value)}.")
        return value.strip()

    def elements(self, name: str) -> list[Any]:
        """A list."""
        value = self._members.get(name)
        if not isinstance(value, list):
            raise InputError(f"{self.where}: {name} must be a list, not {_kind(value)}.")
        return value

    def member(self, name: str) -> "Members":
        """An object."""
        return Members(self._members.get(name), f"{self.where}, {name}")

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None


def _kind(value: object) -> str:
    match value:
        case None:
            return "absent"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "an empty text" if not value.strip() else "a text"
        case list():
            return "a list"
        case _:
            return "an object"

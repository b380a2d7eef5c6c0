"""Reading JSON that may be hostile, and collecting everything that is wrong with it, each with its place."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

MAX_BYTES = 16 * 2**20
"""The greatest manifest file that is looked at."""

MAX_VALUES = 1_000_000
"""The most values that are made of a file: an empty list takes three bytes there, and three hundred in memory."""

MAX_DEPTH = 64
"""The deepest nesting of objects and lists; the outermost is level 1."""

MAX_LABEL = 256
"""The longest identifier (label), in characters."""

MAX_TEXT = 1024
"""The longest name or other text, in characters."""

MAX_PROBLEMS = 1000
"""How many problems are written out; beyond that only their number is told."""

_NOT_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that no label or name may hold: controls, lone surrogates, line and paragraph separators."""


class Problems:
    """Sentences about one document, in the order of finding; true where there are any."""

    def __init__(self) -> None:
        self._sentences: list[str] = []
        self._untold = 0
        self.unreadable = False
        """True once the document as a whole could not be read."""

    def __bool__(self) -> bool:
        return bool(self._sentences)

    def add(self, sentence: str) -> None:
        """Note one problem."""
        if len(self._sentences) < MAX_PROBLEMS:
            self._sentences.append(sentence)
        else:
            self._untold += 1

    def sentences(self) -> list[str]:
        """All problems; of more than MAX_PROBLEMS the first ones and the number of the rest."""
        more = [f"and {self._untold} more problems"] if self._untold else []
        return self._sentences + more


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came more than once."""

    repeated: tuple[str, ...] = ()


class _NotANumber:
    """Stands where the document says NaN, Infinity or -Infinity, which JSON does not have."""

    def __init__(self, literal: str) -> None:
        self.literal = literal


def read_json(raw: bytes, problems: Problems) -> object:
    """The JSON value in `raw`; what is wrong with it goes into `problems`, which then may say `unreadable`.

    UTF-8 without byte order mark, no key twice in an object, no NaN, at most MAX_DEPTH levels, at most MAX_BYTES
    and MAX_VALUES.
    """
    document: object = None
    try:
        document = json.loads(
            _text(raw), object_pairs_hook=_object, parse_constant=_NotANumber, parse_int=_parse_int
        )
        _inspect(document, problems)
    except json.JSONDecodeError as error:
        reason = f"the file is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
    except RecursionError:
        reason = f"objects and lists are nested more than {MAX_DEPTH} levels deep"
    except _UnreadableError as error:
        reason = str(error)
    else:
        return document
    problems.add(reason)
    problems.unreadable = True
    return None


class _UnreadableError(Exception):
    """The file as a whole cannot be read; the message says why."""


def _text(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _UnreadableError(f"the file has {len(raw)} bytes; at most {MAX_BYTES} are read")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise _UnreadableError("the file begins with a byte order mark; save it as UTF-8 without one")
    # Each value but the first follows one of these; those inside of texts are counted as well.
    if sum(map(raw.count, (b",", b"[", b"{"))) >= MAX_VALUES:
        raise _UnreadableError(f"the file holds more than {MAX_VALUES} values")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _UnreadableError(f"the file is not UTF-8 (byte {error.start})") from None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        repeated: dict[str, None] = {}
        for key, _ in pairs:
            if key in seen:
                repeated[key] = None
            seen.add(key)
        result.repeated = tuple(repeated)
    return result


def _parse_int(digits: str) -> int | float:
    # No number of ours has more than ten digits; the float keeps hostile ones from costing quadratic time.
    return int(digits) if len(digits) <= 20 else float(digits)


def _inspect(document: object, problems: Problems) -> None:
    """Look at every value once, without recursion: depth, repeated keys, NaN."""
    stack: list[tuple[object, int, _Path | None]] = [(document, 1, None)]
    while stack:
        value, depth, path = stack.pop()
        if isinstance(value, _NotANumber):
            problems.add(f"{_written(path)}: {value.literal} is not JSON")
        if not isinstance(value, dict | list):
            continue
        if depth > MAX_DEPTH:
            raise _UnreadableError(f"objects and lists are nested more than {MAX_DEPTH} levels deep")
        if isinstance(value, _Object):
            for key in value.repeated:
                problems.add(f"{_written(path)}: the key {shown(key)} appears more than once")
        children = value.items() if isinstance(value, dict) else enumerate(value)
        stack.extend((child, depth + 1, (path, key)) for key, child in children if _may_matter(child))


def _may_matter(value: object) -> bool:
    return isinstance(value, dict | list | _NotANumber)


_Path = tuple[Any, str | int]
"""Where a value stands: (path of its parent or None, key or position)."""


def _written(path: _Path | None) -> str:
    steps = []
    while path is not None:
        path, step = path
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step[:MAX_LABEL]}")
    return ascii("$" + "".join(reversed(steps)))[1:-1]


def shown(value: object) -> str:
    """A value from the document as it may safely stand in a sentence: short, printable."""
    if isinstance(value, str):
        return repr(value[:60]) + ("…" if len(value) > 60 else "")
    if isinstance(value, _NotANumber):
        return value.literal
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return repr(value)


def _text_problem(text: str, longest: int) -> str | None:
    if len(text) > longest:
        return f"it has {len(text)} characters; at most {longest} are allowed"
    if any(unicodedata.category(character) in _NOT_TEXT for character in text):
        return "it holds a line break, tab, other control character or half of a surrogate pair"
    return None


class Place:
    """A place in the document, and the checks of what stands there; each returns a value to go on with."""

    def __init__(self, problems: Problems, where: str) -> None:
        self._problems = problems
        self._where = where

    def at(self, place: str) -> "Place":
        """A place one step further in."""
        return Place(self._problems, f"{self._where}, {place}" if self._where else place)

    def add(self, sentence: str) -> None:
        """Note a problem here."""
        self._problems.add(f"{self._where}: {sentence}" if self._where else sentence)

    def as_object(self, value: object, what: str) -> Mapping[str, Any] | None:
        """The members of a JSON object, or None."""
        if isinstance(value, dict):
            return value
        self.add(f"{what} must be an object, not {shown(value)}")
        return None

    def items(self, members: Mapping[str, Any], key: str, *, required: bool = True) -> list[Any]:
        """A list; where it is required, one with at least one entry."""
        value = members.get(key)
        if isinstance(value, list):
            if required and not value:
                self.add(f"{key} is empty")
            return value
        if value is not None:
            self.add(f"{key} must be a list, not {shown(value)}")
        elif required:
            self.add(f"{key} is missing")
        return []

    def integer(
        self, members: Mapping[str, Any], key: str, least: int, greatest: int, *, default: int | None = None
    ) -> int:
        """A whole number within bounds; `default` where it may be absent."""
        value = members.get(key)
        if value is None:
            if default is None:
                self.add(f"{key} is missing")
            return least if default is None else default
        if type(value) is int and least <= value <= greatest:
            return value
        self.add(f"{key} must be a whole number from {least} to {greatest}, not {shown(value)}")
        return least

    def position(self, members: Mapping[str, Any], position: int) -> None:
        """The member `index` must be the position in the list, counted from 1."""
        value = members.get("index")
        if value is None:
            self.add("index is missing")
        elif type(value) is not int or value != position:
            self.add(f"index must be the position {position}, not {shown(value)}")

    def text(self, members: Mapping[str, Any], key: str) -> str:
        """A required text of one line."""
        value = self.optional_text(members, key)
        if value is None and members.get(key) is None:
            self.add(f"{key} is missing")
        return value or ""

    def optional_text(self, members: Mapping[str, Any], key: str) -> str | None:
        """A text of one line, or None where it is absent (or was refused)."""
        value = members.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.add(f"{key} must be a string, not {shown(value)}")
            return None
        problem = _text_problem(value, MAX_TEXT)
        if problem:
            self.add(f"{key} {shown(value)}: {problem}")
            return None
        return value

    def label(self, members: Mapping[str, Any], key: str) -> str:
        """An identifier by the rules for labels (section 3.1.3): short, one line, no white space around it."""
        value = members.get(key)
        if value is None:
            self.add(f"{key} is missing")
            return ""
        if not isinstance(value, str):
            self.add(f"{key} must be a string, not {shown(value)}")
            return ""
        problem = _text_problem(value, MAX_LABEL)
        if not value:
            problem = "it is empty"
        elif value != value.strip():
            problem = "it has white space at its beginning or end"
        if problem:
            self.add(f"{key} {shown(value)}: {problem}")
        return value


class UniqueIds:
    """Notes the identifiers of one list and reports each that comes again."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._seen: set[str] = set()

    def note(self, identifier: str, place: Place) -> None:
        """Report `identifier` at `place` where it was there before; missing ones were reported already."""
        if identifier and identifier in self._seen:
            place.add(f"the {self._kind} {shown(identifier)} appears more than once")
        self._seen.add(identifier)

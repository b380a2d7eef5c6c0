"""Values that people and agents send, held against what they should be before anything is done with them."""

import json
from typing import Any

from amarvote.elections.errors import Unprocessable

LARGEST_NUMBER = 2**31 - 1
LONGEST_SENTENCE = 2000


def strict_json(data: bytes) -> Any:
    """The JSON value; Unprocessable where it is none, has a member twice, or a number that is none."""
    try:
        return json.loads(data, object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unprocessable("The body is not JSON, or has a member twice.") from None


def whole_number(value: Any, what: str) -> int:
    """A JSON number without a sign or fraction, of at most 31 bits; Unprocessable otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_NUMBER:
        raise Unprocessable(f"{what} is a whole number from 0 to {LARGEST_NUMBER}.")
    return value


def text_of(value: Any, what: str, longest: int = LONGEST_SENTENCE) -> str:
    """Text of 1 to `longest` bytes in UTF-8; Unprocessable otherwise, also for U+0000, or half a surrogate."""
    if not isinstance(value, str) or not 0 < len(_encoded(value)) <= longest or "\0" in value:
        raise Unprocessable(f"{what} is text of 1 to {longest} bytes.")
    return value


def sentence(value: Any) -> str:
    """The officer's reason, which is recorded."""
    return text_of(value, "The sentence that says why")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return b""


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(name)

"""What the models share."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from amarvote.elections.values import LARGEST_NUMBER, LONGEST_SENTENCE

Item = TypeVar("Item")


class Asked(BaseModel):
    """A body: nothing but its members, each of its own kind."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Shown(BaseModel):
    """An answer: nothing but its members."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Page(Shown, Generic[Item]):
    """Some entries, and where the next ones begin."""

    items: list[Item]
    next: int | str | None = Field(description="Ask again with `after` of this; null on the last page.")


Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["5f" * 32], description="32 bytes in hex.")]
Base64 = Annotated[str, Field(description="Bytes in standard base64.", examples=["X19fXw=="])]
Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
GuardianNumber = Annotated[int, Field(ge=1, le=1000, examples=[1], description="i of 1 to n.")]
Sentence = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_SENTENCE,
        examples=["Decided by the commission on 3 November."],
        description=f"Why, for the election's log: 1 to {LONGEST_SENTENCE} bytes of text.",
    ),
]
Seconds = Annotated[
    float, Field(description="Seconds since 1970 by the database's clock.", examples=[1793736000.0])
]
TokenValue = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        examples=["c0" * 32],
        description="A bearer token. It is shown this once; only its SHA-256 is kept.",
    ),
]

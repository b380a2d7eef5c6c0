"""Why the service refuses something: a class for each kind of answer, a sentence for people in each."""


class Refusal(Exception):  # noqa: N818 - reads as what happened
    """The service does not do what it was asked; the message says why and what to do."""


class NotFound(Refusal):
    """What was asked for is not there, or not public yet."""


class Conflict(Refusal):
    """It contradicts what was stored before, or the state of the election."""


class Unprocessable(Refusal):
    """What was sent is not what it should be; sending it again changes nothing."""


class Forbidden(Refusal):
    """The bearer of this token may not do this."""


class Unauthorized(Refusal):
    """No token, or one that this election does not know."""


class Unavailable(Refusal):
    """It cannot be done at this moment; the same asked again in `retry_after` seconds may be."""

    def __init__(self, sentence: str, retry_after: float = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class TooMany(Refusal):
    """Asked too often; one more is answered after `retry_after` seconds."""

    def __init__(self, sentence: str, retry_after: float) -> None:
        super().__init__(f"{sentence} Try again in {max(1, round(retry_after))} s.")
        self.retry_after = retry_after

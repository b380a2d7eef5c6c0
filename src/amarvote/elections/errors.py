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

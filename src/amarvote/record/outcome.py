"""What comes of a check of a record."""

from typing import Final


class Outcome:
    """What a report can say of a check."""

    PASSED: Final = "passed"
    FAILED: Final = "failed"
    NOT_APPLICABLE: Final = "not applicable"
    NOT_EVALUABLE: Final = "not evaluable"

import pytest

from amarvote.record.times import milliseconds, timestamp


@pytest.mark.parametrize("moment", [0, 1, 999, 1000, 1_791_468_187_412, 253_402_300_799_999])
def test_moments_survive(moment: int) -> None:
    held = timestamp(moment)
    assert held is not None
    assert milliseconds(held) == moment


def test_no_moment_stays_none() -> None:
    assert timestamp(None) is None


@pytest.mark.parametrize("moment", [-1, 253_402_300_800_000])
def test_moments_that_the_record_cannot_hold(moment: int) -> None:
    with pytest.raises(ValueError, match="outside the years 1970 to 9999"):
        timestamp(moment)

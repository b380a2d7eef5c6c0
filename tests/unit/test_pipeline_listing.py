from hypothesis import given
from hypothesis import strategies as st

from amarvote.pipeline.listing import list_entry

entry = st.tuples(
    st.integers(0, 2**40), st.binary(min_size=32, max_size=32), st.integers(1, 2**31 - 1), st.sampled_from([1, 2])
)


@given(entry, entry)
def test_place_bytes_weight_and_status_all_show(one, other):
    assert (list_entry(*one) == list_entry(*other)) == (one == other)

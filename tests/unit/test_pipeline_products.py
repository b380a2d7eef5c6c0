from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.aggregation import PartialTally
from amarvote.electionguard.parameters import P
from amarvote.electionguard.tallies import DecryptedTallyOption
from amarvote.pipeline.computing.products import pack, unpack
from amarvote.pipeline.computing.totals import pack_total, unpack_total
from amarvote.record.merkle import CompactRange, leaf

element = st.integers(1, int(P) - 1).map(mpz)
pairs = st.lists(st.tuples(element, element), min_size=1, max_size=3).map(tuple)
exponent = st.integers(0, 2**256 - 190)


@given(st.dictionaries(st.integers(1, 300), pairs, max_size=3), st.integers(0, 60), st.integers(0, 9))
def test_partial_tallies_come_back_as_they_were(products, first, ballots):
    partial = PartialTally(products, dict.fromkeys(products, 7), ballots, 2 * ballots)
    covered = CompactRange.of(first, [leaf(bytes((number,))) for number in range(ballots)])
    assert unpack(*pack(partial, covered)) == (partial, covered)


@given(st.integers(0, 2**63), element, exponent, exponent)
def test_totals_come_back_as_they_were(total, encoded, c, v):
    option = DecryptedTallyOption(3, "o3", total, encoded, c, v)
    assert unpack_total(3, "o3", pack_total(option)) == option

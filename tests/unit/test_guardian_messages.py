from collections.abc import Callable

import pytest
from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.challenged_ballots import NonceShare
from amarvote.electionguard.guardian_faults import MessageRefused
from amarvote.electionguard.guardian_messages import (
    read_commitments,
    read_nonce_shares,
    read_responses,
    read_reveals,
    write_commitments,
    write_nonce_shares,
    write_responses,
    write_reveals,
)
from amarvote.electionguard.joint_rounds import Reveal
from amarvote.electionguard.parameters import P, Q

elements = st.integers(1, int(P) - 1).map(mpz)
exponents = st.integers(0, int(Q) - 1)
FEW = 3


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=FEW))
def test_commitments(commitments: list[bytes]) -> None:
    assert read_commitments(1, write_commitments(commitments), len(commitments)) == commitments


@given(st.lists(st.builds(Reveal, elements, elements, elements), max_size=FEW))
def test_reveals(reveals: list[Reveal]) -> None:
    data = write_reveals(reveals)
    assert len(data) == 1536 * len(reveals)
    assert read_reveals(1, data, len(reveals)) == reveals


@given(st.lists(exponents, max_size=FEW))
def test_responses(responses: list[int]) -> None:
    assert read_responses(1, write_responses(responses), len(responses)) == responses


@given(st.lists(st.builds(NonceShare, elements, exponents, exponents), max_size=FEW))
def test_nonce_shares(shares: list[NonceShare]) -> None:
    data = write_nonce_shares(shares)
    assert len(data) == 576 * len(shares)
    assert read_nonce_shares(1, data, len(shares)) == shares


@pytest.mark.parametrize(
    ("read", "width"),
    [(read_commitments, 32), (read_reveals, 1536), (read_responses, 32), (read_nonce_shares, 576)],
)
def test_another_length_is_refused_in_the_senders_name(
    read: Callable[[int, bytes, int], object], width: int
) -> None:
    for length in (0, width, 2 * width - 1, 2 * width + 1, 3 * width):
        with pytest.raises(MessageRefused, match="Guardian 4: ") as caught:
            read(4, b"\1" * length, 2)
        assert caught.value.culprit == 4


ONE = mpz(1).to_bytes(512, "big")


@pytest.mark.parametrize("value", [mpz(0), P, P + 1, mpz(2**4096 - 1)])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_elements_out_of_range_are_never_reduced(value: mpz, position: int) -> None:
    parts = [ONE, ONE, ONE]
    parts[position] = value.to_bytes(512, "big")
    with pytest.raises(MessageRefused, match="between 1 and p - 1"):
        read_reveals(2, b"".join(parts), 1)
    with pytest.raises(MessageRefused, match="between 1 and p - 1"):
        read_nonce_shares(2, value.to_bytes(512, "big") + bytes(64), 1)


@pytest.mark.parametrize("value", [int(Q), 2**256 - 1])
def test_exponents_out_of_range_are_never_reduced(value: int) -> None:
    data = value.to_bytes(32, "big")
    for read, message in (
        (read_responses, data),
        (read_nonce_shares, ONE + data + bytes(32)),
        (read_nonce_shares, ONE + bytes(32) + data),
    ):
        with pytest.raises(MessageRefused, match="not below q"):
            read(2, message, 1)

from dataclasses import replace

import pytest
from gmpy2 import mpz

from amarvote.electionguard.ballots import BallotCommitments, ContestCommitments
from amarvote.electionguard.context import Context
from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.electionguard.parameters import P
from amarvote.record.commitments import (
    CommitmentsError,
    commitments_length,
    decode_commitments,
    encode_commitments,
)


@pytest.fixture(scope="module")
def context() -> Context:
    raw = manifest_bytes(
        "e",
        [
            {"id": "mayor", "choices": ["ada", "ben"], "contestDataBlocks": 2},
            {"id": "board", "choices": ["x"], "selectionLimit": 3, "optionSelectionLimit": 2},
        ],
        [{"id": "both", "contestIds": ["mayor", "board"]}, {"id": "one", "contestIds": ["board"]}],
    )
    return Context.derive(parse_manifest(raw), 3, 2, mpz(4), mpz(5))


def pairs(count: int, start: int) -> tuple[tuple[mpz, mpz], ...]:
    return tuple((mpz(start + 2 * j), mpz(start + 2 * j + 1)) for j in range(count))


BOARD = ContestCommitments((pairs(3, 100),), pairs(4, 200), None)
BOTH = BallotCommitments((ContestCommitments((pairs(2, 1), pairs(2, 5)), pairs(2, 9), P - 1), BOARD), mpz(300))


def test_commitments_survive_in_the_order_of_the_style(context: Context) -> None:
    data = encode_commitments(BOTH)
    assert len(data) == commitments_length(context, "both") == 512 * (4 + 4 + 4 + 1 + 6 + 8 + 1)
    assert decode_commitments(context, "both", data) == BOTH
    assert data[:1024] == element_bytes(1) + element_bytes(2)
    assert data[12 * 512 : 13 * 512] == element_bytes(P - 1)
    assert data[-512:] == element_bytes(300)
    one = BallotCommitments((BOARD,), mpz(1))
    assert decode_commitments(context, "one", encode_commitments(one)) == one


@pytest.mark.parametrize("cut", [0, 1, 512, 513])
def test_any_other_length_is_refused(context: Context, cut: int) -> None:
    data = encode_commitments(BOTH)
    wrong = data[:-cut] if cut else data + b"\0"
    with pytest.raises(CommitmentsError, match=f"have {len(data)} bytes, these have {len(wrong)}"):
        decode_commitments(context, "both", wrong)


@pytest.mark.parametrize("value", [mpz(0), P, P + 1])
def test_values_outside_are_refused(context: Context, value: mpz) -> None:
    data = encode_commitments(replace(BOTH, nonce=value))
    with pytest.raises(CommitmentsError, match="Commitment 28 of the ballot is not between 0 and p"):
        decode_commitments(context, "both", data)

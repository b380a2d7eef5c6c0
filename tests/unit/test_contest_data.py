import pytest
from gmpy2 import powmod
from hypothesis import given
from hypothesis import strategies as st

from amarvote.electionguard.contest_data import (
    contest_data_challenge,
    contest_data_nonce,
    decrypt_with_beta,
    decrypt_with_nonce,
    encrypt_contest_data,
    mask,
)
from amarvote.electionguard.parameters import G, P, Q
from ballot_samples import DATA_SECRET, JOINT_DATA_KEY, engine

H_I = b"\x0b" * 32
BALLOT_NONCE = b"\x0c" * 32


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_guardians_and_nonce_open_it(blocks: int) -> None:
    data = bytes(range(32 * blocks))
    nonce = contest_data_nonce(H_I, 4, BALLOT_NONCE)
    encrypted, a = encrypt_contest_data(engine(), JOINT_DATA_KEY, H_I, 4, data, nonce)
    assert len(encrypted.c1) == len(data)
    beta = powmod(encrypted.c0, DATA_SECRET, P)
    assert decrypt_with_beta(H_I, 4, encrypted, beta) == data
    assert decrypt_with_nonce(engine(), JOINT_DATA_KEY, H_I, 4, encrypted.c1, nonce) == (encrypted.c0, data)
    assert powmod(G, encrypted.v, P) * powmod(encrypted.c0, encrypted.c, P) % P == a
    assert contest_data_challenge(H_I, 4, a, encrypted.c0, encrypted.c1) == encrypted.c


def test_another_contest_ballot_or_nonce_does_not_open_it() -> None:
    data = b"\x11" * 64
    nonce = contest_data_nonce(H_I, 4, BALLOT_NONCE)
    encrypted, _ = encrypt_contest_data(engine(), JOINT_DATA_KEY, H_I, 4, data, nonce)
    beta = powmod(encrypted.c0, DATA_SECRET, P)
    assert decrypt_with_beta(H_I, 5, encrypted, beta) != data
    assert decrypt_with_beta(BALLOT_NONCE, 4, encrypted, beta) != data
    assert decrypt_with_beta(H_I, 4, encrypted, beta * beta % P) != data
    alpha, other = decrypt_with_nonce(engine(), JOINT_DATA_KEY, H_I, 4, encrypted.c1, nonce + 1)
    assert alpha != encrypted.c0
    assert other != data


def test_the_challenge_binds_everything() -> None:
    a, c0 = powmod(G, 2, P), powmod(G, 3, P)
    challenges = {
        contest_data_challenge(H_I, 1, a, c0, bytes(32)),
        contest_data_challenge(BALLOT_NONCE, 1, a, c0, bytes(32)),
        contest_data_challenge(H_I, 2, a, c0, bytes(32)),
        contest_data_challenge(H_I, 1, c0, a, bytes(32)),
        contest_data_challenge(H_I, 1, a, c0, bytes(64)),
    }
    assert len(challenges) == 5


def test_nonces_differ_by_ballot_and_contest() -> None:
    nonces = {
        contest_data_nonce(H_I, 1, BALLOT_NONCE),
        contest_data_nonce(H_I, 2, BALLOT_NONCE),
        contest_data_nonce(BALLOT_NONCE, 1, BALLOT_NONCE),
        contest_data_nonce(H_I, 1, H_I),
    }
    assert len(nonces) == 4
    assert all(0 <= nonce < Q for nonce in nonces)


@given(st.integers(1, 6), st.data())
def test_masking_twice_is_nothing(blocks: int, data: st.DataObject) -> None:
    plain = data.draw(st.binary(min_size=32 * blocks, max_size=32 * blocks))
    masked = mask(H_I, 3, plain)
    assert mask(H_I, 3, masked) == plain
    keys = mask(H_I, 3, bytes(32 * blocks))
    assert len({keys[i : i + 32] for i in range(0, len(keys), 32)}) == blocks


@pytest.mark.parametrize("length", [0, 1, 31, 33])
def test_only_whole_blocks(length: int) -> None:
    with pytest.raises(ValueError, match="Contest data comes in blocks of 32 bytes"):
        mask(H_I, 1, bytes(length))

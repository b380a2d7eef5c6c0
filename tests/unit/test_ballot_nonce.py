from dataclasses import replace

import pytest
from gmpy2 import powmod

from amarvote.electionguard.ballot_nonce import decrypt_ballot_nonce, encrypt_ballot_nonce, nonce_challenge
from amarvote.electionguard.parameters import G, P
from ballot_samples import DATA_SECRET, JOINT_DATA_KEY, engine

H_I = b"\x09" * 32
NONCE = bytes(range(32))


def test_the_guardians_key_opens_it() -> None:
    encrypted, _ = encrypt_ballot_nonce(engine(), JOINT_DATA_KEY, H_I, NONCE)
    beta = powmod(encrypted.c0, DATA_SECRET, P)
    assert decrypt_ballot_nonce(H_I, encrypted, beta) == NONCE
    assert encrypted.c1 != NONCE
    assert decrypt_ballot_nonce(H_I, encrypted, beta * JOINT_DATA_KEY % P) != NONCE
    assert decrypt_ballot_nonce(b"\x0a" * 32, encrypted, beta) != NONCE


def test_its_proof_holds_and_binds_everything() -> None:
    encrypted, a = encrypt_ballot_nonce(engine(), JOINT_DATA_KEY, H_I, NONCE)
    assert powmod(G, encrypted.v, P) * powmod(encrypted.c0, encrypted.c, P) % P == a
    challenges = {
        encrypted.c,
        nonce_challenge(b"\x0a" * 32, a, encrypted.c0, encrypted.c1),
        nonce_challenge(H_I, encrypted.c0, a, encrypted.c1),
        nonce_challenge(H_I, a, encrypted.c0, NONCE),
    }
    assert nonce_challenge(H_I, a, encrypted.c0, encrypted.c1) == encrypted.c
    assert len(challenges) == 4


def test_never_twice_the_same() -> None:
    first, a_first = encrypt_ballot_nonce(engine(), JOINT_DATA_KEY, H_I, NONCE)
    second, a_second = encrypt_ballot_nonce(engine(), JOINT_DATA_KEY, H_I, NONCE)
    assert first.c0 != second.c0
    assert first.c1 != second.c1
    assert a_first != a_second


@pytest.mark.parametrize("length", [0, 31, 33])
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="bytes cannot be masked with 32 bytes"):
        encrypt_ballot_nonce(engine(), JOINT_DATA_KEY, H_I, bytes(length))
    encrypted, a = encrypt_ballot_nonce(engine(), JOINT_DATA_KEY, H_I, NONCE)
    with pytest.raises(ValueError, match="bytes cannot be masked with 32 bytes"):
        decrypt_ballot_nonce(H_I, replace(encrypted, c1=bytes(length)), a)

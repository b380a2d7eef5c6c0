from dataclasses import replace

import pytest
from gmpy2 import mpz
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amarvote.electionguard.guardian_faults import MessageRefused, ShareRefused
from amarvote.electionguard.hashing import exponent_bytes
from amarvote.electionguard.key_ceremony import SharePair, share_for
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.share_encryption import (
    SHARE_BYTES,
    EncryptedShare,
    decrypt_share,
    encrypt_share,
    share_challenge,
    share_keys,
)
from guardian_samples import ENGINE, ceremony

q = int(Q)
HELD = ceremony()
H_P = HELD.context.h_p
RECEIVER = HELD.secrets[1]
KAPPA = HELD.keys[1].kappa


def sent(share: SharePair | None = None) -> EncryptedShare:
    return encrypt_share(ENGINE, H_P, 1, 2, KAPPA, share or share_for(HELD.secrets[0], 2))


def opened(encrypted: EncryptedShare) -> SharePair:
    return decrypt_share(ENGINE, H_P, RECEIVER.zeta, KAPPA, encrypted)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, q - 1), st.integers(0, q - 1))
def test_what_is_sent_arrives(vote: int, data: int) -> None:
    assert opened(sent(SharePair(vote, data))) == SharePair(vote, data)


def test_bytes_there_and_back() -> None:
    encrypted = sent()
    data = encrypted.to_bytes()
    assert len(data) == SHARE_BYTES == 640
    assert EncryptedShare.from_bytes(1, 2, data) == encrypted


@pytest.mark.parametrize("length", [0, SHARE_BYTES - 1, SHARE_BYTES + 1])
def test_another_length_is_refused_in_the_senders_name(length: int) -> None:
    with pytest.raises(MessageRefused) as caught:
        EncryptedShare.from_bytes(3, 2, bytes(length))
    assert caught.value.culprit == 3


def test_two_encryptions_of_one_share_differ() -> None:
    assert sent().c0 != sent().c0


@pytest.mark.parametrize(
    "change",
    [
        {"c1": bytes(64)},
        {"c": 5},
        {"v": 5},
        {"sender": 3},
        {"receiver": 3},
    ],
    ids=["mask", "challenge", "response", "another sender", "another receiver"],
)
def test_a_share_that_was_altered_names_its_sender(change: dict[str, int]) -> None:
    altered = replace(sent(), **change)
    with pytest.raises(ShareRefused, match="does not hold") as caught:
        opened(altered)
    assert caught.value.culprit == altered.sender


def test_a_share_of_another_election_is_refused() -> None:
    with pytest.raises(ShareRefused, match="does not hold"):
        decrypt_share(ENGINE, bytes(32), RECEIVER.zeta, KAPPA, sent())


@pytest.mark.parametrize(
    "change",
    [
        {"c0": mpz(0)},
        {"c0": P},
        {"c0": P + G},
        {"c0": P - 1},
        {"c": q},
        {"v": q},
    ],
    ids=["zero", "p", "above p", "order 2", "challenge q", "response q"],
)
def test_values_out_of_range_never_meet_the_secret(change: dict[str, int]) -> None:
    with pytest.raises(ShareRefused, match="outside its range") as caught:
        opened(replace(sent(), **change))
    assert caught.value.culprit == 1


def test_zero_passes_the_proof_and_is_refused_all_the_same() -> None:
    """C0 = 0 gives gamma = 0 whatever the challenge: only the membership test keeps it out."""
    c1 = bytes(64)
    zero = EncryptedShare(1, 2, mpz(0), c1, share_challenge(H_P, 1, 2, mpz(0), mpz(0), c1), 1)
    with pytest.raises(ShareRefused, match="outside its range"):
        opened(zero)


@pytest.mark.parametrize("numbers", [(q, 1), (1, q)])
def test_a_share_that_is_not_below_q_is_refused(numbers: tuple[int, int]) -> None:
    """A dishonest sender masks q itself, with a proof that holds."""
    xi, u = 101, 102
    alpha, beta, gamma = ENGINE.power(G, xi), ENGINE.power(KAPPA, xi), ENGINE.power(G, u)
    keys = b"".join(share_keys(H_P, 1, 2, KAPPA, alpha, beta))
    plain = b"".join(map(exponent_bytes, numbers))
    c1 = bytes(x ^ y for x, y in zip(plain, keys, strict=True))
    c = share_challenge(H_P, 1, 2, gamma, alpha, c1)
    with pytest.raises(ShareRefused, match="not a number below q") as caught:
        opened(EncryptedShare(1, 2, alpha, c1, c, (u - c * xi) % q))
    assert caught.value.culprit == 1

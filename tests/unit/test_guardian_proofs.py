import hmac

import pytest
from gmpy2 import powmod

from amarvote.electionguard import randomness
from amarvote.electionguard.guardian_proofs import (
    DATA_LABEL,
    VOTE_LABEL,
    announcements_of,
    key_challenge,
    prove_key,
)
from amarvote.electionguard.parameters import G, P, Q
from guardian_samples import ENGINE

H_P = bytes(range(32))
SECRETS = (11, 12, 13)
COMMITMENTS = tuple(powmod(G, secret, P) for secret in SECRETS[:2])
KAPPA = powmod(G, SECRETS[2], P)


def test_announcements_come_back_from_the_responses() -> None:
    proof = prove_key(ENGINE, H_P, VOTE_LABEL, 3, COMMITMENTS, KAPPA, SECRETS)
    announcements = announcements_of(ENGINE, COMMITMENTS, KAPPA, proof)
    assert len(proof.responses) == 3
    assert all(0 <= response < Q for response in proof.responses)
    assert key_challenge(H_P, VOTE_LABEL, 3, COMMITMENTS, KAPPA, announcements) == proof.challenge


@pytest.mark.parametrize(
    ("label", "guardian", "h_p"), [(DATA_LABEL, 3, H_P), (VOTE_LABEL, 4, H_P), (VOTE_LABEL, 3, bytes(32))]
)
def test_a_proof_holds_for_its_label_guardian_and_election_only(label: bytes, guardian: int, h_p: bytes) -> None:
    proof = prove_key(ENGINE, H_P, VOTE_LABEL, 3, COMMITMENTS, KAPPA, SECRETS)
    announcements = announcements_of(ENGINE, COMMITMENTS, KAPPA, proof)
    assert key_challenge(h_p, label, guardian, COMMITMENTS, KAPPA, announcements) != proof.challenge


def test_nonces_are_fresh() -> None:
    proofs = [prove_key(ENGINE, H_P, VOTE_LABEL, 3, COMMITMENTS, KAPPA, SECRETS) for _ in range(2)]
    assert proofs[0] != proofs[1]


def test_the_challenge_hashes_1548_bytes_for_a_quorum_of_one() -> None:
    """12 + 2 (k + 1) 512 bytes: tag, label, index, then K_{i,0}, kappa, h_{i,0}, h_{i,1}."""
    elements = [powmod(G, x, P) for x in (3, 4, 5, 6)]
    message = b"\x10pk_vote\0\0\0\2" + b"".join(int(x).to_bytes(512, "big") for x in elements)
    assert len(message) == 12 + 2 * 2 * 512
    expected = int.from_bytes(hmac.digest(H_P, message, "sha256"), "big") % int(Q)
    assert key_challenge(H_P, VOTE_LABEL, 2, elements[:1], elements[1], elements[2:]) == expected


def test_secret_exponents_take_the_constant_time_path(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    true_powers = ENGINE.secret_powers
    monkeypatch.setattr(ENGINE, "secret_powers", lambda b, e: asked.extend(e) or true_powers(b, e))
    monkeypatch.setattr(randomness, "random_q", iter((101, 102, 103)).__next__)
    prove_key(ENGINE, H_P, VOTE_LABEL, 3, COMMITMENTS, KAPPA, SECRETS)
    assert asked == [101, 102, 103]

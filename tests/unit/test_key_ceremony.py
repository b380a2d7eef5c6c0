from dataclasses import replace

import pytest

from amarvote.electionguard.guardian_faults import GuardianFault, KeyRefused, ShareRefused
from amarvote.electionguard.key_ceremony import (
    SharePair,
    check_key_commitment,
    check_public_key,
    check_share,
    generate_secret,
    key_commitment,
    key_share,
    public_key,
    share_for,
)
from amarvote.electionguard.parameters import P, Q
from guardian_samples import ENGINE, ceremony


def test_secrets_have_a_coefficient_for_each_of_the_quorum() -> None:
    secret = generate_secret(2, 4)
    assert (len(secret.vote_polynomial), len(secret.data_polynomial)) == (4, 4)
    values = {*secret.vote_polynomial, *secret.data_polynomial, secret.zeta}
    assert len(values) == 9
    assert all(0 <= value < Q for value in values)


@pytest.mark.parametrize(("index", "quorum"), [(0, 2), (1, 0)])
def test_numbers_that_make_no_guardian(index: int, quorum: int) -> None:
    with pytest.raises(ValueError, match="quorum"):
        generate_secret(index, quorum)


def test_every_honest_key_is_accepted() -> None:
    held = ceremony()
    for key in held.keys:
        check_public_key(ENGINE, held.context.h_p, 3, 2, key, key.index)


@pytest.mark.parametrize("quorum", [1, 3])
def test_a_key_for_another_quorum_is_refused(quorum: int) -> None:
    held = ceremony()
    key = public_key(ENGINE, held.context.h_p, generate_secret(2, quorum))
    with pytest.raises(KeyRefused, match=r"2\.structure") as caught:
        check_public_key(ENGINE, held.context.h_p, 3, 2, key, 2)
    assert caught.value.culprit == 2


def test_the_sender_is_blamed_for_a_key_with_another_index() -> None:
    held = ceremony()
    with pytest.raises(KeyRefused, match="belongs to guardian 1") as caught:
        check_public_key(ENGINE, held.context.h_p, 3, 2, held.keys[0], 3)
    assert caught.value.culprit == 3


def test_there_is_no_guardian_beyond_the_last() -> None:
    held = ceremony()
    with pytest.raises(KeyRefused, match="Guardian 3"):
        check_public_key(ENGINE, held.context.h_p, 2, 2, held.keys[2], 3)


def test_commitments_to_keys() -> None:
    commitment = key_commitment(b"the bytes of a key")
    check_key_commitment(2, commitment, b"the bytes of a key")
    with pytest.raises(KeyRefused, match=r"Guardian 2: .*had committed to") as caught:
        check_key_commitment(2, commitment, b"other bytes of a key")
    assert caught.value.culprit == 2


def test_every_honest_share_is_accepted_its_own_too() -> None:
    held = ceremony()
    for sender in held.secrets:
        for receiver in (1, 2, 3):
            check_share(ENGINE, held.keys[sender.index - 1], receiver, share_for(sender, receiver))


@pytest.mark.parametrize(("side", "what"), [("vote", "votes"), ("data", "ballot data")])
def test_a_share_beside_the_polynomial_names_its_sender(side: str, what: str) -> None:
    held = ceremony()
    share = share_for(held.secrets[1], 3)
    wrong = replace(share, **{side: (getattr(share, side) + 1) % int(Q)})
    with pytest.raises(ShareRefused, match=f"Guardian 2: the share for {what}") as caught:
        check_share(ENGINE, held.keys[1], 3, wrong)
    assert caught.value.culprit == 2


def test_a_share_meant_for_another_guardian_is_refused() -> None:
    held = ceremony()
    with pytest.raises(ShareRefused):
        check_share(ENGINE, held.keys[0], 3, share_for(held.secrets[0], 2))


def test_a_missing_share_names_who_did_not_send() -> None:
    held = ceremony()
    shares = {index: share_for(held.secrets[index - 1], 1) for index in (1, 3)}
    with pytest.raises(ShareRefused) as caught:
        key_share(1, 3, shares)
    assert caught.value.culprit == 2


def test_a_share_too_many_is_refused() -> None:
    shares = {index: SharePair(index, index) for index in (1, 2, 3, 4)}
    with pytest.raises(ShareRefused) as caught:
        key_share(1, 3, shares)
    assert caught.value.culprit == 4


def test_secrets_do_not_show_when_printed() -> None:
    secret = generate_secret(1, 2)
    share = share_for(secret, 2)
    kept = key_share(2, 1, {1: share})
    shown = repr((secret, share, kept))
    for value in (*secret.vote_polynomial, *secret.data_polynomial, secret.zeta, share.vote, kept.data):
        assert str(value) not in shown


def test_faults_are_of_one_family() -> None:
    assert issubclass(KeyRefused, GuardianFault)
    assert issubclass(ShareRefused, GuardianFault)


def test_a_negated_commitment_is_no_key() -> None:
    """-K_{i,1} has order 2q; the proof alone would hold for every even challenge."""
    held = ceremony()
    key = held.keys[0]
    negated = replace(key, vote_commitments=(key.vote_commitments[0], P - key.vote_commitments[1]))
    with pytest.raises(KeyRefused, match=r"2\.A"):
        check_public_key(ENGINE, held.context.h_p, 3, 2, negated, 1)

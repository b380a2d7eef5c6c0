from dataclasses import replace

import pytest
from gmpy2 import powmod

from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.joint_keys import (
    ceremony_hash,
    committed_value,
    data_share_keys,
    joint_keys,
    vote_share_keys,
)
from amarvote.electionguard.lagrange import evaluate
from amarvote.electionguard.parameters import G, P, Q
from guardian_samples import ENGINE, ceremony


def test_joint_keys_belong_to_the_sum_of_the_secrets() -> None:
    held = ceremony()
    vote = sum(secret.vote_polynomial[0] for secret in held.secrets) % int(Q)
    data = sum(secret.data_polynomial[0] for secret in held.secrets) % int(Q)
    assert joint_keys(ENGINE, held.keys) == (powmod(G, vote, P), powmod(G, data, P))


@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 2), (4, 4)])
def test_share_keys_are_what_the_shares_are_secrets_of(n: int, k: int) -> None:
    held = ceremony(n, k)
    members = range(1, n + 1)
    assert vote_share_keys(ENGINE, held.keys, members) == {i: powmod(G, held.shares[i].vote, P) for i in members}
    assert data_share_keys(ENGINE, held.keys, members) == {i: powmod(G, held.shares[i].data, P) for i in members}


def test_committed_value_at_a_large_index() -> None:
    polynomial = (3, 5, 7)
    commitments = [powmod(G, a, P) for a in polynomial]
    assert committed_value(ENGINE, commitments, 2**31 - 1) == powmod(G, evaluate(polynomial, 2**31 - 1), P)


def test_h_g_depends_on_every_element_and_not_on_the_order_of_arrival() -> None:
    held = ceremony()
    context = held.context

    def h_g(keys: list[GuardianPublicKey]) -> bytes:
        return ceremony_hash(context.h_b, context.joint_key, context.joint_data_key, keys)

    keys = list(held.keys)
    other = ceremony(number=2).keys[0]
    assert h_g(keys[::-1]) == h_g(keys)
    for change in (
        {"kappa": other.kappa},
        {"vote_commitments": (keys[0].vote_commitments[0], other.vote_commitments[1])},
        {"data_commitments": (keys[0].data_commitments[0], other.data_commitments[1])},
    ):
        assert h_g([replace(keys[0], **change), *keys[1:]]) != h_g(keys)

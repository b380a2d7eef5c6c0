from dataclasses import replace

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard.ballots import HashedCiphertext
from amarvote.electionguard.contest_data import contest_data_challenge
from amarvote.electionguard.contest_data_decryption import (
    ContestDataCiphertext,
    begin_contest_data,
    combine_contest_data,
    respond_contest_data,
)
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_faults import ResponseRefused
from amarvote.electionguard.joint_rounds import Answers
from amarvote.electionguard.parameters import P, Q
from amarvote.electionguard.tallies import ContestDataRequest
from guardian_samples import ENGINE, ballot_of, ceremony, locator

HELD = ceremony()
U = (2, 3)


def item(text: str, position: int) -> ContestDataCiphertext:
    ballot, _ = ballot_of(HELD, {2: {1: 1}}, texts={2: text})
    data = ballot.contests[1].contest_data
    return ContestDataCiphertext(ContestDataRequest(locator(HELD, position), ballot.h_i, 2), data)


ITEMS = [item("Ada Lovelace", 1), item("", 2)]


def answers() -> dict[int, Answers]:
    begun = {i: begin_contest_data(HELD.context, ENGINE, HELD.shares[i], U, ITEMS) for i in U}
    commitments = {i: [one.commitment for one in begun[i]] for i in U}
    reveals = {i: [one.reveal for one in begun[i]] for i in U}
    return {
        i: Answers(
            commitments[i],
            reveals[i],
            respond_contest_data(HELD.context, ENGINE, HELD.shares[i], U, ITEMS, begun[i], commitments, reveals),
        )
        for i in U
    }


def test_a_quorum_opens_the_data() -> None:
    opened = combine_contest_data(HELD.context, ENGINE, HELD.keys, U, ITEMS, answers())
    assert b"Ada Lovelace" in opened[0].data
    assert opened[1].data == bytes(64)
    secret = sum(one.data_polynomial[0] for one in HELD.secrets) % int(Q)
    for opening, sealed in zip(opened, ITEMS, strict=True):
        assert opening.beta == powmod(sealed.data.c0, secret, P)
        assert (opening.ballot, opening.h_i, opening.contest_index) == (
            sealed.request.ballot,
            sealed.request.h_i,
            2,
        )


def test_a_wrong_share_names_guardian_ballot_and_contest() -> None:
    sent = answers()
    wrong = {**sent, 3: replace(sent[3], responses=[sent[3].responses[0], 7])}
    with pytest.raises(ResponseRefused, match=r"Guardian 3: .*ballot 2, contest 2, contest data") as caught:
        combine_contest_data(HELD.context, ENGINE, HELD.keys, U, ITEMS, wrong)
    assert caught.value.culprit == 3


@pytest.mark.parametrize(
    "change",
    [
        {"c": int(Q)},
        {"v": int(Q)},
        {"c": 5},
        {"c1": bytes(64)},
        {"c0": mpz(0)},
        {"c0": P},
        {"c0": P - ITEMS[0].data.c0},
    ],
)
def test_nothing_is_opened_whose_proof_does_not_hold(change: dict[str, int]) -> None:
    altered = replace(ITEMS[0], data=replace(ITEMS[0].data, **change))
    with pytest.raises(ElectionGuardError, match=r"ballot 1, contest 2, contest data .*valid proof \(69\)"):
        begin_contest_data(HELD.context, ENGINE, HELD.shares[2], U, [altered])


def test_zero_with_a_proof_that_holds_is_not_opened() -> None:
    """C0 = 0 passes (69) with a = 0."""
    h_i = ITEMS[0].request.h_i
    c = contest_data_challenge(h_i, 2, mpz(0), mpz(0), bytes(64))
    zero = replace(ITEMS[0], data=HashedCiphertext(mpz(0), bytes(64), c, 1))
    with pytest.raises(ElectionGuardError, match="valid proof"):
        begin_contest_data(HELD.context, ENGINE, HELD.shares[2], U, [zero])


def test_hashes_have_the_key_of_their_ballot() -> None:
    other = replace(ITEMS[0], request=replace(ITEMS[0].request, h_i=ITEMS[1].request.h_i))
    reveal = begin_contest_data(HELD.context, ENGINE, HELD.shares[2], U, ITEMS)[0].reveal
    assert other.commitment(2, reveal, U) != ITEMS[0].commitment(2, reveal, U)
    assert other.challenge(reveal.a, reveal.b, reveal.share) != ITEMS[0].challenge(
        reveal.a, reveal.b, reveal.share
    )

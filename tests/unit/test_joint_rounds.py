from dataclasses import replace

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard import joint_rounds, randomness
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_faults import MessageRefused, ResponseRefused, RevealRefused
from amarvote.electionguard.joint_keys import vote_share_keys
from amarvote.electionguard.joint_rounds import Answers, JointOpening, check_members, check_reveals
from amarvote.electionguard.parameters import G, P, Q
from guardian_samples import ENGINE, answers_of, ceremony, few_ciphertexts, first_round

q = int(Q)
HELD = ceremony()
ITEMS = few_ciphertexts(HELD.context, 3, 0)
U = (1, 3)
BEGUN = first_round(HELD, U, ITEMS)
ANSWERS = answers_of(HELD, U, ITEMS, BEGUN)
COMMITMENTS = {i: ANSWERS[i].commitments for i in U}
REVEALS = {i: ANSWERS[i].reveals for i in U}
KEYS = vote_share_keys(ENGINE, HELD.keys, U)
SECRET = sum(secret.vote_polynomial[0] for secret in HELD.secrets) % q


def combined(answers: dict[int, Answers]) -> list[JointOpening]:
    return joint_rounds.combine(ENGINE, U, KEYS, ITEMS, answers)


def responses(**changes: object) -> list[int]:
    given = {"beginnings": BEGUN[1], "commitments": COMMITMENTS, "reveals": REVEALS, **changes}
    return joint_rounds.respond(ENGINE, 1, HELD.shares[1].vote, U, ITEMS, **given)


def test_members_of_a_run() -> None:
    assert check_members([3, 1], 3, 2) == (1, 3)
    with pytest.raises(ElectionGuardError, match="Guardian 4 does not exist; there are 3"):
        check_members([1, 4], 3, 2)
    with pytest.raises(ElectionGuardError, match="1 guardians are not enough"):
        check_members([2], 3, 2)
    with pytest.raises(ValueError, match="distinct"):
        check_members([2, 2], 3, 2)


def test_the_joint_proof_is_one_of_the_joint_secret() -> None:
    for item, opening in zip(ITEMS, combined(ANSWERS), strict=True):
        assert opening.power == powmod(item.A, SECRET, P)
        a = powmod(G, opening.v, P) * powmod(HELD.context.joint_key, opening.c, P) % P
        b = powmod(item.A, opening.v, P) * powmod(opening.power, opening.c, P) % P
        assert item.challenge(a, b, opening.power) == opening.c


def test_nonces_are_fresh_for_each_ciphertext_and_run() -> None:
    again = first_round(HELD, U, ITEMS)
    nonces = [one.nonce for begun in (BEGUN, again) for member in U for one in begun[member]]
    assert len(set(nonces)) == 8


def test_secrets_and_nonces_take_the_constant_time_path(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    true_powers = ENGINE.secret_powers
    monkeypatch.setattr(ENGINE, "secret_powers", lambda b, e: asked.extend(e) or true_powers(b, e))
    monkeypatch.setattr(randomness, "random_q", lambda: 4711)
    joint_rounds.begin(ENGINE, 1, HELD.shares[1].vote, U, ITEMS[:1])
    assert asked == [HELD.shares[1].vote, 4711, 4711]


def test_a_beginning_does_not_show_its_nonce() -> None:
    assert str(BEGUN[1][0].nonce) not in repr(BEGUN[1][0])


def test_a_guardian_outside_the_run_does_not_begin() -> None:
    with pytest.raises(ElectionGuardError, match="Guardian 2 does not belong to this run"):
        joint_rounds.begin(ENGINE, 2, HELD.shares[2].vote, U, ITEMS)


@pytest.mark.parametrize("outside", [mpz(0), P - ITEMS[1].A, ITEMS[1].A + P, mpz(3)])
def test_no_secret_meets_a_ciphertext_outside_the_group(outside: mpz) -> None:
    with pytest.raises(ElectionGuardError, match="contest 2, option 2 does not lie in the group"):
        joint_rounds.begin(ENGINE, 1, HELD.shares[1].vote, U, [ITEMS[0], replace(ITEMS[1], A=outside)])


def test_reveals_that_match() -> None:
    check_reveals(1, U, ITEMS, COMMITMENTS[1], REVEALS[1])


@pytest.mark.parametrize("field", ["share", "a", "b"])
def test_a_reveal_that_differs_from_its_commitment_names_guardian_and_place(field: str) -> None:
    other = replace(REVEALS[3][1], **{field: powmod(G, 5, P)})
    with pytest.raises(RevealRefused, match=r"Guardian 3: .*contest 2, option 2.* had committed") as caught:
        check_reveals(3, U, ITEMS, COMMITMENTS[3], [REVEALS[3][0], other])
    assert caught.value.culprit == 3


@pytest.mark.parametrize("value", [mpz(0), P, P + 5])
def test_a_reveal_out_of_range(value: mpz) -> None:
    with pytest.raises(RevealRefused, match="out of range"):
        check_reveals(3, U, ITEMS, COMMITMENTS[3], [replace(REVEALS[3][0], b=value), REVEALS[3][1]])


def test_a_commitment_is_bound_to_the_set_of_guardians() -> None:
    with pytest.raises(RevealRefused):
        check_reveals(1, (1, 2, 3), ITEMS, COMMITMENTS[1], REVEALS[1])


@pytest.mark.parametrize(("commitments", "reveals"), [(COMMITMENTS[1][:1], REVEALS[1]), (COMMITMENTS[1], [])])
def test_lists_of_another_length(commitments: list[bytes], reveals: list[object]) -> None:
    with pytest.raises(MessageRefused, match="for 2 ciphertexts") as caught:
        check_reveals(1, U, ITEMS, commitments, reveals)
    assert caught.value.culprit == 1


def test_nobody_answers_before_every_reveal_matches() -> None:
    wrong = {**REVEALS, 3: [REVEALS[3][0], REVEALS[3][0]]}
    with pytest.raises(RevealRefused) as caught:
        responses(reveals=wrong)
    assert caught.value.culprit == 3


@pytest.mark.parametrize("of", ["commitments", "reveals"])
def test_nobody_answers_before_everybody_delivered(of: str) -> None:
    delivered = {"commitments": COMMITMENTS, "reveals": REVEALS}[of]
    with pytest.raises(MessageRefused, match="not delivered") as caught:
        responses(**{of: {1: delivered[1]}})
    assert caught.value.culprit == 3


def test_no_answer_where_the_service_relays_something_else_in_our_name() -> None:
    """A second round under the same nonces, with another commitment of its own, must not get a second answer."""
    others = first_round(HELD, U, ITEMS)
    with pytest.raises(RevealRefused, match="relays other values under its name"):
        responses(beginnings=others[1])


@pytest.mark.parametrize("change", [1, -1, 12345])
def test_a_wrong_response_names_guardian_and_place(change: int) -> None:
    wrong = [ANSWERS[3].responses[0], (ANSWERS[3].responses[1] + change) % q]
    with pytest.raises(ResponseRefused, match=r"Guardian 3: its share of contest 2, option 2") as caught:
        combined({1: ANSWERS[1], 3: replace(ANSWERS[3], responses=wrong)})
    assert caught.value.culprit == 3


def test_two_culprits_the_first_is_named() -> None:
    wrong = {i: replace(ANSWERS[i], responses=[1, 1]) for i in U}
    with pytest.raises(ResponseRefused) as caught:
        combined(wrong)
    assert caught.value.culprit == 1


def test_combining_checks_commitments_once_more() -> None:
    with pytest.raises(RevealRefused) as caught:
        combined({1: replace(ANSWERS[1], commitments=[bytes(32)] * 2), 3: ANSWERS[3]})
    assert caught.value.culprit == 1


def test_combining_misses_nobody() -> None:
    with pytest.raises(MessageRefused) as caught:
        combined({1: ANSWERS[1]})
    assert caught.value.culprit == 3
    with pytest.raises(MessageRefused, match="1 responses for 2"):
        combined({1: ANSWERS[1], 3: replace(ANSWERS[3], responses=ANSWERS[3].responses[:1])})

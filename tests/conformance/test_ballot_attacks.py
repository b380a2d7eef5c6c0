"""Attacks on ballots, each refused with its code, contest, option and proof named.

Every attack is tried twice: without commitments (as the published record is verified), and with them in one batch
between two good ballots (as submitted ballots are accepted). Both must say the same, and nothing of the good.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from gmpy2 import invert, mpz, powmod

from amarvote.electionguard.ballot_checks import check_ballots
from amarvote.electionguard.ballots import EncryptedBallot, HashedCiphertext, RangeProof
from amarvote.electionguard.context import Context, identifier_hash
from amarvote.electionguard.encryption import encrypt_ballot
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.electionguard.parameters import G, P, Q
from ballot_forgeries import (
    Bends,
    forge,
    forge_data,
    forge_nonce,
    recode,
    rehash,
    replace_commitments,
    replace_contest,
    replace_selection,
)
from ballot_samples import CONTESTS, JOINT_DATA_KEY, JOINT_KEY, STYLES, Made, engine, make_ballot, sample_context

Found = set[tuple[str, str]]
Attack = Callable[[], Made]

ALL_RANGE_PROOFS = {
    ("6.D", f"contest {contest}, option {option}")
    for contest, options in ((1, 2), (2, 3), (3, 2))
    for option in range(1, options + 1)
}
ALL_LIMIT_PROOFS = {("7.D", f"contest {contest}") for contest in (1, 2, 3)}
ALL_PROOFS = ALL_RANGE_PROOFS | ALL_LIMIT_PROOFS | {("12.structure", "contest 1"), ("13.structure", "")}
ALL_HASHES = {("8.A", f"contest {contest}") for contest in (1, 2, 3)} | {("8.B", "")}

ORDER_2 = int(P) - 1
"""-1: the only element of small order."""

OUTSIDE = 4
"""A square outside Z_p^r: its Jacobi symbol is that of a member."""


@cache
def honest() -> Made:
    return make_ballot({1: {1: 1}, 2: {1: 1, 3: 1}, 3: {1: 3, 2: 1}})


@cache
def neighbours() -> tuple[Made, Made]:
    return make_ballot({}, style="mayor only"), make_ballot({1: {2: 1}}, style="mayor only")


def check(context: Context, made: list[Made], *, with_commitments: bool) -> list[list[tuple[str, str]]]:
    findings = [Findings() for _ in made]
    commitments = [one.commitments for one in made] if with_commitments else None
    check_ballots(context, engine(), [one.ballot for one in made], findings, commitments)
    return [[(finding.code, finding.where) for finding in collected.entries] for collected in findings]


def found_both_ways(made: Made) -> Found:
    """What is found; the same with commitments between good ballots, and nothing twice."""
    (alone,) = check(sample_context(), [made], with_commitments=False)
    before, after = neighbours()
    beside = check(sample_context(), [before, made, after], with_commitments=True)
    assert beside == [[], alone, []]
    assert len(set(alone)) == len(alone)
    return set(alone)


def test_what_the_attacks_start_from_is_good() -> None:
    """Honest ballots, and the forger's own tools with nothing to forge."""
    assert found_both_ways(honest()) == set()
    assert found_both_ways(forge({1: [0, 1], 2: [1, 0, 1], 3: [3, 1]})) == set()
    assert found_both_ways(forge_nonce(honest(), 1)) == set()
    assert found_both_ways(forge_data(honest(), 1)) == set()


# Votes that nobody may cast.

VALUES: dict[str, tuple[dict[int, list[int]], Found]] = {
    "two where one is allowed": ({2: [2, 0, 0]}, {("6.D", "contest 2, option 1")}),
    "four where three are allowed": ({3: [0, 4]}, {("6.D", "contest 3, option 2")}),
    "minus one, hidden by one": ({2: [-1, 1, 1]}, {("6.D", "contest 2, option 1")}),
    "a thousand votes": ({2: [0, 1000, 0]}, {("6.D", "contest 2, option 2"), ("7.D", "contest 2")}),
    "a thousand votes, hidden by as many against": (
        {2: [1000, -999, 0]},
        {("6.D", "contest 2, option 1"), ("6.D", "contest 2, option 2")},
    ),
    "q - 1 votes": ({1: [int(Q) - 1, 1]}, {("6.D", "contest 1, option 1"), ("7.D", "contest 1")}),
    "three options where two are allowed": ({2: [1, 1, 1]}, {("7.D", "contest 2")}),
    "points beyond the contest's limit": ({3: [3, 2]}, {("7.D", "contest 3")}),
    "a contest at minus one": ({1: [-1, 0]}, {("6.D", "contest 1, option 1"), ("7.D", "contest 1")}),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_out_of_range(name: str) -> None:
    """With the best proof: all hashes and all equations but one hold."""
    values, expected = VALUES[name]
    assert found_both_ways(forge(values)) == expected


def test_a_proof_that_hashes_too_few_commitments() -> None:
    """It leaves the last pair open, so that it can be made for any value; and it holds, as far as it goes."""
    places = {(2, 1), (2, 0)}
    found = found_both_ways(forge({2: [5, 0, 0]}, Bends(left_out=places)))
    assert found == {("6.D", "contest 2, option 1"), ("7.D", "contest 2")}


# Elements that are not where they should be.

BENDS: dict[str, tuple[Bends, Found]] = {
    "alpha negated, unseen by its even challenges": (
        Bends({(2, 1): (ORDER_2, 1)}, even=True),
        {("6.A", "contest 2, option 1"), ("7.A", "contest 2, option 1")},
    ),
    "beta negated, unseen by its even challenges": (
        Bends({(2, 3): (1, ORDER_2)}, even=True),
        {("6.A", "contest 2, option 3"), ("7.A", "contest 2, option 3")},
    ),
    "two negated elements in one ballot": (
        Bends({(1, 1): (ORDER_2, 1), (1, 2): (ORDER_2, 1)}, even=True),
        {(code, f"contest 1, option {option}") for code in ("6.A", "7.A") for option in (1, 2)},
    ),
    "alpha negated, no care taken of challenges": (
        Bends({(2, 1): (ORDER_2, ORDER_2)}),
        {("6.A", "contest 2, option 1"), ("7.A", "contest 2, option 1")},  # and 6.D, 7.D if a challenge was odd
    ),
    "alpha outside the subgroup, a square": (
        Bends({(2, 1): (OUTSIDE, 1)}),
        {(code, "contest 2, option 1") for code in ("6.A", "6.D", "7.A")} | {("7.D", "contest 2")},
    ),
    "two elements outside whose product is inside": (
        Bends({(1, 1): (OUTSIDE, 1), (1, 2): (int(invert(OUTSIDE, P)), 1)}),
        {(code, f"contest 1, option {option}") for code in ("6.A", "6.D", "7.A") for option in (1, 2)},
    ),
    "alpha zero": (
        Bends({(2, 1): (0, 1)}),
        {(code, "contest 2, option 1") for code in ("6.A", "6.D", "7.A")} | {("7.D", "contest 2")},
    ),
    "one commitment negated": (Bends(commitments={(1, 2): (ORDER_2, 1)}), {("6.D", "contest 1, option 2")}),
    "two commitments negated": (Bends(commitments={(1, 2): (ORDER_2, ORDER_2)}), {("6.D", "contest 1, option 2")}),
    "a commitment of the limit proof negated": (
        Bends(commitments={(2, 0): (1, ORDER_2)}),
        {("7.D", "contest 2")},
    ),
    "a commitment outside the subgroup": (
        Bends(commitments={(1, 1): (OUTSIDE, 1)}),
        {("6.D", "contest 1, option 1")},
    ),
    "two commitments outside whose product is inside": (
        Bends(commitments={(1, 1): (OUTSIDE, int(invert(OUTSIDE, P)))}),
        {("6.D", "contest 1, option 1")},
    ),
    "two equations wrong by a factor and its inverse": (
        Bends(commitments={(2, 1): (int(G), 1), (2, 2): (int(invert(G, P)), 1)}),
        {("6.D", "contest 2, option 1"), ("6.D", "contest 2, option 2")},
    ),
}


@pytest.mark.parametrize("name", BENDS)
def test_elements_outside_the_group_and_equations_that_cancel(name: str) -> None:
    bends, expected = BENDS[name]
    found = found_both_ways(forge({1: [0, 0], 2: [0, 0, 0]}, bends))
    if "no care" in name:
        found -= {("6.D", "contest 2, option 1"), ("7.D", "contest 2")}
    assert found == expected


def test_negated_elements_in_two_ballots_of_one_batch() -> None:
    """In a product alone the two signs would cancel."""
    bends = Bends({(2, 1): (ORDER_2, 1)}, even=True)
    pair = [forge({2: [0, 0, 0]}, bends) for _ in range(2)]
    expected = [("6.A", "contest 2, option 1"), ("7.A", "contest 2, option 1")]
    for _ in range(3):
        assert check(sample_context(), [*pair, neighbours()[0]], with_commitments=True) == [expected, expected, []]


@pytest.mark.parametrize("forger", [forge_nonce, forge_data])
@pytest.mark.parametrize("factor", [ORDER_2, OUTSIDE], ids=["negated", "outside"])
def test_c0_outside_the_group(forger: Callable[[Made, int], Made], factor: int) -> None:
    """A negated C0 passes (38) and (69) when the challenge is even; a guardian's secret power would leak a bit."""
    expected = ("13.structure", "") if forger is forge_nonce else ("12.structure", "contest 1")
    assert found_both_ways(forger(honest(), factor)) == {expected}


# Values and lengths that cannot be: each alone, on the honest ballot, hashes made anew where they can be.


def changed_selection(contest: int, option: int, **changes: Any) -> Attack:
    def attack() -> Made:
        made = honest()
        old = made.ballot.contests[contest - 1].selections[option - 1]
        values = {name: change(getattr(old, name)) for name, change in changes.items()}
        ballot = replace_selection(made.ballot, contest, option, replace(old, **values))
        return replace(made, ballot=ballot if "proof" in changes else recode(ballot))

    return attack


def changed_contest(contest: int, **changes: Any) -> Attack:
    def attack() -> Made:
        made = honest()
        old = made.ballot.contests[contest - 1]
        values = {name: change(getattr(old, name)) for name, change in changes.items()}
        return replace(made, ballot=recode(replace_contest(made.ballot, contest - 1, replace(old, **values))))

    return attack


def changed_ballot(**changes: Any) -> Attack:
    def attack() -> Made:
        made = honest()
        values = {name: change(getattr(made.ballot, name)) for name, change in changes.items()}
        return replace(made, ballot=replace(made.ballot, **values))

    return attack


def challenge(j: int, value: int) -> Callable[[RangeProof], RangeProof]:
    return lambda proof: replace(proof, challenges=(*proof.challenges[:j], value, *proof.challenges[j + 1 :]))


def response(j: int, value: int) -> Callable[[RangeProof], RangeProof]:
    return lambda proof: replace(proof, responses=(*proof.responses[:j], value, *proof.responses[j + 1 :]))


def shorter(proof: RangeProof) -> RangeProof:
    return RangeProof(proof.challenges[:-1], proof.responses[:-1])


def longer(proof: RangeProof) -> RangeProof:
    return RangeProof((*proof.challenges, 0), (*proof.responses, 0))


def uneven(proof: RangeProof) -> RangeProof:
    return replace(proof, responses=proof.responses[:-1])


def data(**changes: Any) -> Callable[[HashedCiphertext], HashedCiphertext]:
    return lambda old: replace(old, **{name: change(getattr(old, name)) for name, change in changes.items()})


def to(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


TOO_GREAT_P, TOO_GREAT_Q = mpz(P), int(Q)
GREATEST_Q = 2**256 - 1

SHAPES: dict[str, tuple[Attack, Found]] = {
    "alpha = p": (changed_selection(1, 2, alpha=to(TOO_GREAT_P)), {("6.A", "contest 1, option 2")}),
    "beta = 2^4096 - 1": (changed_selection(2, 3, beta=to(mpz(2) ** 4096 - 1)), {("6.A", "contest 2, option 3")}),
    "beta negative": (changed_selection(2, 3, beta=to(mpz(-1))), {("6.A", "contest 2, option 3")}),
    "c_0 = q": (changed_selection(3, 1, proof=challenge(0, TOO_GREAT_Q)), {("6.B", "contest 3, option 1")}),
    "c_3 = 2^256 - 1": (changed_selection(3, 1, proof=challenge(3, GREATEST_Q)), {("6.B", "contest 3, option 1")}),
    "c_0 negative": (changed_selection(1, 1, proof=challenge(0, -1)), {("6.B", "contest 1, option 1")}),
    "v_1 = q": (changed_selection(1, 1, proof=response(1, TOO_GREAT_Q)), {("6.C", "contest 1, option 1")}),
    "v_0 changed": (changed_selection(1, 1, proof=response(0, 5)), {("6.D", "contest 1, option 1")}),
    "a range proof too short": (changed_selection(3, 2, proof=shorter), {("6.structure", "contest 3, option 2")}),
    "a range proof too long": (changed_selection(1, 2, proof=longer), {("6.structure", "contest 1, option 2")}),
    "a response missing": (changed_selection(1, 2, proof=uneven), {("6.structure", "contest 1, option 2")}),
    "an empty range proof": (
        changed_selection(1, 2, proof=to(RangeProof((), ()))),
        {("6.structure", "contest 1, option 2")},
    ),
    "limit: c_1 = q": (changed_contest(2, limit_proof=challenge(1, TOO_GREAT_Q)), {("7.B", "contest 2")}),
    "limit: v_0 = q": (changed_contest(2, limit_proof=response(0, TOO_GREAT_Q)), {("7.C", "contest 2")}),
    "limit: v_0 changed": (changed_contest(2, limit_proof=response(0, 5)), {("7.D", "contest 2")}),
    "limit proof too short": (changed_contest(3, limit_proof=shorter), {("7.structure", "contest 3")}),
    "limit proof too long": (changed_contest(1, limit_proof=longer), {("7.structure", "contest 1")}),
    "an option missing": (
        changed_contest(2, selections=lambda old: old[:2]),
        {("6.structure", "contest 2")},
    ),
    "an option twice": (
        changed_contest(2, selections=lambda old: (*old, old[0])),
        {("6.structure", "contest 2")},
    ),
    "contest data: C0 = p": (
        changed_contest(1, contest_data=data(c0=to(TOO_GREAT_P))),
        {("8.structure", "contest 1")},
    ),
    "contest data: c = q": (
        changed_contest(1, contest_data=data(c=to(TOO_GREAT_Q))),
        {("8.structure", "contest 1")},
    ),
    "contest data: v = q": (
        changed_contest(1, contest_data=data(v=to(TOO_GREAT_Q))),
        {("8.structure", "contest 1")},
    ),
    "contest data: too short": (
        changed_contest(1, contest_data=data(c1=lambda old: old[:-32])),
        {("8.structure", "contest 1")},
    ),
    "contest data missing": (changed_contest(1, contest_data=to(None)), {("8.structure", "contest 1")}),
    "contest data where none belong": (
        changed_contest(2, contest_data=to(HashedCiphertext(mpz(1), bytes(96), 0, 0))),
        {("8.structure", "contest 2")},
    ),
    "ballot nonce: C0 = p": (changed_ballot(encrypted_nonce=data(c0=to(TOO_GREAT_P))), {("13.structure", "")}),
    "ballot nonce: c = q": (changed_ballot(encrypted_nonce=data(c=to(TOO_GREAT_Q))), {("13.structure", "")}),
    "ballot nonce: too long": (
        changed_ballot(encrypted_nonce=data(c1=lambda old: old + bytes(32))),
        {("13.structure", "")},
    ),
    "ballot nonce: another text": (changed_ballot(encrypted_nonce=data(c1=to(bytes(32)))), {("13.structure", "")}),
    "ballot nonce: C0 = 0 and a = 0": (
        changed_ballot(encrypted_nonce=data(c0=to(mpz(0)))),
        {("13.structure", "")},
    ),
    "chaining field too short": (changed_ballot(chaining_field=lambda old: old[:35]), {("8.structure", "")}),
    "chaining field of another device": (changed_ballot(chaining_field=to(bytes(36))), {("8.B", "")}),
    "a self-made weight of nothing": (changed_ballot(weight=to(0)), {("9.structure", "")}),
    "a contest left out": (
        lambda: changed_and_recoded(contests=honest().ballot.contests[1:]),
        {("6.structure", "")},
    ),
    "a contest twice": (
        lambda: changed_and_recoded(contests=(*honest().ballot.contests, honest().ballot.contests[2])),
        {("6.structure", "")},
    ),
    "another style": (changed_ballot(ballot_style=to("mayor only")), {("6.structure", "")}),
    "no style": (changed_ballot(ballot_style=to("")), {("6.structure", "")}),
}


def changed_and_recoded(**values: Any) -> Made:
    """The commitments stay those of the honest ballot: more or fewer contests than the ballot has."""
    made = honest()
    return replace(made, ballot=recode(replace(made.ballot, **values)))


@pytest.mark.parametrize("name", SHAPES)
def test_values_and_lengths_that_cannot_be(name: str) -> None:
    attack, expected = SHAPES[name]
    made = attack()
    with_commitments = check(sample_context(), [made], with_commitments=True)[0]
    without = check(sample_context(), [made], with_commitments=False)[0]
    assert set(without) == expected
    if name in {"a contest left out", "a contest twice"}:
        # Which commitments belong to which contest is then anybody's guess: every proof is refused too.
        assert set(without) < set(with_commitments)
    else:
        assert with_commitments == without


# Things that are good elsewhere.


def test_a_copied_ballot_under_another_identifier() -> None:
    """The same ciphertexts, H_I and all hashes made anew: no proof was made for this identifier."""
    made = honest()
    id_b = bytes(range(32))
    ballot = replace(made.ballot, id_b=id_b, h_i=identifier_hash(sample_context().h_e, id_b))
    assert found_both_ways(replace(made, ballot=rehash(ballot))) == ALL_PROOFS
    assert found_both_ways(replace(made, ballot=ballot)) == ALL_PROOFS | ALL_HASHES


def test_a_copied_ballot_that_keeps_its_h_i() -> None:
    made = honest()
    assert found_both_ways(replace(made, ballot=replace(made.ballot, id_b=bytes(32)))) == {("5.B", "")}


def other_election(joint_key: mpz) -> Made:
    manifest = parse_manifest(manifest_bytes("another election", CONTESTS, STYLES))
    context = Context.derive(manifest, 3, 2, joint_key, JOINT_DATA_KEY)
    old = honest().ballot
    ballot, commitments = encrypt_ballot(
        context,
        engine(),
        "all",
        {1: {2: 1}},
        {},
        id_b=old.id_b,
        ballot_nonce=bytes(31) + b"\x01",
        chaining_field=old.chaining_field,
    )
    made = Made(ballot, commitments, b"")
    assert check(context, [made], with_commitments=False) == [[]]
    return made


def test_a_ballot_of_another_election_with_the_same_keys() -> None:
    assert found_both_ways(other_election(JOINT_KEY)) == {("5.B", "")}


def test_a_ballot_of_another_election_with_other_keys() -> None:
    made = other_election(powmod(G, 12345, P))
    assert found_both_ways(made) == {("5.B", "")} | ALL_RANGE_PROOFS | ALL_LIMIT_PROOFS


def test_a_ballot_of_another_style() -> None:
    """A good ballot of one contest, called one of three."""
    made = neighbours()[1]
    relabelled = replace(made, ballot=replace(made.ballot, ballot_style="all"))
    assert found_both_ways(relabelled) == {("6.structure", "")}


def test_a_selection_copied_to_another_option() -> None:
    """Its proof is bound to the option, so a vote cannot be doubled or moved."""
    made = honest()
    contest = made.ballot.contests[1]
    ballot = rehash(replace_selection(made.ballot, 2, 2, contest.selections[0]))
    given = made.commitments.contests[1]
    moved = replace(given, selections=(given.selections[0], given.selections[0], given.selections[2]))
    found = found_both_ways(
        replace(made, ballot=ballot, commitments=replace_commitments(made.commitments, 1, moved))
    )
    assert found == {("6.D", "contest 2, option 2"), ("7.D", "contest 2")}


def test_contests_of_two_ballots_mixed() -> None:
    first, second = honest(), make_ballot({2: {2: 1}})
    ballot = rehash(replace_contest(first.ballot, 1, second.ballot.contests[1]))
    commitments = replace_commitments(first.commitments, 1, second.commitments.contests[1])
    found = found_both_ways(replace(first, ballot=ballot, commitments=commitments))
    assert found == {("6.D", f"contest 2, option {option}") for option in (1, 2, 3)} | {("7.D", "contest 2")}


# Commitments that are not those of the proof: the ballot itself is good, and refused all the same.


def given_selection(contest: int, option: int, j: int, part: int, change: Callable[[mpz], mpz]) -> Attack:
    """`option` 0 is the limit proof; part 0 is a_j, part 1 is b_j."""

    def attack() -> Made:
        made = honest()
        given = made.commitments.contests[contest - 1]
        pairs = list(given.limit if option == 0 else given.selections[option - 1])
        pair = list(pairs[j])
        pair[part] = change(pair[part])
        pairs[j] = (pair[0], pair[1])
        if option == 0:
            given = replace(given, limit=tuple(pairs))
        else:
            selections = list(given.selections)
            selections[option - 1] = tuple(pairs)
            given = replace(given, selections=tuple(selections))
        return replace(made, commitments=replace_commitments(made.commitments, contest - 1, given))

    return attack


def given_elsewhere(change: Callable[[Made], Made]) -> Attack:
    return lambda: change(honest())


COMMITMENTS: dict[str, tuple[Attack, Found]] = {
    "negated": (given_selection(2, 3, 1, 1, lambda x: P - x), {("6.D", "contest 2, option 3")}),
    "another member": (given_selection(2, 3, 0, 0, lambda x: x * G % P), {("6.D", "contest 2, option 3")}),
    "zero": (given_selection(1, 1, 0, 0, to(mpz(0))), {("6.D", "contest 1, option 1")}),
    "plus p": (given_selection(1, 1, 0, 0, lambda x: x + P), {("6.D", "contest 1, option 1")}),
    "negative": (given_selection(1, 1, 0, 0, lambda x: x - P), {("6.D", "contest 1, option 1")}),
    "of the limit proof, outside the group": (
        given_selection(3, 0, 4, 0, lambda x: x * OUTSIDE % P),
        {("7.D", "contest 3")},
    ),
    "of the ballot nonce": (
        given_elsewhere(lambda made: replace(made, commitments=replace(made.commitments, nonce=mpz(G)))),
        {("13.structure", "")},
    ),
    "of the contest data": (
        given_elsewhere(
            lambda made: replace(
                made,
                commitments=replace_commitments(
                    made.commitments, 0, replace(made.commitments.contests[0], contest_data=mpz(1))
                ),
            )
        ),
        {("12.structure", "contest 1")},
    ),
    "none for the contest data": (
        given_elsewhere(
            lambda made: replace(
                made,
                commitments=replace(
                    made.commitments,
                    contests=(
                        replace(made.commitments.contests[0], contest_data=None),
                        *made.commitments.contests[1:],
                    ),
                ),
            )
        ),
        {("12.structure", "contest 1")},
    ),
    "of another ballot": (
        given_elsewhere(lambda made: replace(made, commitments=make_ballot({}).commitments)),
        ALL_PROOFS,
    ),
    "of a ballot of another style": (
        given_elsewhere(lambda made: replace(made, commitments=neighbours()[0].commitments)),
        ALL_PROOFS,
    ),
    "none for one option": (
        given_elsewhere(
            lambda made: replace(
                made,
                commitments=replace_commitments(
                    made.commitments,
                    1,
                    replace(made.commitments.contests[1], selections=made.commitments.contests[1].selections[:2]),
                ),
            )
        ),
        {("6.D", f"contest 2, option {option}") for option in (1, 2, 3)},
    ),
    "one too few for a proof": (
        given_elsewhere(
            lambda made: replace(
                made,
                commitments=replace_commitments(
                    made.commitments,
                    2,
                    replace(made.commitments.contests[2], limit=made.commitments.contests[2].limit[:4]),
                ),
            )
        ),
        {("7.D", "contest 3")},
    ),
}


@pytest.mark.parametrize("name", COMMITMENTS)
def test_commitments_that_are_not_those_of_the_proof(name: str) -> None:
    attack, expected = COMMITMENTS[name]
    made = attack()
    before, after = neighbours()
    found = check(sample_context(), [before, made, after], with_commitments=True)
    assert [set(one) for one in found] == [set(), expected, set()]
    assert check(sample_context(), [made], with_commitments=False) == [[]]


def test_commitments_of_two_ballots_exchanged() -> None:
    first, second = neighbours()
    exchanged = [
        replace(first, commitments=second.commitments),
        replace(second, commitments=first.commitments),
    ]
    for found in check(sample_context(), exchanged, with_commitments=True):
        assert set(found) == {
            ("6.D", "contest 1, option 1"),
            ("6.D", "contest 1, option 2"),
            ("7.D", "contest 1"),
            ("12.structure", "contest 1"),
            ("13.structure", ""),
        }


def test_each_part_of_a_ballot_is_bound() -> None:
    """Whichever number or hash is changed a little, something is found."""
    ballot = neighbours()[1].ballot
    contest = ballot.contests[0]
    first = contest.selections[0]

    def with_first(**values: Any) -> EncryptedBallot:
        return replace_selection(ballot, 1, 1, replace(first, **values))

    def flipped(data: bytes) -> bytes:
        return bytes([data[0] ^ 1]) + data[1:]

    changed = [
        replace(ballot, id_b=flipped(ballot.id_b)),
        replace(ballot, h_i=flipped(ballot.h_i)),
        replace(ballot, confirmation_code=flipped(ballot.confirmation_code)),
        replace(ballot, chaining_field=flipped(ballot.chaining_field)),
        replace(ballot, encrypted_nonce=replace(ballot.encrypted_nonce, c1=flipped(ballot.encrypted_nonce.c1))),
        replace(ballot, encrypted_nonce=replace(ballot.encrypted_nonce, v=ballot.encrypted_nonce.v ^ 16)),
        replace_contest(ballot, 0, replace(contest, contest_hash=flipped(contest.contest_hash))),
        replace_contest(ballot, 0, replace(contest, limit_proof=challenge(1, 16)(contest.limit_proof))),
        with_first(alpha=first.alpha * G % P),
        with_first(beta=first.beta * G % P),
        with_first(proof=challenge(0, first.proof.challenges[0] ^ 1)(first.proof)),
        with_first(proof=response(1, first.proof.responses[1] ^ 1)(first.proof)),
    ]
    findings = [Findings() for _ in changed]
    check_ballots(sample_context(), engine(), changed, findings)
    assert all(collected.entries for collected in findings)

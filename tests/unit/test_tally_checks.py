"""Verifications 9 to 11: for each code a change that makes exactly it appear."""

from dataclasses import replace

import pytest
from gmpy2 import invert, mpz, powmod

from amarvote.electionguard.aggregation import add_ballots, to_tally
from amarvote.electionguard.ballots import BallotStatus
from amarvote.electionguard.decryption import assemble_tally, combine_decryption, tally_ciphertexts
from amarvote.electionguard.errors import Finding, Findings
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.tallies import DecryptedTallyContest, DecryptedTallyOption, EncryptedTallyContest
from amarvote.electionguard.tally_checks import (
    check_aggregation,
    check_decrypted_contest,
    check_tally_contents,
)
from guardian_samples import ENGINE, answers_of, ballot_of, ceremony, encrypted_tally

q = int(Q)
HELD = ceremony()
CONTEXT = HELD.context
TALLY = encrypted_tally(CONTEXT, ((60, 40), (0, 300, 7)))
ITEMS = tally_ciphertexts(CONTEXT, TALLY)
DECRYPTED = assemble_tally(
    CONTEXT,
    combine_decryption(CONTEXT, ENGINE, HELD.keys, (1, 2), ITEMS, answers_of(HELD, (1, 2), ITEMS)),
)
MAYOR, COUNCIL = DECRYPTED
SECRET = sum(secret.vote_polynomial[0] for secret in HELD.secrets) % q


def proved(contest: int, option: int, encoded: mpz, total: int) -> DecryptedTallyOption:
    """The holder of the whole secret proves M = A^s for whatever it claims T to be: the hash binds B / T."""
    item = next(item for item in ITEMS if (item.contest, item.option) == (contest, option))
    power = item.B * invert(encoded, P) % P
    c = item.challenge(powmod(G, 77, P), powmod(item.A, 77, P), power)
    label = CONTEXT.manifest.contest(contest).options[option - 1].id
    return DecryptedTallyOption(option, label, total, encoded, c, (77 - c * SECRET) % q)


def codes(findings: Findings) -> list[str]:
    return [finding.code for finding in findings.entries]


def aggregation(recorded: tuple[EncryptedTallyContest, ...]) -> list[tuple[str, str]]:
    findings = Findings()
    check_aggregation(recorded, TALLY, findings)
    return [(finding.code, finding.where) for finding in findings.entries]


def with_ciphertext(position: int, pair: tuple[mpz, mpz]) -> tuple[EncryptedTallyContest, ...]:
    pairs = list(TALLY[1].ciphertexts)
    pairs[position] = pair
    return TALLY[0], replace(TALLY[1], ciphertexts=tuple(pairs))


def test_a_tally_that_is_the_product() -> None:
    assert aggregation(TALLY) == []


def test_9a_9b() -> None:
    a, b = TALLY[1].ciphertexts[2]
    assert aggregation(with_ciphertext(2, (a * G % P, b))) == [("9.A", "contest 2, option 3")]
    assert aggregation(with_ciphertext(2, (a, b * G % P))) == [("9.B", "contest 2, option 3")]
    assert aggregation(with_ciphertext(2, (a + P, b))) == [("9.A", "contest 2, option 3")]
    assert aggregation(with_ciphertext(0, (b, a))) == [
        ("9.A", "contest 2, option 1"),
        ("9.B", "contest 2, option 1"),
    ]


def test_9_structure() -> None:
    first, second = TALLY
    for recorded, where in (
        ((first,), "contest 2"),
        ((first, second, replace(second, index=3)), "contest 3"),
        ((first, second, second), "contest 2"),
        ((first, replace(second, ciphertexts=second.ciphertexts[:2])), "contest 2"),
        ((first, replace(second, cast_weight=99)), "contest 2"),
        ((replace(first, cast_weight=0), second), "contest 1"),
    ):
        assert aggregation(recorded) == [("9.structure", where)]


def test_the_recount_of_real_ballots() -> None:
    ballots = [ballot_of(HELD, {1: {1: 1}})[0], replace(ballot_of(HELD, {2: {3: 2}})[0], weight=3)]
    ballots.append(ballot_of(HELD, {1: {2: 1}}, status=BallotStatus.CHALLENGED)[0])
    recount = to_tally(CONTEXT, add_ballots(CONTEXT, ENGINE, ballots))
    findings = Findings()
    check_aggregation(recount, recount, findings)
    assert codes(findings) == []
    assert [contest.cast_weight for contest in recount] == [4, 4]
    check_aggregation(recount, to_tally(CONTEXT, add_ballots(CONTEXT, ENGINE, ballots[:1])), findings)
    assert set(codes(findings)) == {"9.A", "9.B", "9.structure"}


def opened(
    contest: DecryptedTallyContest, encrypted: EncryptedTallyContest | None = TALLY[0]
) -> tuple[list[Finding], frozenset[str]]:
    findings = Findings("decrypted tally")
    skipped = check_decrypted_contest(CONTEXT, ENGINE, encrypted, contest, findings)
    return findings.entries, skipped


def found(contest: DecryptedTallyContest) -> list[str]:
    entries, skipped = opened(contest)
    assert skipped == frozenset()
    return [entry.code for entry in entries]


def changed(position: int = 0, **change: object) -> DecryptedTallyContest:
    options = list(MAYOR.options)
    options[position] = replace(options[position], **change)
    return replace(MAYOR, options=tuple(options))


def test_an_honest_tally() -> None:
    assert found(MAYOR) == []
    assert opened(COUNCIL, TALLY[1]) == ([], frozenset())


def test_10a() -> None:
    entries, skipped = opened(changed(v=MAYOR.options[0].v + q))
    assert [(entry.code, entry.where) for entry in entries] == [("10.A", "decrypted tally, contest 1, option 1")]
    assert skipped == {"10.B"}


@pytest.mark.parametrize("change", [{"v": 5}, {"c": 5}, {"c": q}, {"c": 2**256 - 1}])
def test_10b(change: dict[str, int]) -> None:
    assert found(changed(**change)) == ["10.B"]


def test_10b_a_shifted_total() -> None:
    """One vote more: T = K^61 fits t = 61, and even the holder of the secret cannot prove it."""
    shifted = proved(1, 1, powmod(CONTEXT.joint_key, 61, P), 61)
    assert found(replace(MAYOR, options=(shifted, MAYOR.options[1]))) == ["10.B"]


def test_10b_proofs_do_not_change_places() -> None:
    left, right = MAYOR.options
    swapped = (replace(left, c=right.c, v=right.v), replace(right, c=left.c, v=left.v))
    assert found(replace(MAYOR, options=swapped)) == ["10.B", "10.B"]


def test_10c() -> None:
    assert found(changed(tally=61)) == ["10.C"]
    assert found(changed(tally=2**63 - 1)) == ["10.C"]


def test_10c_a_value_that_is_no_element_leaves_the_proof_open() -> None:
    for value in (mpz(0), MAYOR.options[0].encoded_tally + P):
        entries, skipped = opened(changed(encoded_tally=value))
        assert ([entry.code for entry in entries], skipped) == (["10.C"], {"10.B"})


def test_10b_and_10c_another_value() -> None:
    """T is read by both: M = B/T is no power of A any more, and T is not K^t."""
    assert found(changed(encoded_tally=powmod(CONTEXT.joint_key, 61, P))) == ["10.C", "10.B"]


def test_a_total_of_zero_has_a_proof_too() -> None:
    nothing = COUNCIL.options[0]
    assert (nothing.tally, nothing.encoded_tally) == (0, 1)
    wrong = replace(COUNCIL, options=(replace(nothing, v=3), *COUNCIL.options[1:]))
    entries, _ = opened(wrong, TALLY[1])
    assert [entry.code for entry in entries] == ["10.B"]


@pytest.mark.parametrize(
    "encrypted",
    [
        None,
        TALLY[1],
        replace(TALLY[0], ciphertexts=()),
        replace(TALLY[0], ciphertexts=tuple((a + P, b) for a, b in TALLY[0].ciphertexts)),
        replace(TALLY[0], ciphertexts=tuple((a, b + P) for a, b in TALLY[0].ciphertexts)),
    ],
    ids=["missing", "another contest", "no options", "A out of range", "B out of range"],
)
def test_without_its_ciphertext_the_proof_is_left_open(encrypted: EncryptedTallyContest | None) -> None:
    assert opened(MAYOR, encrypted) == ([], frozenset({"10.B"}))


def test_11a() -> None:
    assert found(replace(MAYOR, label="nobody")) == ["11.A"]


def test_11a_a_contest_that_the_manifest_does_not_have_at_all() -> None:
    entries, skipped = opened(DecryptedTallyContest(9, "nobody", MAYOR.options), None)
    assert [entry.code for entry in entries] == ["11.A"]
    assert skipped == {"10.A", "10.B", "10.C", "11.B", "11.C"}


def test_11b() -> None:
    entries, _ = opened(changed(1, label="nobody"))
    assert [(entry.code, entry.where) for entry in entries] == [("11.B", "decrypted tally, contest 1, option 2")]


def test_11b_an_option_too_many() -> None:
    extra = replace(MAYOR.options[0], index=3, label="nobody")
    entries, skipped = opened(replace(MAYOR, options=(*MAYOR.options, extra)))
    assert ([entry.code for entry in entries], skipped) == (["11.B"], {"10.B"})


def test_11c() -> None:
    assert found(replace(MAYOR, options=MAYOR.options[:1])) == ["11.C"]


def test_11_structure_swapped_labels() -> None:
    ada, grace = MAYOR.options
    swapped = (replace(ada, label=grace.label), replace(grace, label=ada.label))
    assert found(replace(MAYOR, options=swapped)) == ["11.structure", "11.structure"]


def test_11_structure_the_label_of_another_contest() -> None:
    assert found(replace(MAYOR, label="council")) == ["11.structure"]


def test_11_structure_a_wrong_index() -> None:
    entries, skipped = opened(changed(index=7))
    assert ([entry.code for entry in entries], skipped) == (["11.structure"], {"10.B"})
    entries, skipped = opened(replace(MAYOR, index=7), None)
    assert ([entry.code for entry in entries], skipped) == (["11.structure"], {"10.B"})


def test_11_structure_an_option_twice() -> None:
    assert found(replace(MAYOR, options=(*MAYOR.options, MAYOR.options[1]))) == ["11.structure"]


def contents(listed: list[tuple[int, str]], on_ballots: set[int]) -> list[tuple[str, str]]:
    findings = Findings()
    check_tally_contents(CONTEXT, listed, on_ballots, findings)
    return [(finding.code, finding.where) for finding in findings.entries]


def test_the_list_of_contests() -> None:
    both = [(1, "mayor"), (2, "council")]
    assert contents(both, {1, 2}) == []
    assert contents(both, set()) == []
    assert contents(both[:1], {1}) == [("10.structure", "contest 2")]
    assert contents(both[:1], {1, 2}) == [("10.structure", "contest 2"), ("11.D", "contest 2")]
    assert contents([*both, (2, "council")], {1, 2}) == [("11.structure", "contest 2")]
    assert contents([(1, "mayor"), (2, "nobody")], {1, 2}) == []

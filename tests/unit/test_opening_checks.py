"""Verifications 12 to 14: for each code a change that makes exactly it appear."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard.ballot_opening import open_contests
from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot, EncryptedContest
from amarvote.electionguard.confirmation import confirmation_code, contest_hash
from amarvote.electionguard.contest_data import decrypt_with_beta, decrypt_with_nonce
from amarvote.electionguard.contest_data_decryption import ContestDataCiphertext
from amarvote.electionguard.encryption import encrypt_ballot
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.opening_checks import (
    check_challenge_secret,
    check_contest_data_opening,
    check_opened_ballot,
)
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.tallies import (
    ChallengedBallotOpening,
    ContestDataOpening,
    ContestDataRequest,
    OpenedContest,
    OpenedContestData,
    OpenedOption,
)
from guardian_samples import ENGINE, ballot_of, ceremony, locator

q = int(Q)
HELD = ceremony()
CONTEXT = HELD.context
DATA_SECRET = sum(secret.data_polynomial[0] for secret in HELD.secrets) % q

CAST, _ = ballot_of(HELD, {2: {1: 1}}, texts={2: "Ada"})
SEALED = CAST.contests[1].contest_data


def data_opening(beta: mpz | None = None, data: bytes | None = None) -> ContestDataOpening:
    """What the holder of the whole secret publishes, with a proof as good as it can be for its `beta`."""
    beta = powmod(SEALED.c0, DATA_SECRET, P) if beta is None else beta
    item = ContestDataCiphertext(ContestDataRequest(locator(HELD, 1), CAST.h_i, 2), SEALED)
    c = item.challenge(powmod(G, 77, P), powmod(SEALED.c0, 77, P), beta)
    plain = decrypt_with_beta(CAST.h_i, 2, SEALED, beta) if data is None else data
    return ContestDataOpening(locator(HELD, 1), CAST.h_i, 2, beta, c, (77 - c * DATA_SECRET) % q, plain)


OPENING = data_opening()


def v12(opening: ContestDataOpening, ballot: EncryptedBallot = CAST) -> tuple[list[str], set[str]]:
    findings = Findings()
    skipped = check_contest_data_opening(CONTEXT, ENGINE, opening, ballot, findings)
    assert all(finding.where == f"contest {opening.contest_index}" for finding in findings.entries)
    return [finding.code for finding in findings.entries], set(skipped)


def test_honest_contest_data() -> None:
    assert b"Ada" in OPENING.data
    assert v12(OPENING) == ([], set())


def test_12a() -> None:
    assert v12(replace(OPENING, v=OPENING.v + q)) == (["12.A"], {"12.B"})


@pytest.mark.parametrize("change", [{"v": 5}, {"c": 5}])
def test_12b(change: dict[str, int]) -> None:
    assert v12(replace(OPENING, **change)) == (["12.B"], set())


def test_12b_a_challenge_of_q_or_more() -> None:
    assert v12(replace(OPENING, c=q))[0] == ["12.B"]


def test_12b_another_beta_with_the_data_that_it_unmasks() -> None:
    assert v12(data_opening(beta=powmod(G, 5, P))) == (["12.B"], set())


def test_12c() -> None:
    assert v12(replace(OPENING, data=bytes(64))) == (["12.C"], set())


@pytest.mark.parametrize("beta", [OPENING.beta + P, P - OPENING.beta, mpz(0), mpz(3)])
def test_12_structure_beta_outside_the_group(beta: mpz) -> None:
    assert v12(replace(OPENING, beta=beta)) == (["12.structure"], {"12.B", "12.C"})


def test_12_structure_a_negated_beta_with_an_even_challenge() -> None:
    """The sign passes 12.2 then; it is caught all the same."""
    negated = P - OPENING.beta
    assert v12(data_opening(beta=negated))[0] == ["12.structure"]


@pytest.mark.parametrize("length", [0, 32, 96])
def test_12_structure_data_of_another_length(length: int) -> None:
    assert v12(replace(OPENING, data=bytes(length))) == (["12.structure"], {"12.C"})


def test_12_structure_of_something_else() -> None:
    everything = {"12.A", "12.B", "12.C"}
    assert v12(replace(OPENING, h_i=bytes(32))) == (["12.structure"], everything)
    assert v12(replace(OPENING, contest_index=1)) == (["12.structure"], everything)
    assert v12(replace(OPENING, contest_index=9)) == (["12.structure"], everything)
    spoiled = replace(CAST, status=BallotStatus.SPOILED)
    assert v12(OPENING, spoiled) == (["12.structure"], set())


@pytest.mark.parametrize("change", [{"c0": SEALED.c0 + P}, {"c": q}, {"v": q}])
def test_12_is_left_open_where_the_ballots_own_data_is_out_of_range(change: dict[str, int]) -> None:
    second = replace(CAST.contests[1], contest_data=replace(SEALED, **change))
    assert v12(OPENING, replace(CAST, contests=(CAST.contests[0], second))) == ([], {"12.A", "12.B", "12.C"})


# Challenged ballots

BALLOT, NONCE = ballot_of(HELD, {1: {2: 1}, 2: {1: 3, 3: 1}}, status=BallotStatus.CHALLENGED, texts={2: "Grace"})
OPENED = ChallengedBallotOpening(locator(HELD, 2), BALLOT.h_i, open_contests(CONTEXT, ENGINE, BALLOT, NONCE))


def v13(opening: ChallengedBallotOpening, ballot: EncryptedBallot = BALLOT) -> tuple[list[str], set[str]]:
    findings = Findings()
    skipped = check_opened_ballot(CONTEXT, ENGINE, opening, ballot, findings)
    return [finding.code for finding in findings.entries], set(skipped)


def contest(position: int, **change: object) -> ChallengedBallotOpening:
    contests = list(OPENED.contests)
    contests[position] = replace(contests[position], **change)
    return replace(OPENED, contests=tuple(contests))


def option(position: int, at: int, **change: object) -> ChallengedBallotOpening:
    options = list(OPENED.contests[position].options)
    options[at] = replace(options[at], **change)
    return contest(position, options=tuple(options))


def data(**change: object) -> ChallengedBallotOpening:
    return contest(1, contest_data=replace(OPENED.contests[1].contest_data, **change))


def test_an_honest_opening() -> None:
    assert v13(OPENED) == ([], set())
    assert b"Grace" in OPENED.contests[1].contest_data.data


def test_13a() -> None:
    assert v13(data(data=bytes(64))) == (["13.A"], set())
    assert v13(data(nonce=5)) == (["13.A"], set())


def test_13a_another_nonce_with_the_data_that_it_unmasks() -> None:
    """Nothing but alpha = C0 ties the nonce to the ballot."""
    c1 = BALLOT.contests[1].contest_data.c1
    _, unmasked = decrypt_with_nonce(ENGINE, CONTEXT.joint_data_key, BALLOT.h_i, 2, c1, 5)
    assert v13(contest(1, contest_data=OpenedContestData(5, unmasked))) == (["13.A"], set())


def test_13b() -> None:
    assert v13(option(0, 0, nonce=5)) == (["13.B"], set())
    assert v13(option(1, 0, value=2)) == (["13.B"], set())
    assert v13(OPENED, replace(BALLOT, confirmation_code=bytes(32))) == (["13.B"], set())
    assert v13(OPENED, replace(BALLOT, chaining_field=bytes(36))) == (["13.B"], set())


def test_13b_another_vote_under_another_nonce() -> None:
    """A vote moved from grace to ada, with the nonces that would make it fit the betas."""
    ada, grace = OPENED.contests[0].options
    moved = (
        replace(ada, value=1, nonce=(ada.nonce - 1) % q),
        replace(grace, value=0, nonce=(grace.nonce + 1) % q),
    )
    assert v13(contest(0, options=moved)) == (["13.B"], set())


@pytest.mark.parametrize(
    "change",
    [
        lambda: option(0, 0, nonce=q),
        lambda: option(0, 0, nonce=OPENED.contests[0].options[0].nonce + q),
    ],
)
def test_13_structure_a_nonce_of_q_or_more(change: Callable[[], ChallengedBallotOpening]) -> None:
    assert v13(change()) == (["13.structure"], {"13.B"})


def test_13_structure_of_contest_data() -> None:
    assert v13(data(nonce=q)) == (["13.structure"], {"13.A"})
    assert v13(data(data=bytes(32))) == (["13.structure"], {"13.A"})
    assert v13(contest(1, contest_data=None)) == (["13.structure"], {"13.A"})
    assert v13(contest(0, contest_data=OpenedContestData(1, bytes(32)))) == (["13.structure"], {"13.A"})


def test_13_structure_of_something_else() -> None:
    everything = {"13.A", "13.B", *(f"14.{letter}" for letter in "ABCDEF")}
    assert v13(replace(OPENED, h_i=bytes(32))) == (["13.structure"], everything)
    assert v13(OPENED, replace(BALLOT, status=BallotStatus.CAST)) == (["13.structure"], everything)
    assert v13(replace(OPENED, contests=OPENED.contests[::-1])) == (["13.structure"], set())
    assert v13(OPENED, replace(BALLOT, ballot_style="nowhere")) == ([], everything)


@pytest.mark.parametrize(
    ("change", "left_open"), [({"c0": P}, {"13.A", "13.B"}), ({"c": q}, {"13.B"}), ({"v": q}, {"13.B"})]
)
def test_13_is_left_open_where_the_ballots_own_data_is_out_of_range(
    change: dict[str, int], left_open: set[str]
) -> None:
    raised = replace(BALLOT.contests[1], contest_data=replace(BALLOT.contests[1].contest_data, **change))
    assert v13(OPENED, replace(BALLOT, contests=(BALLOT.contests[0], raised))) == ([], left_open)


def test_a_contest_that_was_not_opened_enters_the_code_as_the_ballot_holds_it() -> None:
    assert v13(replace(OPENED, contests=OPENED.contests[1:])) == (["14.B"], set())


@pytest.mark.parametrize("beyond", [BALLOT.contests[0], replace(BALLOT.contests[0], index=9)])
def test_what_a_ballot_holds_beyond_its_style_costs_no_arithmetic(
    beyond: EncryptedContest, monkeypatch: pytest.MonkeyPatch
) -> None:
    bases = []
    powers = ENGINE.powers
    monkeypatch.setattr(ENGINE, "powers", lambda base, many: bases.append(base) or powers(base, many))
    assert v13(OPENED) == ([], set())
    enough = len(bases)
    swollen = replace(BALLOT, contests=(*BALLOT.contests, *(beyond,) * 500))
    assert v13(OPENED, swollen) == ([], {"13.B"})
    assert len(bases) == 2 * enough


def test_14a() -> None:
    assert v13(contest(0, label="nobody")) == (["14.A"], set())


def test_14a_a_contest_of_another_style() -> None:
    village, nonce = ballot_of(HELD, {1: {1: 1}}, status=BallotStatus.CHALLENGED, style="village")
    opened = ChallengedBallotOpening(
        locator(HELD, 3),
        village.h_i,
        (*open_contests(CONTEXT, ENGINE, village, nonce), OPENED.contests[1]),
    )
    assert v13(opened, village) == (["14.A"], set())


def test_14c() -> None:
    assert v13(option(1, 1, label="nobody")) == (["14.C"], set())


def test_14d() -> None:
    assert v13(contest(1, options=OPENED.contests[1].options[:2])) == (["14.D"], {"13.B"})


def test_14_structure() -> None:
    ada, grace = OPENED.contests[0].options
    swapped = (replace(ada, label=grace.label), replace(grace, label=ada.label))
    assert v13(contest(0, options=swapped)) == (["14.structure", "14.structure"], set())
    assert v13(option(0, 1, index=7)) == (["14.structure"], {"13.B"})
    assert v13(contest(0, options=(ada, grace, grace)))[0][0] == "14.structure"
    first, second = OPENED.contests
    labels = (replace(first, label=second.label), replace(second, label=first.label))
    assert v13(replace(OPENED, contests=labels)) == (["14.structure", "14.structure"], set())


def forged(values: dict[int, tuple[int, ...]]) -> tuple[EncryptedBallot, ChallengedBallotOpening]:
    """A ballot that encrypts impossible values (its proofs would be refused), hashed and opened as it is."""
    contests, opened = [], []
    for encrypted, held in zip(BALLOT.contests, OPENED.contests, strict=True):
        row = values.get(encrypted.index, tuple(option.value for option in held.options))
        options = tuple(
            OpenedOption(option.index, option.label, value, option.nonce)
            for option, value in zip(held.options, row, strict=True)
        )
        selections = tuple(
            replace(selection, beta=powmod(CONTEXT.joint_key, option.nonce + option.value, P))
            for selection, option in zip(encrypted.selections, options, strict=True)
        )
        pairs = [(selection.alpha, selection.beta) for selection in selections]
        chi = contest_hash(BALLOT.h_i, encrypted.index, pairs, encrypted.contest_data)
        contests.append(replace(encrypted, selections=selections, contest_hash=chi))
        opened.append(OpenedContest(held.index, held.label, options, held.contest_data))
    code = confirmation_code(BALLOT.h_i, [one.contest_hash for one in contests], BALLOT.chaining_field)
    ballot = replace(BALLOT, contests=tuple(contests), confirmation_code=code)
    return ballot, replace(OPENED, contests=tuple(opened))


def test_14e() -> None:
    ballot, opened = forged({2: (4, 0, 0)})
    assert v13(opened, ballot) == (["14.E"], set())


def test_14f() -> None:
    ballot, opened = forged({1: (1, 1)})
    assert v13(opened, ballot) == (["14.F"], set())
    ballot, opened = forged({2: (3, 2, 0)})
    assert v13(opened, ballot) == (["14.F"], set())


def test_a_huge_value_is_reported_and_costs_nothing() -> None:
    found, _ = v13(option(1, 0, value=2**31 - 1))
    assert found == ["14.E", "14.F", "13.B"]


def test_findings_name_the_place() -> None:
    findings = Findings("challenged ballot 2")
    check_opened_ballot(CONTEXT, ENGINE, option(1, 1, label="nobody"), BALLOT, findings)
    assert [finding.where for finding in findings.entries] == ["challenged ballot 2, contest 2, option 2"]


def secret(ballot: EncryptedBallot) -> list[str]:
    findings = Findings()
    check_challenge_secret(ballot, findings)
    return [finding.code for finding in findings.entries]


def test_the_secret_behind_a_challenged_ballot() -> None:
    assert secret(BALLOT) == []
    assert secret(replace(BALLOT, ballot_ref="challenge:" + "0" * 64)) == ["13.structure"]
    assert secret(replace(BALLOT, ballot_ref="challenge:")) == ["13.structure"]
    assert secret(replace(BALLOT, ballot_ref="")) == []
    assert secret(replace(BALLOT, ballot_ref="sheet 17")) == []
    assert secret(replace(BALLOT, status=BallotStatus.CAST, ballot_ref="challenge:")) == []
    other, _ = encrypt_ballot(
        CONTEXT,
        ENGINE,
        "village",
        {},
        {},
        id_b=bytes(32),
        ballot_nonce=bytes(32),
        chaining_field=BALLOT.chaining_field,
    )
    relabelled = replace(other, status=BallotStatus.CHALLENGED, ballot_ref=BALLOT.ballot_ref)
    assert secret(relabelled) == ["13.structure"]

from dataclasses import replace

import pytest
from gmpy2 import powmod

from amarvote.electionguard.ballot_batch import gather, unproven
from amarvote.electionguard.ballot_checks import check_ballots
from amarvote.electionguard.ballot_claims import read_ballot
from amarvote.electionguard.ballot_nonce import nonce_challenge
from amarvote.electionguard.ballots import BallotStatus, HashedCiphertext, RangeProof
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.parameters import G, P, Q
from ballot_forgeries import Bends, forge, recode, rehash, replace_contest
from ballot_samples import Made, engine, make_ballot, sample_context

VOTES = {1: {1: 1}, 2: {1: 1, 3: 1}, 3: {1: 3, 2: 1}}
"""Every contest at its limits: L = 1, L = 2, R = 3 and L = 4."""


@pytest.fixture(scope="module")
def good() -> list[Made]:
    return [
        make_ballot(VOTES, texts={1: "Ada Lovelace"}),
        make_ballot({}, style="mayor only"),
        make_ballot({1: {1: 1, 2: 1}, 3: {2: 2}}, style="no board"),  # an overvote
    ]


def found(made: list[Made], *, with_commitments: bool) -> list[list[tuple[str, str]]]:
    findings = [Findings() for _ in made]
    commitments = [one.commitments for one in made] if with_commitments else None
    check_ballots(sample_context(), engine(), [one.ballot for one in made], findings, commitments)
    return [[(finding.code, finding.where) for finding in collected.entries] for collected in findings]


@pytest.mark.parametrize("with_commitments", [True, False])
def test_good_ballots_pass(good: list[Made], with_commitments: bool) -> None:
    assert found(good, with_commitments=with_commitments) == [[], [], []]
    assert found([], with_commitments=with_commitments) == []


@pytest.mark.parametrize("status", list(BallotStatus))
def test_every_status_is_checked(good: list[Made], status: BallotStatus) -> None:
    """A proof is demanded of challenged and spoiled ballots too."""
    forged = forge({2: [2, 0, 0]})
    ballots = [replace(one, ballot=replace(one.ballot, status=status)) for one in (good[1], forged)]
    assert found(ballots, with_commitments=True) == [[], [("6.D", "contest 2, option 1")]]


def test_findings_stand_inside_the_callers_place() -> None:
    findings = Findings().at("device abc, ballot 17")
    forged = forge({2: [0, 2, 0]})
    check_ballots(sample_context(), engine(), [forged.ballot], [findings])
    (finding,) = findings.entries
    assert finding.where == "device abc, ballot 17, contest 2, option 2"
    assert finding.message == "the range proof does not hold: nothing shows a value from 0 to 1"


def test_one_collection_may_serve_several_ballots(good: list[Made]) -> None:
    """Findings of one ballot must not make the next one suspect, nor be lost."""
    root = Findings()
    ballots = [replace(good[1].ballot, weight=0), good[1].ballot, forge({2: [0, 0, 2]}).ballot]
    check_ballots(sample_context(), engine(), ballots, [root.at(f"ballot {i}") for i in (1, 2, 3)])
    assert [(finding.code, finding.where) for finding in root.entries] == [
        ("9.structure", "ballot 1"),
        ("6.D", "ballot 3, contest 2, option 3"),
    ]


@pytest.mark.parametrize("bad", [{0}, {5}, {2, 3}, {0, 1, 2, 3, 4, 5}])
def test_a_failing_batch_is_searched(good: list[Made], bad: set[int]) -> None:
    """All hashes hold: only the product can tell."""
    forged = forge({2: [2, 0, 0]})
    claims = [
        read_ballot(sample_context(), made.ballot, Findings(), made.commitments)
        for made in (forged if position in bad else good[1] for position in range(6))
    ]
    assert set(unproven(sample_context(), engine(), claims)) == bad


def test_a_joint_key_outside_the_group_gives_no_batch(good: list[Made]) -> None:
    """-K passes in every second product alone."""
    context = replace(sample_context(), joint_key=P - sample_context().joint_key)
    claims = read_ballot(context, good[1].ballot, Findings(), good[1].commitments)
    for _ in range(10):
        assert unproven(context, engine(), [claims]) == [0]
    context = replace(context, joint_key=sample_context().joint_key * 4 % P)
    assert unproven(context, engine(), [claims]) == [0]


def test_cancelling_defects_need_the_weights(good: list[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ballots wrong by a factor and by its inverse: refused, and only thanks to the weights."""
    factor = powmod(G, 5, P)
    places = {(2, 1): (factor, 1)}, {(2, 1): (powmod(factor, -1, P), 1)}
    pair = [forge({2: [0, 0, 0]}, Bends(commitments=place)) for place in places]
    for _ in range(3):
        assert found([good[1], *pair], with_commitments=True) == [[], *([[("6.D", "contest 2, option 1")]] * 2)]
    monkeypatch.setattr("amarvote.electionguard.randomness.random_weight", lambda: 1)
    assert found([good[1], *pair], with_commitments=True) == [[], [], []]


def test_cancelling_defects_of_one_pair_need_two_weights() -> None:
    """a_0 times a factor and b_0 divided by it: with one weight for both equations the product would be 1."""
    factor = powmod(G, 5, P)
    forged = forge({2: [0, 0, 0]}, Bends(commitments={(2, 1): (factor, powmod(factor, -1, P))}))
    claims = read_ballot(sample_context(), forged.ballot, Findings(), forged.commitments)
    assert unproven(sample_context(), engine(), [claims]) == [0]


def test_cancelling_proofs_of_knowledge_need_the_weights(
    good: list[Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    """v of (38) is in no hash: one 5 too great and another 5 too small give the product 1 without weights."""

    def shifted(made: Made, by: int) -> Made:
        nonce = made.ballot.encrypted_nonce
        wrong = replace(nonce, v=(nonce.v + by) % int(Q))
        return replace(made, ballot=replace(made.ballot, encrypted_nonce=wrong))

    pair = [shifted(good[0], 5), shifted(good[1], -5)]
    assert found(pair, with_commitments=True) == [[("13.structure", "")]] * 2
    monkeypatch.setattr("amarvote.electionguard.randomness.random_weight", lambda: 1)
    assert found(pair, with_commitments=True) == [[], []]


def test_a_negated_commitment_of_a_proof_of_knowledge_is_refused(good: list[Made]) -> None:
    """The prover hashes -a where the equation gives a: the sign passes every second product."""
    made = good[1]
    nonce, h_i = made.ballot.encrypted_nonce, made.ballot.h_i
    xi, u = 5, 77
    c0, a = powmod(G, xi, P), P - powmod(G, u, P)
    c = nonce_challenge(h_i, a, c0, nonce.c1)
    forged = HashedCiphertext(c0, nonce.c1, c, (u - c * xi) % int(Q))
    ballot = replace(made.ballot, encrypted_nonce=forged)
    claims = read_ballot(sample_context(), ballot, Findings(), replace(made.commitments, nonce=a))
    for _ in range(10):
        assert unproven(sample_context(), engine(), [claims]) == [0]
    assert found([replace(made, ballot=ballot)], with_commitments=False) == [[("13.structure", "")]]


def test_every_member_carries_a_fresh_multiple_of_q(good: list[Made]) -> None:
    """What the soundness of the membership rests on; no attack within reach would show its absence."""
    claims = read_ballot(sample_context(), good[1].ballot, Findings(), good[1].commitments)
    ballot = good[1].ballot
    data = ballot.contests[0].contest_data
    assert data is not None
    members = {sample_context().joint_key, ballot.encrypted_nonce.c0, data.c0}
    members |= {x for selection in ballot.contests[0].selections for x in (selection.alpha, selection.beta)}
    multiples: list[int] = []
    for _ in range(2):
        product = gather(sample_context(), [claims])
        exponents = dict(zip(product.bases, product.exponents, strict=True))
        assert members < set(exponents)
        assert all(0 < exponents[x] < 2**128 for x in set(exponents) - members)
        multiples += [exponents[x] // int(Q) for x in members]
    assert all(0 < multiple < 2**128 for multiple in multiples)
    assert len(set(multiples)) == 2 * len(members)


def test_a_batch_takes_only_what_is_complete(good: list[Made]) -> None:
    ballot = good[1].ballot
    contest = ballot.contests[0]
    short = replace(contest, limit_proof=RangeProof((), ()))
    for changed, commitments in (
        (ballot, None),
        (replace_contest(ballot, 0, short), good[1].commitments),
    ):
        claims = read_ballot(sample_context(), changed, Findings(), commitments)
        assert unproven(sample_context(), engine(), [claims]) == [0]
        with pytest.raises(ValueError, match="all proofs and commitments"):
            gather(sample_context(), [claims])


@pytest.mark.parametrize("with_commitments", [True, False])
def test_a_contest_that_comes_again_costs_no_arithmetic(good: list[Made], with_commitments: bool) -> None:
    """A ballot may repeat a contest as often as a frame has room for, and each proof has its price."""
    ballot, commitments = forge({2: [2, 0, 0]}).ballot, good[1].commitments
    again = replace(ballot, contests=(*ballot.contests, *(ballot.contests[1],) * 5000))
    findings = Findings()
    claims = read_ballot(sample_context(), again, findings, commitments if with_commitments else None)
    assert len(claims.contests) == 3
    assert [finding.code for finding in findings.entries] == ["6.structure", "8.B"]


@pytest.mark.parametrize(("style", "left"), [("mayor only", [1]), ("no board", [1, 3]), ("no such style", [])])
def test_contests_beyond_the_style_cost_no_arithmetic(good: list[Made], style: str, left: list[int]) -> None:
    findings = Findings()
    claims = read_ballot(sample_context(), replace(good[0].ballot, ballot_style=style), findings, None)
    assert [one.selections[0].findings.where for one in claims.contests] == [
        f"contest {i}, option 1" for i in left
    ]
    assert {finding.code for finding in findings.entries} == {"6.structure"}


def test_a_contest_beyond_the_shape_of_the_manifest_costs_no_arithmetic(good: list[Made]) -> None:
    """Every option and every proof has its price, so one too many is refused before any is checked."""
    ballot = good[1].ballot
    contest = ballot.contests[0]
    long = replace(contest, selections=(*contest.selections, *(contest.selections[0],) * 5000))
    claims = read_ballot(sample_context(), replace_contest(ballot, 0, long), findings := Findings(), None)
    assert len(claims.contests) == len(ballot.contests) - 1
    assert "6.structure" in {finding.code for finding in findings.entries}

    proof = RangeProof(contest.limit_proof.challenges * 5000, contest.limit_proof.responses * 5000)
    option = replace(contest.selections[0], proof=proof)
    long = replace(contest, limit_proof=proof, selections=(option, *contest.selections[1:]))
    claims = read_ballot(sample_context(), replace_contest(ballot, 0, long), findings := Findings(), None)
    assert claims.contests[0].limit is None
    assert claims.contests[0].selections[0].proof is None
    assert {"6.structure", "7.structure"} <= {finding.code for finding in findings.entries}


def test_a_ballot_of_very_many_foreign_contests_is_told_in_a_sentence(good: list[Made]) -> None:
    ballot = good[1].ballot
    contests = tuple(replace(ballot.contests[0], index=index) for index in range(4, 100_000))
    findings = Findings()
    read_ballot(sample_context(), replace(ballot, contests=contests), findings, None)
    missing, foreign = (finding.message for finding in findings.entries if finding.code == "6.structure")
    assert missing.endswith("must have contest 1, and this one has not")
    assert foreign.endswith("does not have contest 4, 5, 6, 7, 8 and 99991 more, and this one has")


@pytest.mark.parametrize("name", ["c", "v"])
@pytest.mark.parametrize("by", [-int(Q), int(Q)])
def test_a_proof_of_knowledge_has_no_second_form(good: list[Made], name: str, by: int) -> None:
    """The same exponents in another representation: equations mod q would hold, and the code would be another."""
    ballot = good[0].ballot
    contest = ballot.contests[0]
    assert contest.contest_data is not None
    data = replace(contest.contest_data, **{name: getattr(contest.contest_data, name) + by})
    nonce = replace(ballot.encrypted_nonce, **{name: getattr(ballot.encrypted_nonce, name) + by})
    for changed, code in (
        (replace_contest(ballot, 0, replace(contest, contest_data=data)), "8.structure"),
        (replace(ballot, encrypted_nonce=nonce), "13.structure"),
    ):
        findings = Findings()
        claims = read_ballot(sample_context(), changed, findings, None)
        assert [finding.code for finding in findings.entries] == [code]
        assert "challenge and response must be below q" in findings.entries[0].message
        assert len(claims.knowledge) == 1


@pytest.mark.parametrize("name", ["challenges", "responses"])
def test_a_proof_needs_as_many_challenges_as_responses(good: list[Made], name: str) -> None:
    ballot = good[0].ballot
    contest = ballot.contests[0]
    option = contest.selections[0]
    short, limit = ({name: getattr(proof, name)[1:]} for proof in (option.proof, contest.limit_proof))
    changed = replace(
        contest,
        selections=(replace(option, proof=replace(option.proof, **short)), *contest.selections[1:]),
        limit_proof=replace(contest.limit_proof, **limit),
    )
    findings = Findings()
    check_ballots(sample_context(), engine(), [replace_contest(ballot, 0, changed)], [findings])
    assert [finding.code for finding in findings.entries] == ["6.structure", "7.structure"]


def test_lists_must_match(good: list[Made]) -> None:
    ballot = good[1].ballot
    with pytest.raises(ValueError, match="its own findings"):
        check_ballots(sample_context(), engine(), [ballot], [])
    with pytest.raises(ValueError, match="its own commitments"):
        check_ballots(sample_context(), engine(), [ballot], [Findings()], [])


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("no such style", "the manifest has no ballot style 'no such style'"),
        ("x" * 5000, "the manifest has no ballot style '" + "x" * 60 + "'…"),
        ("mayor only", "a ballot of style 'mayor only' does not have contest 3, and this one has"),
        ("all", "a ballot of style 'all' must have contest 2, and this one has not"),
    ],
)
def test_the_style_decides_the_contests(good: list[Made], style: str, expected: str) -> None:
    findings = Findings()
    check_ballots(sample_context(), engine(), [replace(good[2].ballot, ballot_style=style)], [findings])
    assert [(finding.code, finding.message) for finding in findings.entries] == [("6.structure", expected)]


def test_the_order_and_number_of_contests(good: list[Made]) -> None:
    ballot = good[2].ballot
    for contests in (ballot.contests[::-1], (*ballot.contests, ballot.contests[1])):
        findings = Findings()
        changed = recode(replace(ballot, contests=contests))
        check_ballots(sample_context(), engine(), [changed], [findings])
        (finding,) = findings.entries
        assert finding.code == "6.structure"
        assert "once, in ascending order" in finding.message


@pytest.mark.parametrize("index", [0, 4, 2**31, 2**40])
def test_a_contest_that_the_manifest_does_not_have(good: list[Made], index: int) -> None:
    """However great its number, it is refused and nothing breaks."""
    ballot = good[1].ballot
    changed = recode(replace_contest(ballot, 0, replace(ballot.contests[0], index=index)))
    findings = Findings()
    check_ballots(sample_context(), engine(), [changed], [findings])
    assert [finding.code for finding in findings.entries] == ["6.structure", "6.structure"]


def test_messages_stay_short_however_much_is_wrong(good: list[Made]) -> None:
    ballot = good[1].ballot
    many = tuple(replace(ballot.contests[0], index=index) for index in range(100, 1100))
    findings = Findings()
    check_ballots(sample_context(), engine(), [recode(replace(ballot, contests=many))], [findings])
    assert len(findings.entries) == 2
    assert all(len(finding.message) < 200 for finding in findings.entries)
    assert "and 995 more" in findings.entries[1].message


def test_the_recorded_h_i_is_used_downstream(good: list[Made]) -> None:
    """One fault, one letter: another H_I is 5.B, and the proofs are still those made under it."""
    ballot = replace(good[1].ballot, id_b=bytes(32))
    findings = Findings()
    check_ballots(sample_context(), engine(), [ballot], [findings])
    assert [finding.code for finding in findings.entries] == ["5.B"]


def test_a_recorded_contest_hash_is_used_downstream(good: list[Made]) -> None:
    ballot = good[2].ballot
    wrong = replace_contest(ballot, 1, replace(ballot.contests[1], contest_hash=bytes(32)))
    for changed, expected in (
        (recode(wrong), [("8.A", "contest 3")]),
        (wrong, [("8.B", ""), ("8.A", "contest 3")]),
        (replace(ballot, confirmation_code=bytes(32)), [("8.B", "")]),
    ):
        findings = Findings()
        check_ballots(sample_context(), engine(), [changed], [findings])
        assert [(finding.code, finding.where) for finding in findings.entries] == expected


def test_nothing_is_reduced(good: list[Made]) -> None:
    """alpha + p or c + q would satisfy every equation."""
    ballot = good[1].ballot
    contest = ballot.contests[0]
    first, second = contest.selections
    proof = replace(first.proof, challenges=(first.proof.challenges[0] + int(Q), first.proof.challenges[1]))
    beyond = replace(second, alpha=second.alpha + P)
    changed = replace_contest(ballot, 0, replace(contest, selections=(replace(first, proof=proof), beyond)))
    findings = Findings()
    check_ballots(sample_context(), engine(), [changed], [findings])
    assert [(finding.code, finding.where, finding.message) for finding in findings.entries] == [
        ("6.B", "contest 1, option 1", "challenge 0 of the range proof must be below q"),
        ("6.A", "contest 1, option 2", "alpha must be below p"),
    ]
    assert rehash(ballot) == ballot

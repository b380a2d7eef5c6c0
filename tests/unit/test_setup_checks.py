"""Verifications 1 to 4: for each code a change that makes exactly it appear."""

from dataclasses import replace

import pytest
from gmpy2 import mpz, powmod

from amarvote.electionguard.context import parameter_base_hash
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.guardian_proofs import VOTE_LABEL, key_challenge
from amarvote.electionguard.guardians import ElectionKeys, GuardianPublicKey, SchnorrProof
from amarvote.electionguard.key_ceremony import generate_secret, public_key
from amarvote.electionguard.parameters import VERSION, G, P, Q, R
from amarvote.electionguard.setup_checks import (
    check_extended_hash,
    check_guardian_key,
    check_guardians,
    check_joint_keys,
    check_manifest_hash,
    check_parameters,
)
from guardian_samples import ENGINE, MANIFEST, Ceremony, ceremony

q = int(Q)
PARAMETERS = {
    "version": VERSION,
    "p": P,
    "q": Q,
    "r": R,
    "g": G,
    "n": 3,
    "k": 2,
    "h_p": parameter_base_hash(3, 2),
}


def codes(findings: Findings) -> list[str]:
    return [finding.code for finding in findings.entries]


def of_parameters(**changes: object) -> list[str]:
    findings = Findings("parameters")
    check_parameters(**{**PARAMETERS, **changes}, findings=findings)
    return codes(findings)


def test_the_standard_parameters_pass() -> None:
    assert of_parameters() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"version": b"v2.0.0".ljust(32, b"\0")}, "1.A"),
        ({"version": b"v2.1.0".rjust(32, b"\0")}, "1.A"),
        ({"p": P + 2}, "1.B"),
        ({"q": Q + 2}, "1.C"),
        ({"g": powmod(G, 2, P)}, "1.D"),
        ({"h_p": bytes(32)}, "1.E"),
        ({"n": 4}, "1.E"),
        ({"k": 3}, "1.E"),
        ({"r": R + 2}, "1.structure"),
        ({"k": 4, "h_p": parameter_base_hash(3, 4)}, "1.structure"),
        ({"k": 0, "h_p": parameter_base_hash(3, 0)}, "1.structure"),
        ({"n": 0, "k": 0, "h_p": parameter_base_hash(0, 0)}, "1.structure"),
    ],
)
def test_a_wrong_parameter(changes: dict[str, object], expected: str) -> None:
    assert of_parameters(**changes) == [expected]


def test_manifest_hash() -> None:
    context = ceremony().context
    findings = Findings()
    check_manifest_hash(context.h_p, MANIFEST.raw, context.h_b, findings)
    assert codes(findings) == []
    check_manifest_hash(context.h_p, MANIFEST.raw + b" ", context.h_b, findings)
    assert codes(findings) == ["1.F"]


def of_key(held: Ceremony, key: GuardianPublicKey) -> tuple[list[str], frozenset[str]]:
    findings = Findings()
    skipped = check_guardian_key(ENGINE, held.context.h_p, held.context.k, key, findings)
    return codes(findings), skipped


def proved_anew(held: Ceremony, key: GuardianPublicKey, even: bool = False) -> GuardianPublicKey:
    """The first proof again, by somebody who knows the secrets, over the key as it now stands.

    With `even`, nonces are tried until the challenge is even, so that signs do not show in the equations.
    """
    secret = held.secrets[key.index - 1]
    secrets = (*secret.vote_polynomial, secret.zeta)
    start = 1
    while True:
        nonces = range(start, start + len(secrets))
        announcements = [ENGINE.power(G, nonce) for nonce in nonces]
        c = key_challenge(held.context.h_p, VOTE_LABEL, key.index, key.vote_commitments, key.kappa, announcements)
        if not even or c % 2 == 0:
            responses = ((u - c * s) % q for u, s in zip(nonces, secrets, strict=True))
            return replace(key, vote_proof=SchnorrProof(c, tuple(responses)))
        start += 1


def test_honest_keys_pass() -> None:
    held = ceremony()
    findings = Findings()
    assert check_guardians(ENGINE, held.context.h_p, 3, 2, held.keys, findings) == frozenset()
    assert codes(findings) == []


def test_2a_a_commitment_of_order_2q_with_a_proof_that_holds() -> None:
    held = ceremony()
    key = held.keys[0]
    negated = replace(key, vote_commitments=(P - key.vote_commitments[0], key.vote_commitments[1]))
    assert of_key(held, proved_anew(held, negated, even=True)) == (["2.A"], frozenset())


@pytest.mark.parametrize("field", ["vote_commitments", "data_commitments", "kappa"])
def test_2a_a_value_of_p_or_more_leaves_the_proofs_open(field: str) -> None:
    held = ceremony()
    value = getattr(held.keys[0], field)
    raised = value + P if field == "kappa" else (value[0], P + 1)
    found, skipped = of_key(held, replace(held.keys[0], **{field: raised}))
    assert found == ["2.A"]
    assert skipped == {"2.C"}


def test_2a_zero_is_no_key() -> None:
    held = ceremony()
    found, _ = of_key(held, replace(held.keys[0], kappa=mpz(0)))
    assert "2.A" in found


@pytest.mark.parametrize("proof", ["vote_proof", "data_proof"])
def test_2b_a_response_of_q_or_more(proof: str) -> None:
    held = ceremony()
    made = getattr(held.keys[1], proof)
    raised = replace(made, responses=(made.responses[0], q + 5, made.responses[2]))
    assert of_key(held, replace(held.keys[1], **{proof: raised})) == (["2.B"], frozenset({"2.C"}))


@pytest.mark.parametrize("proof", ["vote_proof", "data_proof"])
def test_2c_a_wrong_proof_and_a_challenge_of_q_or_more(proof: str) -> None:
    held = ceremony()
    made = getattr(held.keys[1], proof)
    wrong = replace(made, responses=((made.responses[0] + 1) % q, *made.responses[1:]))
    assert of_key(held, replace(held.keys[1], **{proof: wrong})) == (["2.C"], frozenset())
    assert of_key(held, replace(held.keys[1], **{proof: replace(made, challenge=q)})) == (["2.C"], frozenset())


def test_2c_proofs_do_not_change_sides() -> None:
    held = ceremony()
    key = held.keys[0]
    found, _ = of_key(held, replace(key, vote_proof=key.data_proof, data_proof=key.vote_proof))
    assert found == ["2.C", "2.C"]


@pytest.mark.parametrize(
    ("field", "count"),
    [("vote_commitments", 1), ("data_commitments", 3), ("vote_proof", 2), ("data_proof", 4)],
)
def test_2_structure_another_number_of_values(field: str, count: int) -> None:
    held = ceremony()
    value = getattr(held.keys[0], field)
    if isinstance(value, SchnorrProof):
        changed: object = replace(value, responses=(value.responses * 2)[:count])
    else:
        changed = (value * 2)[:count]
    found, skipped = of_key(held, replace(held.keys[0], **{field: changed}))
    assert found == ["2.structure"]
    assert skipped == {"2.A", "2.B", "2.C"}


def test_the_list_of_guardians() -> None:
    held = ceremony()
    fourth = public_key(ENGINE, held.context.h_p, generate_secret(4, 2))
    for keys, expected in (
        (held.keys[:2], "2.A"),
        ((*held.keys, fourth), "2.A"),
        ((*held.keys[:2], fourth), "2.A"),
        ((held.keys[0], held.keys[0], held.keys[2]), "2.A"),
        ((held.keys[1], held.keys[0], held.keys[2]), "R.order"),
        ((), "2.A"),
    ):
        findings = Findings()
        check_guardians(ENGINE, held.context.h_p, 3, 2, keys, findings)
        assert codes(findings) == [expected]


def test_an_absurd_number_of_guardians_costs_nothing() -> None:
    findings = Findings()
    check_guardians(ENGINE, bytes(32), 2**31 - 1, 2, ceremony().keys, findings)
    assert findings.entries[0].code == "2.A"
    assert "1, 2, 3, not exactly 1 to 2147483647" in findings.entries[0].message


def test_findings_name_the_guardian() -> None:
    held = ceremony()
    findings = Findings("setup")
    bad = replace(held.keys[2], kappa=held.keys[1].kappa)
    check_guardians(ENGINE, held.context.h_p, 3, 2, (*held.keys[:2], bad), findings)
    assert {finding.where for finding in findings.entries} == {"setup, guardian 3"}


def election_keys(held: Ceremony) -> ElectionKeys:
    return ElectionKeys(held.context.joint_key, held.context.joint_data_key, held.context.h_e)


def of_joint(held: Ceremony, keys: ElectionKeys) -> tuple[list[str], frozenset[str]]:
    findings = Findings()
    skipped = check_joint_keys(ENGINE, held.keys, keys, findings)
    return codes(findings), skipped


def test_joint_keys() -> None:
    held = ceremony()
    keys = election_keys(held)
    assert of_joint(held, keys) == ([], frozenset())
    assert of_joint(held, replace(keys, joint_key=powmod(G, 3, P))) == (["3.A"], frozenset())
    assert of_joint(held, replace(keys, joint_key=keys.joint_key + P)) == (["3.A"], frozenset())
    assert of_joint(held, replace(keys, joint_data_key=powmod(G, 3, P))) == (["3.B"], frozenset())
    assert of_joint(held, replace(keys, joint_key=keys.joint_data_key, joint_data_key=keys.joint_key))[0] == [
        "3.A",
        "3.B",
    ]


def test_joint_keys_of_values_that_were_reported_before_are_left_open() -> None:
    held = ceremony()
    raised = replace(held.keys[0], vote_commitments=(P, held.keys[0].vote_commitments[1]))
    for keys in ((raised, *held.keys[1:]), ()):
        findings = Findings()
        skipped = check_joint_keys(ENGINE, keys, election_keys(held), findings)
        assert (codes(findings), skipped) == ([], {"3.A", "3.B"})


def test_extended_base_hash() -> None:
    held = ceremony()
    keys = election_keys(held)
    for changed, expected, open_codes in (
        (keys, [], set()),
        (replace(keys, h_e=bytes(32)), ["4.A"], set()),
        (replace(keys, joint_key=powmod(G, 3, P)), ["4.A"], set()),
        (replace(keys, joint_key=P), [], {"4.A"}),
        (replace(keys, joint_data_key=P), [], {"4.A"}),
    ):
        findings = Findings()
        skipped = check_extended_hash(held.context.h_b, changed, findings)
        assert (codes(findings), skipped) == (expected, open_codes)

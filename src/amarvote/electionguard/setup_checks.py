"""Verifications 1 to 4: parameters, guardians' keys, joint keys, base hashes.

Values are taken as the record holds them and never reduced. A value out of its range is reported under the check
that reads it, and what would compute with it is not evaluated: those codes are what each function returns.
"""

from collections.abc import Sequence

from gmpy2 import mpz

from amarvote.electionguard.context import election_base_hash, extended_base_hash, parameter_base_hash
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.guardian_proofs import DATA_LABEL, VOTE_LABEL, announcements_of, key_challenge
from amarvote.electionguard.guardians import ElectionKeys, GuardianPublicKey, SchnorrProof
from amarvote.electionguard.joint_keys import joint_keys
from amarvote.electionguard.parameters import VERSION, G, P, Q, R

NotEvaluated = frozenset[str]
"""Codes of checks that could not be made here, because a value that they read is out of its range."""


def check_parameters(
    *, version: bytes, p: int, q: int, r: int, g: int, n: int, k: int, h_p: bytes, findings: Findings
) -> None:
    """1.A to 1.E against this project's own parameters; 1.structure for r and for numbers of guardians.

    The specification no longer checks r. It is recorded all the same, so a wrong one is refused.
    """
    if version != VERSION:
        findings.add("1.A", "The record is not of specification version v2.1.0.")
    for code, name, recorded, ours in (("1.B", "p", p, P), ("1.C", "q", q, Q), ("1.D", "g", g, G)):
        if recorded != ours:
            findings.add(code, f"{name} is not the {name} of the standard parameters.")
    if r != R:
        findings.add("1.structure", "r is not (p - 1) / q of the standard parameters.")
    if not 1 <= k <= n:
        findings.add("1.structure", f"A quorum of {k} among {n} guardians is no threshold.")
    if h_p != parameter_base_hash(n, k):
        findings.add("1.E", "The parameter base hash H_P does not follow from the parameters, n and k.")


def check_manifest_hash(h_p: bytes, manifest: bytes, h_b: bytes, findings: Findings) -> None:
    """1.F: H_B (5) over the manifest's bytes, with the recorded H_P."""
    if h_b != election_base_hash(h_p, manifest):
        findings.add("1.F", "The election base hash H_B does not follow from H_P and the manifest's bytes.")


def check_guardians(
    engine: Engine, h_p: bytes, n: int, k: int, keys: Sequence[GuardianPublicKey], findings: Findings
) -> NotEvaluated:
    """Verification 2 on the list of all guardians: exactly 1..n (2.A), in order (R.order), and each key."""
    check_guardian_list(n, [key.index for key in keys], findings)
    skipped: set[str] = set()
    for key in keys:
        skipped |= check_guardian_key(engine, h_p, k, key, findings.at(f"guardian {key.index}"))
    return frozenset(skipped)


def check_guardian_list(n: int, indices: Sequence[int], findings: Findings) -> None:
    """The guardians are exactly 1..n (2.A), in that order (R.order). n is claimed, so never counted up to."""
    ascending = sorted(indices)
    if len(indices) != n or any(index != due for due, index in enumerate(ascending, start=1)):
        findings.add("2.A", f"The guardians are {_some(indices)}, not exactly 1 to {n}.")
    elif list(indices) != ascending:
        findings.add("R.order", f"The guardians stand in the order {_some(indices)}.")


def check_guardian_key(
    engine: Engine, h_p: bytes, k: int, key: GuardianPublicKey, findings: Findings
) -> NotEvaluated:
    """2.A to 2.C and 2.structure for one guardian, with the recorded H_P."""
    if not _right_lengths(k, key, findings):
        return frozenset({"2.A", "2.B", "2.C"})
    readable = _members(engine, key, findings)
    skipped: set[str] = set()
    for label, what, commitments, proof in _sides(key):
        in_range = True
        for j, response in enumerate(proof.responses):
            if response >= Q:
                findings.add("2.B", f"Response v_{{i,{j}}} of the proof for {what} is not below q.")
                in_range = False
        if proof.challenge >= Q:
            findings.add("2.C", f"The challenge of the proof for {what} is not below q.")
        elif not (in_range and readable):
            skipped.add("2.C")
        else:
            announcements = announcements_of(engine, commitments, key.kappa, proof)
            expected = key_challenge(h_p, label, key.index, commitments, key.kappa, announcements)
            if proof.challenge != expected:
                findings.add("2.C", f"The proof for {what} does not show that the guardian knows its secrets.")
    return frozenset(skipped)


def check_joint_keys(
    engine: Engine, keys: Sequence[GuardianPublicKey], election_keys: ElectionKeys, findings: Findings
) -> NotEvaluated:
    """3.A and 3.B: K and K̂ are the products of the guardians' keys. `keys` must be the complete list 1..n."""
    constants = [(key.vote_commitments[:1], key.data_commitments[:1]) for key in keys]
    if not constants or any(
        not pair[0] or not pair[1] or pair[0][0] >= P or pair[1][0] >= P for pair in constants
    ):
        return frozenset({"3.A", "3.B"})
    joint_key, joint_data_key = joint_keys(engine, keys)
    if election_keys.joint_key != joint_key:
        findings.add("3.A", "The joint election key K is not the product of the guardians' keys.")
    if election_keys.joint_data_key != joint_data_key:
        findings.add("3.B", "The joint data key K̂ is not the product of the guardians' data keys.")
    return frozenset()


def check_extended_hash(h_b: bytes, election_keys: ElectionKeys, findings: Findings) -> NotEvaluated:
    """4.A: H_E (30) from the recorded H_B, K and K̂."""
    if election_keys.joint_key >= P or election_keys.joint_data_key >= P:
        return frozenset({"4.A"})
    if election_keys.h_e != extended_base_hash(h_b, election_keys.joint_key, election_keys.joint_data_key):
        findings.add("4.A", "The extended base hash H_E does not follow from H_B and the joint keys.")
    return frozenset()


def _right_lengths(k: int, key: GuardianPublicKey, findings: Findings) -> bool:
    counts = (
        ("commitments K_{i,j}", len(key.vote_commitments), k),
        ("commitments K̂_{i,j}", len(key.data_commitments), k),
        ("responses of the first proof", len(key.vote_proof.responses), k + 1),
        ("responses of the second proof", len(key.data_proof.responses), k + 1),
    )
    wrong = [(what, found, due) for what, found, due in counts if found != due]
    for what, found, due in wrong:
        findings.add("2.structure", f"The key has {found} {what}; with a quorum of {k} it needs {due}.")
    return not wrong


def _members(engine: Engine, key: GuardianPublicKey, findings: Findings) -> bool:
    """2.A; true where every element is at least below p, so that the proofs can be computed with them."""
    names = [f"K_{{i,{j}}}" for j in range(len(key.vote_commitments))]
    names += [f"K̂_{{i,{j}}}" for j in range(len(key.data_commitments))]
    names.append("kappa_i")
    elements: list[mpz] = [*key.vote_commitments, *key.data_commitments, key.kappa]
    for position in engine.outsiders(elements):
        findings.add("2.A", f"{names[position]} does not lie in the group of order q.")
    return all(element < P for element in elements)


def _sides(key: GuardianPublicKey) -> tuple[tuple[bytes, str, tuple[mpz, ...], SchnorrProof], ...]:
    return (
        (VOTE_LABEL, "votes", key.vote_commitments, key.vote_proof),
        (DATA_LABEL, "ballot data", key.data_commitments, key.data_proof),
    )


def _some(indices: Sequence[int]) -> str:
    shown = ", ".join(map(str, indices[:20]))
    return f"{shown}, … ({len(indices)} in all)" if len(indices) > 20 else shown or "none"

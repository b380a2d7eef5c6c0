"""The table of docs/protocol.md: for each check the function that makes it, a test of it, and its mutations.

To write it anew, from the folder of the tests:  python -m conformance.protocol_table
"""

from pathlib import Path

from amarvote.record.verifier import CHECKS
from conformance import (  # noqa: F401 - they register their mutations
    mutations_ballots,
    mutations_record,
    mutations_setup,
    mutations_tally,
)
from conformance.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "docs" / "protocol.md"
BEGIN = "<!-- begin: made by tests/conformance/protocol_table.py -->"
END = "<!-- end -->"

SETUP = "electionguard.setup_checks"
BALLOT = "electionguard.ballot_claims"
PROOFS = "electionguard.ballot_proofs"
TALLY = "electionguard.tally_checks"
OPENING = "electionguard.opening_checks"
VERIFIER = "record.verifier"

MADE_BY: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("1.A", "1.B", "1.C", "1.D", "1.E"),
        (f"{SETUP}.check_parameters", "unit/test_setup_checks.py::test_a_wrong_parameter"),
    ),
    "1.F": (f"{SETUP}.check_manifest_hash", "unit/test_setup_checks.py::test_manifest_hash"),
    "1.structure": (
        "electionguard.manifest.parse_manifest",
        "conformance/test_verifier.py::test_digests_go_on_where_the_cryptography_stops",
    ),
    "2.A": (
        f"{SETUP}.check_guardian_key",
        "unit/test_setup_checks.py::test_2a_a_commitment_of_order_2q_with_a_proof_that_holds",
    ),
    "2.B": (f"{SETUP}.check_guardian_key", "unit/test_setup_checks.py::test_2b_a_response_of_q_or_more"),
    "2.C": (
        f"{SETUP}.check_guardian_key",
        "unit/test_setup_checks.py::test_2c_a_wrong_proof_and_a_challenge_of_q_or_more",
    ),
    "2.structure": (
        f"{SETUP}.check_guardian_key",
        "unit/test_setup_checks.py::test_2_structure_another_number_of_values",
    ),
    **dict.fromkeys(("3.A", "3.B"), (f"{SETUP}.check_joint_keys", "unit/test_setup_checks.py::test_joint_keys")),
    "4.A": (f"{SETUP}.check_extended_hash", "unit/test_setup_checks.py::test_extended_base_hash"),
    "5.A": (
        f"{VERIFIER}.duplicates.IdentifierIndex",
        "unit/test_verifier_duplicates.py::test_repetitions_are_found_within_and_across_chunks",
    ),
    "5.B": (f"{BALLOT}.read_ballot", "unit/test_ballot_checks.py::test_the_recorded_h_i_is_used_downstream"),
    **dict.fromkeys(
        ("6.A", "6.D", "7.A", "7.D"),
        (f"{PROOFS}.check_claims", "unit/test_ballot_checks.py::test_a_failing_batch_is_searched"),
    ),
    **dict.fromkeys(
        ("6.B", "6.C", "7.B", "7.C"),
        (f"{BALLOT}.read_ballot", "unit/test_ballot_checks.py::test_nothing_is_reduced"),
    ),
    **dict.fromkeys(
        ("6.structure", "7.structure"),
        (
            f"{BALLOT}.read_ballot",
            "unit/test_ballot_checks.py::test_the_order_and_number_of_contests",
        ),
    ),
    **dict.fromkeys(
        ("8.A", "8.B"),
        (
            f"{BALLOT}.read_ballot",
            "unit/test_ballot_checks.py::test_a_recorded_contest_hash_is_used_downstream",
        ),
    ),
    **dict.fromkeys(
        ("8.C", "8.D", "8.F", "8.structure"),
        (
            f"{VERIFIER}.device_task.check_device",
            "conformance/test_verifier.py::test_a_valid_record_holds_and_nothing_is_left_out",
        ),
    ),
    **dict.fromkeys(
        ("8.E", "8.G"),
        (
            f"{VERIFIER}.chains.meets",
            "unit/test_verifier_merging.py::test_a_chain_that_does_not_meet_is_found_between_pieces",
        ),
    ),
    **dict.fromkeys(("9.A", "9.B"), (f"{TALLY}.check_aggregation", "unit/test_tally_checks.py::test_9a_9b")),
    "9.structure": (f"{TALLY}.check_aggregation", "unit/test_tally_checks.py::test_9_structure"),
    "10.A": (f"{TALLY}.check_total", "unit/test_tally_checks.py::test_10a"),
    "10.B": (f"{TALLY}.check_total", "unit/test_tally_checks.py::test_10b"),
    "10.C": (f"{TALLY}.check_total", "unit/test_tally_checks.py::test_10c"),
    "10.structure": (f"{TALLY}.check_tally_contents", "unit/test_tally_checks.py::test_the_list_of_contests"),
    "11.A": (f"{TALLY}.check_decrypted_contest", "unit/test_tally_checks.py::test_11a"),
    "11.B": (f"{TALLY}.check_decrypted_contest", "unit/test_tally_checks.py::test_11b"),
    "11.C": (f"{TALLY}.check_decrypted_contest", "unit/test_tally_checks.py::test_11c"),
    "11.D": (f"{TALLY}.check_tally_contents", "unit/test_tally_checks.py::test_the_list_of_contests"),
    "11.structure": (
        f"{TALLY}.check_decrypted_contest",
        "unit/test_tally_checks.py::test_11_structure_swapped_labels",
    ),
    "12.A": (f"{OPENING}.check_contest_data_opening", "unit/test_opening_checks.py::test_12a"),
    "12.B": (f"{OPENING}.check_contest_data_opening", "unit/test_opening_checks.py::test_12b"),
    "12.C": (f"{OPENING}.check_contest_data_opening", "unit/test_opening_checks.py::test_12c"),
    "12.structure": (
        f"{OPENING}.check_contest_data_opening",
        "unit/test_opening_checks.py::test_12_structure_beta_outside_the_group",
    ),
    "13.A": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_13a"),
    "13.B": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_13b"),
    "13.structure": (
        f"{OPENING}.check_challenge_secret",
        "unit/test_opening_checks.py::test_the_secret_behind_a_challenged_ballot",
    ),
    "14.A": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_14a"),
    "14.B": (
        f"{OPENING}.check_opened_ballot",
        "unit/test_opening_checks.py::test_a_contest_that_was_not_opened_enters_the_code_as_the_ballot_holds_it",
    ),
    "14.C": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_14c"),
    "14.D": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_14d"),
    "14.E": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_14e"),
    "14.F": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_14f"),
    "14.structure": (f"{OPENING}.check_opened_ballot", "unit/test_opening_checks.py::test_14_structure"),
    "R.container": ("record.reader.Record", "unit/test_reader.py::test_other_files_stop_it"),
    "R.encoding": ("record.canonical.check_item", "unit/test_canonical.py::test_one_encoding_only"),
    "R.order": (
        f"{VERIFIER}.pieces.PieceBuilder",
        "unit/test_verifier_merging.py::test_order_is_looked_at_between_pieces",
    ),
    "R.structure": (
        f"{VERIFIER}.presence.check_sections",
        "unit/test_sections.py::test_what_a_record_of_a_phase_must_hold",
    ),
    "R.version": ("record.opening.read_version", "unit/test_opening.py::test_what_stops_at_the_version"),
    "R.root": ("record.digest.compare_toc", "unit/test_digest.py::test_a_claim_that_is_wrong"),
    "R.summary": (
        f"{VERIFIER}.conclusion.conclude_session",
        "conformance/test_verifier.py::test_a_failure_of_the_setup_stops_what_rests_on_it",
    ),
    "R.attestation": (
        f"{VERIFIER}.attestations.check_attestations",
        "conformance/test_verifier.py::test_a_valid_record_holds_and_nothing_is_left_out",
    ),
    "R.signature": (
        f"{VERIFIER}.signatures.check_signatures",
        "unit/test_verifier_signed.py::test_another_statement_is_not_what_was_signed",
    ),
}
"""Code -> (function or class, below src/amarvote; test, below tests)."""


def table() -> str:
    """The table, in Markdown."""
    lines = [
        "| check | what it holds a record to | function | test | mutations |",
        "| --- | --- | --- | --- | --- |",
    ]
    for check in CHECKS:
        function, test = MADE_BY[check.code]
        mutations = "; ".join(
            _mutation(one.name, one.expected, one.code) for one in MUTATIONS if one.code == check.code
        )
        lines.append(f"| {check.code} | {check.title} | `{function}` | `{test}` | {mutations} |")
    return "\n".join(lines)


def explanations() -> str:
    """Why some mutations make more than their own check fail."""
    return "\n".join(
        f"- *{one.name}* ({', '.join(sorted(one.expected))}): {one.why}." for one in MUTATIONS if one.why
    )


def section() -> str:
    """What stands between the marks."""
    return f"{BEGIN}\n\n{table()}\n\nMutations of more than one code:\n\n{explanations()}\n\n{END}"


def _mutation(name: str, expected: frozenset[str], code: str) -> str:
    others = sorted(expected - {code})
    return f"{name} (also {', '.join(others)})" if others else name


def main() -> None:
    """Write the section anew."""
    before, _, rest = PROTOCOL.read_text(encoding="utf-8").partition(BEGIN)
    PROTOCOL.write_text(before + section() + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()

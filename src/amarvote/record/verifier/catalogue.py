"""Every check that a report lists, in its order, with its name in plain words and the phase that it belongs to.

A letter is a check of section 6.2 of the specification. `N.structure` says that something step N reads does not
have the shape that the manifest or the format asks for; it also takes in the hardening that no numbered check asks
for (proofs of contest data and ballot nonces, membership of their C0). `R` codes are about the record as a whole.
"""

from dataclasses import dataclass

from amarvote.record.sections import Phase


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the report: the code of its findings, what it holds the record to, and the phase it reads."""

    code: str
    title: str
    phase: Phase


CHECKS: tuple[Check, ...] = tuple(
    Check(code, title, phase)
    for phase, code, title in (
        (Phase.SETUP, "1.A", "the specification's version is 2.1.0"),
        (Phase.SETUP, "1.B", "the modulus p is the standard one"),
        (Phase.SETUP, "1.C", "the group order q is the standard one"),
        (Phase.SETUP, "1.D", "the generator g is the standard one"),
        (Phase.SETUP, "1.E", "the parameter base hash H_P is right"),
        (Phase.SETUP, "1.F", "the election base hash H_B is right"),
        (Phase.SETUP, "1.structure", "the manifest can be read; n and k make sense"),
        (Phase.SETUP, "2.A", "guardians' commitments lie in the group"),
        (Phase.SETUP, "2.B", "guardians' responses lie in Z_q"),
        (Phase.SETUP, "2.C", "guardians' proofs of knowledge hold"),
        (Phase.SETUP, "2.structure", "there are n guardians with k commitments each"),
        (Phase.SETUP, "3.A", "the joint key K is the product of the guardians' keys"),
        (Phase.SETUP, "3.B", "the joint data key is the product of the guardians' data keys"),
        (Phase.SETUP, "4.A", "the extended base hash H_E is right"),
        (Phase.SEALED, "5.A", "no two ballots share an identifier"),
        (Phase.SEALED, "5.B", "ballots' identifier hashes H_I are right"),
        (Phase.SEALED, "6.A", "ciphertexts lie in the group"),
        (Phase.SEALED, "6.B", "challenges of range proofs lie in Z_q"),
        (Phase.SEALED, "6.C", "responses of range proofs lie in Z_q"),
        (Phase.SEALED, "6.D", "range proofs hold: each option is within its limit"),
        (
            Phase.SEALED,
            "6.structure",
            "ballots have their style's contests and options, with range proofs of their length",
        ),
        (Phase.SEALED, "7.A", "ciphertexts under limit proofs lie in the group"),
        (Phase.SEALED, "7.B", "challenges of limit proofs lie in Z_q"),
        (Phase.SEALED, "7.C", "responses of limit proofs lie in Z_q"),
        (Phase.SEALED, "7.D", "limit proofs hold: each contest is within its limit"),
        (Phase.SEALED, "7.structure", "each contest has a limit proof of the right length"),
        (Phase.SEALED, "8.A", "contest hashes are right"),
        (Phase.SEALED, "8.B", "confirmation codes are right"),
        (Phase.SEALED, "8.C", "device hashes H_DI are right"),
        (Phase.SEALED, "8.D", "without chaining: chaining fields name the device"),
        (Phase.SEALED, "8.E", "with chaining: each ballot follows the one before it"),
        (Phase.SEALED, "8.F", "with chaining: the chain begins at the right hash"),
        (Phase.SEALED, "8.G", "with chaining: the chain is closed over its last ballot"),
        (Phase.SEALED, "8.structure", "ballots and devices have the manifest's shape"),
        (Phase.AGGREGATED, "9.A", "the tally's A are the products of the cast ballots' alpha"),
        (Phase.AGGREGATED, "9.B", "the tally's B are the products of the cast ballots' beta"),
        (Phase.AGGREGATED, "9.structure", "weights are positive; the tally has every contest and its weight"),
        (Phase.FINAL, "10.A", "responses of tally proofs lie in Z_q"),
        (Phase.FINAL, "10.B", "tally proofs hold: the totals were decrypted rightly"),
        (Phase.FINAL, "10.C", "each total is the logarithm of what was decrypted"),
        (Phase.FINAL, "10.structure", "every contest of the tally is decrypted"),
        (Phase.FINAL, "11.A", "decrypted contests are in the manifest"),
        (Phase.FINAL, "11.B", "decrypted options are in the manifest"),
        (Phase.FINAL, "11.C", "every option of a decrypted contest has a total"),
        (Phase.FINAL, "11.D", "every contest on any ballot is decrypted"),
        (Phase.FINAL, "11.structure", "labels of totals stand beside their own index, once"),
        (Phase.FINAL, "12.A", "responses of contest data proofs lie in Z_q"),
        (Phase.FINAL, "12.B", "contest data proofs hold"),
        (Phase.FINAL, "12.C", "contest data are what the ballot holds"),
        (Phase.SEALED, "12.structure", "contest data are well-formed and proven, requests and answers match"),
        (Phase.FINAL, "13.A", "contest data of challenged ballots are what the ballot holds"),
        (Phase.FINAL, "13.B", "challenged ballots open to what their codes stand for"),
        (
            Phase.SEALED,
            "13.structure",
            "ballot nonces are proven; each challenged ballot, and no other, is opened",
        ),
        (Phase.FINAL, "14.A", "contests of opened ballots belong to their style"),
        (Phase.FINAL, "14.B", "every contest of the style is opened"),
        (Phase.FINAL, "14.C", "options of opened ballots are in the manifest"),
        (Phase.FINAL, "14.D", "every option of an opened contest is opened"),
        (Phase.FINAL, "14.E", "opened values are within the option's limit"),
        (Phase.FINAL, "14.F", "opened values together are within the contest's limit"),
        (Phase.FINAL, "14.structure", "labels of opened ballots stand beside their own index"),
        (Phase.SETUP, "R.container", "files, frames and archive are laid out as the format says"),
        (Phase.SETUP, "R.encoding", "every item has its one canonical encoding"),
        (Phase.SETUP, "R.order", "items stand in their order"),
        (Phase.SETUP, "R.structure", "the sections of the phase are there, and no others"),
        (Phase.SETUP, "R.version", "nothing is of a newer format"),
        (Phase.SETUP, "R.root", "the roots are the claimed ones"),
        (Phase.AGGREGATED, "R.summary", "the tally's header counts the cast ballots"),
        (Phase.SEALED, "R.attestation", "devices' statements agree with the record"),
        (Phase.SETUP, "R.signature", "signatures over the record hold"),
    )
)

CODES: tuple[str, ...] = tuple(check.code for check in CHECKS)

PHASE_OF: dict[str, Phase] = {check.code: check.phase for check in CHECKS}

_STEP_CODES: dict[str, frozenset[str]] = {}
for _check in CHECKS:
    _step = _check.code.partition(".")[0]
    _STEP_CODES[_step] = _STEP_CODES.get(_step, frozenset()) | {_check.code}


def step(number: int) -> frozenset[str]:
    """The codes of step `number`, 1 to 14, its structure included."""
    return _STEP_CODES[str(number)]


CRYPTOGRAPHY: frozenset[str] = frozenset(
    code for code in CODES if code[0] != "R" and code.partition(".")[0] not in {"1", "2", "3", "4"}
)
"""What a failure of the setup stops: steps 5 to 14."""

BALLOT_CHECKS: frozenset[str] = (
    step(5) | step(6) | step(7) | {"8.A", "8.B", "8.structure", "12.structure", "13.structure"}
)
"""What is checked of every ballot by itself (8.D and 8.E need its device)."""

"""Verifications 9 to 11: the tally is the product of the cast ballots, it was opened rightly, it says so rightly.

Values are taken as the record holds them. Codes of what could not be evaluated, because something that it reads is
out of range or missing (and reported there), are what the functions return.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

import gmpy2

from amarvote.electionguard.context import Context
from amarvote.electionguard.decryption import TallyCiphertext
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.label_matching import Entry, compare
from amarvote.electionguard.manifest import Contest, NotInManifestError
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.setup_checks import NotEvaluated
from amarvote.electionguard.tallies import DecryptedTallyContest, DecryptedTallyOption, EncryptedTallyContest

_Name = TypeVar("_Name", int, str)

_ALL_EVALUATED: NotEvaluated = frozenset()


def check_aggregation(
    recorded: Sequence[EncryptedTallyContest],
    recomputed: Sequence[EncryptedTallyContest],
    findings: Findings,
) -> None:
    """9.A, 9.B against the recount of the cast ballots (`aggregation.to_tally`); 9.structure: shape and weights.

    A value at or above p can never equal a recomputed one, so that it shows here too.
    """
    by_index: dict[int, EncryptedTallyContest] = {}
    for contest in recorded:
        if contest.index in by_index:
            findings.at(f"contest {contest.index}").add("9.structure", "The tally holds this contest twice.")
        by_index.setdefault(contest.index, contest)
    for expected in recomputed:
        place = findings.at(f"contest {expected.index}")
        found = by_index.pop(expected.index, None)
        if found is None:
            place.add("9.structure", "The tally does not hold this contest of the manifest.")
        elif len(found.ciphertexts) != len(expected.ciphertexts):
            place.add(
                "9.structure",
                f"The tally holds {len(found.ciphertexts)} options; the manifest has {len(expected.ciphertexts)}.",
            )
        else:
            _compare_contest(found, expected, place)
    for index in by_index:
        findings.at(f"contest {index}").add("9.structure", "The manifest does not have this contest.")


def _compare_contest(found: EncryptedTallyContest, expected: EncryptedTallyContest, place: Findings) -> None:
    if found.cast_weight != expected.cast_weight:
        place.add(
            "9.structure",
            f"The tally says that ballots of weight {found.cast_weight} were cast; it is {expected.cast_weight}.",
        )
    pairs = zip(found.ciphertexts, expected.ciphertexts, strict=True)
    for option, ((a, b), (true_a, true_b)) in enumerate(pairs, start=1):
        if a != true_a:
            place.at(f"option {option}").add("9.A", "A is not the product of the cast ballots' alpha.")
        if b != true_b:
            place.at(f"option {option}").add("9.B", "B is not the product of the cast ballots' beta.")


def check_decrypted_contest(
    context: Context,
    engine: Engine,
    encrypted: EncryptedTallyContest | None,
    decrypted: DecryptedTallyContest,
    findings: Findings,
) -> NotEvaluated:
    """10.A to 10.C and 11.A to 11.C for one contest; `encrypted` is the recorded one of the same index, if any.

    11.structure: a label at another's index, or one that stands there twice. Have K in the engine's tables.
    """
    place = findings.at(f"contest {decrypted.index}")
    contest = _manifest_contest(context, decrypted, place)
    if contest is None:
        return frozenset({"10.A", "10.B", "10.C", "11.B", "11.C"})
    listed = [(option.index, option.label) for option in decrypted.options]
    _check_option_labels(contest, listed, place)
    skipped: set[str] = set()
    for option in decrypted.options:
        ciphertext = None
        if encrypted is not None and contest.index == decrypted.index == encrypted.index:
            ciphertext = _ciphertext(context, contest, encrypted, option.index)
        skipped |= check_total(context, engine, ciphertext, option, place.at(f"option {option.index}"))
    return frozenset(skipped)


def check_total(
    context: Context,
    engine: Engine,
    ciphertext: TallyCiphertext | None,
    option: DecryptedTallyOption,
    findings: Findings,
) -> NotEvaluated:
    """10.A to 10.C for one option. Without its ciphertext (missing, or out of range) 10.B is not evaluable."""
    computable = True
    if option.encoded_tally != engine.power(context.joint_key, option.tally):
        findings.add("10.C", f"T is not K^t for the published total {option.tally}.")
        computable = 0 < option.encoded_tally < P
    if option.v >= Q:
        findings.add("10.A", "The response v of the decryption is not below q.")
        computable = False
    if option.c >= Q:
        findings.add("10.B", "The challenge c of the decryption is not below q.")
        return _ALL_EVALUATED
    if ciphertext is None or not computable:
        return frozenset({"10.B"})
    power = ciphertext.B * gmpy2.invert(option.encoded_tally, P) % P
    a = engine.product((engine.power(G, option.v), engine.power(context.joint_key, option.c)))
    b = engine.multi_power((ciphertext.A, power), (option.v, option.c))
    if option.c != ciphertext.challenge(a, b, power):
        findings.add("10.B", f"The proof does not show that the ciphertext holds {option.tally} votes.")
    return _ALL_EVALUATED


def check_tally_contents(
    context: Context, listed: Sequence[Entry], on_ballots: AbstractSet[int], findings: Findings
) -> None:
    """What spans the decrypted tally: `listed` are (index, label) of its contests, `on_ballots` the indices of
    contests on any submitted ballot.

    11.D: a contest of a ballot is missing. 10.structure: any contest of the manifest is missing (also one that no
    ballot had: its encrypted tally would stay unopened unnoticed). 11.structure: a contest stands there twice.
    """
    expected = [(contest.index, contest.id) for contest in context.manifest.contests]
    seen: set[int] = set()
    for index, _ in listed:
        if index in seen:
            findings.at(f"contest {index}").add("11.structure", "The tally lists this contest twice.")
        seen.add(index)
    for index, label in compare(listed, expected).absent:
        place = findings.at(f"contest {index}")
        place.add("10.structure", f"Contest {label!r} of the manifest has no decrypted tally.")
        if index in on_ballots:
            place.add("11.D", f"Contest {label!r} is on submitted ballots but not in the tally.")


def _manifest_contest(context: Context, decrypted: DecryptedTallyContest, place: Findings) -> Contest | None:
    """The contest meant: the one of this index, else the one of this label. 11.A, 11.structure."""
    by_label = _known(context.manifest.contest_by_id, decrypted.label)
    by_index = _known(context.manifest.contest, decrypted.index)
    if by_label is None:
        place.add("11.A", f"The manifest has no contest {decrypted.label!r}.")
    elif by_label is not by_index:
        place.add("11.structure", f"Contest {decrypted.label!r} has index {by_label.index} in the manifest.")
    return by_index or by_label


def _known(find: Callable[[_Name], Contest], name: _Name) -> Contest | None:
    try:
        return find(name)
    except NotInManifestError:
        return None


def _check_option_labels(contest: Contest, listed: Sequence[Entry], place: Findings) -> None:
    mismatches = compare(listed, [(option.index, option.id) for option in contest.options])
    for position in mismatches.unknown:
        index, label = listed[position]
        place.at(f"option {index}").add("11.B", f"Contest {contest.id!r} has no option {label!r} in the manifest.")
    for position in mismatches.misplaced:
        index, label = listed[position]
        place.at(f"option {index}").add(
            "11.structure", f"Option {label!r} does not stand here in the manifest, or stands here twice."
        )
    for index, label in mismatches.absent:
        place.at(f"option {index}").add("11.C", f"Option {label!r} of the manifest is not in the tally.")


def _ciphertext(
    context: Context, contest: Contest, encrypted: EncryptedTallyContest, option: int
) -> TallyCiphertext | None:
    if not 1 <= option <= min(len(encrypted.ciphertexts), len(contest.options)):
        return None
    a, b = encrypted.ciphertexts[option - 1]
    if a >= P or b >= P:
        return None
    greatest = encrypted.cast_weight * contest.option_limit
    return TallyCiphertext(context.h_e, contest.index, option, a, b, greatest)

"""Verifications 12 to 14: opened contest data, and opened challenged ballots.

Values are taken as the record holds them. Codes of what could not be evaluated, because something that it reads is
out of range or missing (and reported there), are what the functions return.
"""

import itertools
from collections.abc import Sequence

from gmpy2 import mpz

from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot, EncryptedContest, HashedCiphertext
from amarvote.electionguard.confirmation import confirmation_code, contest_hash
from amarvote.electionguard.contest_data import decrypt_with_beta, decrypt_with_nonce
from amarvote.electionguard.contest_data_decryption import ContestDataCiphertext
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.identifier import (
    REFERENCE_PREFIX,
    ChallengeReferenceError,
    verify_challenge_reference,
)
from amarvote.electionguard.label_matching import Entry, compare
from amarvote.electionguard.manifest import Contest, NotInManifestError
from amarvote.electionguard.parameters import G, P, Q
from amarvote.electionguard.setup_checks import NotEvaluated
from amarvote.electionguard.tallies import (
    ChallengedBallotOpening,
    ContestDataOpening,
    ContestDataRequest,
    OpenedContest,
)

_V12: NotEvaluated = frozenset({"12.A", "12.B", "12.C"})
_V13: NotEvaluated = frozenset({"13.A", "13.B"})
_V14: NotEvaluated = frozenset({"14.A", "14.B", "14.C", "14.D", "14.E", "14.F"})


def check_contest_data_opening(
    context: Context, engine: Engine, opening: ContestDataOpening, ballot: EncryptedBallot, findings: Findings
) -> NotEvaluated:
    """12.A to 12.C for the contest data of a cast ballot; 12.structure for the opening's shape and for beta.

    The proof (69) on the ballot belongs to the checks of the ballot.
    """
    place = findings.at(f"contest {opening.contest_index}")
    if opening.h_i != ballot.h_i:
        place.add("12.structure", "The opening carries another H_I than the ballot that it names.")
        return _V12
    if ballot.status is not BallotStatus.CAST:
        place.add("12.structure", "The ballot is not recorded as cast.")
    encrypted = next((contest for contest in ballot.contests if contest.index == opening.contest_index), None)
    if encrypted is None or encrypted.contest_data is None:
        place.add("12.structure", "The ballot has no contest data for this contest.")
        return _V12
    data = encrypted.contest_data
    if data.c0 >= P or data.c >= Q or data.v >= Q:
        return _V12
    in_group = not engine.outsiders([opening.beta])
    if not in_group:
        place.add("12.structure", "beta does not lie in the group of order q.")
    if opening.v >= Q:
        place.add("12.A", "The response v of the decryption is not below q.")
    if opening.c >= Q:
        place.add("12.B", "The challenge c of the decryption is not below q.")
    skipped = _check_proof(context, engine, opening, data, place) if in_group else frozenset({"12.B"})
    return skipped | _check_plain(opening, data, in_group, place)


def _check_proof(
    context: Context,
    engine: Engine,
    opening: ContestDataOpening,
    data: HashedCiphertext,
    place: Findings,
) -> NotEvaluated:
    """12.B, where c and v are in range."""
    if opening.v >= Q or opening.c >= Q:
        return frozenset({"12.B"})
    request = ContestDataRequest(opening.ballot, opening.h_i, opening.contest_index)
    a = engine.product((engine.power(G, opening.v), engine.power(context.joint_data_key, opening.c)))
    b = engine.multi_power((data.c0, opening.beta), (opening.v, opening.c))
    if opening.c != ContestDataCiphertext(request, data).challenge(a, b, opening.beta):
        place.add("12.B", "The proof does not show that the contest data was opened rightly.")
    return frozenset()


def _check_plain(
    opening: ContestDataOpening, data: HashedCiphertext, in_group: bool, place: Findings
) -> NotEvaluated:
    """12.C, where beta is usable and the lengths agree."""
    if len(opening.data) != len(data.c1):
        place.add("12.structure", f"The data has {len(opening.data)} bytes; on the ballot it has {len(data.c1)}.")
        return frozenset({"12.C"})
    if not in_group:
        return frozenset({"12.C"})
    if decrypt_with_beta(opening.h_i, opening.contest_index, data, opening.beta) != opening.data:
        place.add("12.C", "The data is not what beta decrypts the contest data to.")
    return frozenset()


def check_challenge_secret(ballot: EncryptedBallot, findings: Findings) -> None:
    """13.structure where a challenged ballot carries a secret (`challenge:` …) that is not behind its id_B.

    Records of others carry none; they are not faulted for it.
    """
    if ballot.status is BallotStatus.CHALLENGED and ballot.ballot_ref.startswith(REFERENCE_PREFIX):
        try:
            verify_challenge_reference(ballot)
        except ChallengeReferenceError as error:
            findings.add("13.structure", str(error))


def check_opened_ballot(
    context: Context,
    engine: Engine,
    opening: ChallengedBallotOpening,
    ballot: EncryptedBallot,
    findings: Findings,
) -> NotEvaluated:
    """13.A, 13.B and 14.A to 14.F for one challenged ballot; 13.structure and 14.structure for its shape.

    The votes are found by index, and the labels must agree: a label at another's index is 14.structure. That the
    opened contests are not the style's is for Verification 14 to say; 13.B is then not evaluable.
    Have K and K̂ in the engine's tables.
    """
    if opening.h_i != ballot.h_i:
        findings.add("13.structure", "The opening carries another H_I than the ballot that it names.")
        return _V13 | _V14
    if ballot.status is not BallotStatus.CHALLENGED:
        findings.add("13.structure", "The ballot is not recorded as challenged.")
        return _V13 | _V14
    indices = [contest.index for contest in opening.contests]
    if any(left > right for left, right in itertools.pairwise(indices)):
        findings.add("13.structure", "The opened contests are not in ascending order.")
    try:
        style = context.manifest.style(ballot.ballot_style)
    except NotInManifestError:
        return _V13 | _V14
    contests = {index: context.manifest.contest(index) for index in style.contest_indices}
    _check_contest_labels(opening, list(contests.values()), findings)
    complete = {
        opened.index
        for opened in opening.contests
        if opened.index in contests
        and _check_contents(contests[opened.index], opened, findings.at(f"contest {opened.index}"))
    }
    return _check_nonces(context, engine, opening, ballot, set(contests), complete, findings)


def _check_contest_labels(
    opening: ChallengedBallotOpening, contests: Sequence[Contest], findings: Findings
) -> None:
    """14.A, 14.B, 14.structure."""
    listed = [(opened.index, opened.label) for opened in opening.contests]
    mismatches = compare(listed, [(contest.index, contest.id) for contest in contests])
    for position in mismatches.unknown:
        index, label = listed[position]
        findings.at(f"contest {index}").add("14.A", f"The ballot's style has no contest {label!r}.")
    for position in mismatches.misplaced:
        index, label = listed[position]
        findings.at(f"contest {index}").add(
            "14.structure", f"Contest {label!r} does not stand here in the manifest, or stands here twice."
        )
    for index, label in mismatches.absent:
        findings.at(f"contest {index}").add("14.B", f"Contest {label!r} of the ballot's style was not opened.")


def _check_contents(contest: Contest, opened: OpenedContest, place: Findings) -> bool:
    """14.C to 14.F, 14.structure; true where each option of the contest is there exactly once by its index."""
    listed: list[Entry] = [(option.index, option.label) for option in opened.options]
    mismatches = compare(listed, [(option.index, option.id) for option in contest.options])
    for position in mismatches.unknown:
        index, label = listed[position]
        place.at(f"option {index}").add("14.C", f"Contest {contest.id!r} has no option {label!r}.")
    for position in mismatches.misplaced:
        index, label = listed[position]
        place.at(f"option {index}").add(
            "14.structure", f"Option {label!r} does not stand here in the manifest, or stands here twice."
        )
    for index, label in mismatches.absent:
        place.at(f"option {index}").add("14.D", f"Option {label!r} of the manifest was not opened.")
    for option in opened.options:
        if option.value > contest.option_limit:
            place.at(f"option {option.index}").add(
                "14.E", f"The value {option.value} is not among 0 to {contest.option_limit}."
            )
    total = sum(option.value for option in opened.options)
    if total > contest.selection_limit:
        place.add("14.F", f"The values add up to {total}, more than the limit of {contest.selection_limit}.")
    return sorted(index for index, _ in listed) == [option.index for option in contest.options]


def _check_nonces(
    context: Context,
    engine: Engine,
    opening: ChallengedBallotOpening,
    ballot: EncryptedBallot,
    due: set[int],
    complete: set[int],
    findings: Findings,
) -> NotEvaluated:
    """13.A and 13.B. A contest that was not opened enters 13.B as the ballot holds it.

    A ballot of other contests than those that are `due` is 6.structure; only these are computed, each once.
    """
    opened_at = {opened.index: opened for opened in opening.contests}
    skipped: set[str] = set()
    hashes = []
    left = set(due)
    for encrypted in ballot.contests:
        if encrypted.index not in left:
            skipped.add("13.B")
            continue
        left.remove(encrypted.index)
        opened = opened_at.get(encrypted.index)
        place = findings.at(f"contest {encrypted.index}")
        pairs: list[tuple[mpz, mpz]] | None = [(field.alpha, field.beta) for field in encrypted.selections]
        if opened is not None:
            skipped |= _check_data(context, engine, opening.h_i, encrypted, opened, place)
            pairs = _recomputed(context, engine, opened, place) if encrypted.index in complete else None
        data = encrypted.contest_data
        wild = data is not None and (data.c0 >= P or data.c >= Q or data.v >= Q)
        if pairs is None or wild or any(alpha >= P or beta >= P for alpha, beta in pairs):
            skipped.add("13.B")
        else:
            hashes.append(contest_hash(opening.h_i, encrypted.index, pairs, encrypted.contest_data))
    if "13.B" not in skipped and ballot.confirmation_code != confirmation_code(
        opening.h_i, hashes, ballot.chaining_field
    ):
        findings.add("13.B", "The confirmation code does not follow from the opened values and nonces.")
    return frozenset(skipped)


def _recomputed(
    context: Context, engine: Engine, opened: OpenedContest, place: Findings
) -> list[tuple[mpz, mpz]] | None:
    """(alpha, beta) of each option in order, 13.1 and 13.2; None where a released nonce is not below q."""
    options = sorted(opened.options, key=lambda option: option.index)
    wild = [option.index for option in options if option.nonce >= Q]
    for index in wild:
        place.at(f"option {index}").add("13.structure", "The released nonce is not below q.")
    if wild:
        return None
    alphas = engine.powers(G, [option.nonce for option in options])
    betas = engine.powers(context.joint_key, [(option.nonce + option.value) % int(Q) for option in options])
    return list(zip(alphas, betas, strict=True))


def _check_data(
    context: Context,
    engine: Engine,
    h_i: bytes,
    encrypted: EncryptedContest,
    opened: OpenedContest,
    place: Findings,
) -> NotEvaluated:
    """13.A, with alpha = C0: without it any nonce would do, with the data that it happens to unmask."""
    sealed, released = encrypted.contest_data, opened.contest_data
    if sealed is None and released is None:
        return frozenset()
    if sealed is None or released is None:
        place.add("13.structure", "Contest data was released where the ballot has none, or the reverse.")
        return frozenset({"13.A"})
    if len(released.data) != len(sealed.c1):
        place.add(
            "13.structure", f"The data has {len(released.data)} bytes; on the ballot it has {len(sealed.c1)}."
        )
        return frozenset({"13.A"})
    if released.nonce >= Q:
        place.add("13.structure", "The released nonce of the contest data is not below q.")
        return frozenset({"13.A"})
    if sealed.c0 >= P:
        return frozenset({"13.A"})
    alpha, plain = decrypt_with_nonce(
        engine, context.joint_data_key, h_i, encrypted.index, sealed.c1, released.nonce
    )
    if alpha != sealed.c0 or plain != released.data:
        place.add("13.A", "The released nonce and data do not give the contest data that the ballot holds.")
    return frozenset()

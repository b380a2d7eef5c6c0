"""Opening a challenged ballot from its ballot nonce: section 3.6.7, eqs. (109) and (110)."""

from dataclasses import dataclass

from gmpy2 import mpz

from amarvote.electionguard.ballots import EncryptedBallot, EncryptedContest, EncryptedSelection
from amarvote.electionguard.contest_data import BLOCK_BYTES, contest_data_nonce, decrypt_with_nonce
from amarvote.electionguard.context import Context
from amarvote.electionguard.encryption import selection_nonce
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.manifest import Contest, NotInManifestError
from amarvote.electionguard.parameters import G, P
from amarvote.electionguard.tallies import OpenedContest, OpenedContestData, OpenedOption


class BallotNotOpenedError(ElectionGuardError):
    """The nonce does not open the ballot; the message names the ballot and each contest and option at fault."""


@dataclass(frozen=True, slots=True)
class BallotRelease:
    """What a nonce yields for a ballot, and where ("contest 3, option 2") it does not fit what is recorded.

    Where no value fits, the option is given with value 0 and the nonce that eq. (33) demands, so that the release
    can be published and checks 13.B and 14 say what is wrong with it.
    """

    contests: tuple[OpenedContest, ...]
    misfits: tuple[str, ...]


def open_contests(
    context: Context, engine: Engine, ballot: EncryptedBallot, ballot_nonce: bytes
) -> tuple[OpenedContest, ...]:
    """The votes, data and nonces of every contest; BallotNotOpenedError where the nonce is not its own."""
    release = release_contests(context, engine, ballot, ballot_nonce)
    if release.misfits:
        raise BallotNotOpenedError(
            f"Its nonce does not open ballot {ballot.id_b.hex()}: {'; '.join(release.misfits)}. "
            "Whoever encrypted it gave another nonce or another content than it claims."
        )
    return release.contests


def release_contests(
    context: Context, engine: Engine, ballot: EncryptedBallot, ballot_nonce: bytes
) -> BallotRelease:
    """The same as far as it goes, for a ballot that must be published even if its nonce does not open it.

    BallotNotOpenedError only where the ballot does not have the structure of the manifest, which the checks before
    acceptance exclude.
    """
    misfits: list[str] = []
    opened = []
    for encrypted in ballot.contests:
        contest = _contest_of(context, ballot, encrypted)
        opened.append(_open_contest(context, engine, ballot.h_i, contest, encrypted, ballot_nonce, misfits))
    return BallotRelease(tuple(opened), tuple(misfits))


def _contest_of(context: Context, ballot: EncryptedBallot, encrypted: EncryptedContest) -> Contest:
    place = f"Ballot {ballot.id_b.hex()}, contest {encrypted.index}"
    try:
        contest = context.manifest.contest(encrypted.index)
    except NotInManifestError as error:
        raise BallotNotOpenedError(f"{place} cannot be opened. {error}") from None
    data_bytes = len(encrypted.contest_data.c1) if encrypted.contest_data else 0
    data_wanted = contest.contest_data_blocks * BLOCK_BYTES
    if len(encrypted.selections) != len(contest.options) or data_bytes != data_wanted:
        raise BallotNotOpenedError(f"{place} cannot be opened: it does not have the manifest's options and data.")
    return contest


def _open_contest(
    context: Context,
    engine: Engine,
    h_i: bytes,
    contest: Contest,
    encrypted: EncryptedContest,
    ballot_nonce: bytes,
    misfits: list[str],
) -> OpenedContest:
    place = f"contest {contest.index}"
    nonces = [selection_nonce(h_i, contest.index, option.index, ballot_nonce) for option in contest.options]
    alphas = engine.powers(G, nonces)
    betas = engine.powers(context.joint_key, nonces)
    options = []
    for option, nonce, alpha, beta, selection in zip(
        contest.options, nonces, alphas, betas, encrypted.selections, strict=True
    ):
        value = _value(context.joint_key, beta, selection, contest.option_limit)
        if alpha != selection.alpha or value is None:
            misfits.append(f"{place}, option {option.index}")
        options.append(OpenedOption(option.index, option.id, value or 0, nonce))
    data = _open_data(context, engine, h_i, encrypted, ballot_nonce)
    if data is not None and encrypted.contest_data is not None and data[0] != encrypted.contest_data.c0:
        misfits.append(f"{place}, contest data")
    return OpenedContest(contest.index, contest.id, tuple(options), data[1] if data else None)


def _value(joint_key: mpz, power: mpz, selection: EncryptedSelection, option_limit: int) -> int | None:
    """The sigma in 0..R with beta = K^{sigma + xi}, given `power` = K^xi; None where there is none."""
    for value in range(option_limit + 1):
        if power == selection.beta:
            return value
        power = power * joint_key % P
    return None


def _open_data(
    context: Context, engine: Engine, h_i: bytes, encrypted: EncryptedContest, ballot_nonce: bytes
) -> tuple[mpz, OpenedContestData] | None:
    if encrypted.contest_data is None:
        return None
    nonce = contest_data_nonce(h_i, encrypted.index, ballot_nonce)
    alpha, data = decrypt_with_nonce(
        engine, context.joint_data_key, h_i, encrypted.index, encrypted.contest_data.c1, nonce
    )
    return alpha, OpenedContestData(nonce, data)

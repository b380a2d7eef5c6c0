"""Opening challenged ballots together: section 3.6.7, eqs. (107), (108), and rules 2 and 18.

The guardians open the ballot's nonce, not its votes; all else follows from the nonce. The specification has no
proof for m_i = C0^{ẑ_i}. Here each guardian adds a non-interactive Chaum-Pedersen proof, so that a wrong one has a
name:

    a = g^u, b = C0^u,  v = u - c ẑ_i
    c = H_q(H_E; 0xA1 ‖ root ‖ run ‖ H_I ‖ b(i,4) ‖ C0 ‖ C1 ‖ C2 ‖ m_i ‖ a ‖ b)

0xA1 is a tag that ElectionGuard does not use. The proof is checked before combining and is not published.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gmpy2 import mpz

from amarvote.electionguard import randomness
from amarvote.electionguard.ballot_nonce import decrypt_ballot_nonce, nonce_challenge
from amarvote.electionguard.ballot_opening import release_contests
from amarvote.electionguard.ballots import BallotStatus, EncryptedBallot
from amarvote.electionguard.context import Context, identifier_hash
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.guardian_faults import MessageRefused, ResponseRefused
from amarvote.electionguard.guardian_proofs import opens
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.hashing import element_bytes, exponent_bytes, hash_q, index_bytes
from amarvote.electionguard.identifier import verify_challenge_reference
from amarvote.electionguard.joint_keys import data_share_keys
from amarvote.electionguard.joint_rounds import check_members
from amarvote.electionguard.key_ceremony import KeyShare
from amarvote.electionguard.lagrange import lagrange_weights
from amarvote.electionguard.parameters import G, Q
from amarvote.electionguard.tallies import BallotLocator, ChallengedBallotOpening

_Q = int(Q)
_SHARE_TAG = 0xA1


class MustStayClosed(ElectionGuardError):  # noqa: N818 - what follows
    """A ballot that guardians are asked to open and must not; the message says which and why."""


@dataclass(frozen=True, slots=True)
class ChallengedBallot:
    """A ballot that was recorded as challenged, and where it stands."""

    locator: BallotLocator
    ballot: EncryptedBallot

    @property
    def place(self) -> str:
        """The device and position, for people."""
        return f"device {self.locator.h_di.hex()[:16]}, challenged ballot {self.locator.position}"


@dataclass(frozen=True, slots=True)
class Question:
    """What a guardian's answer is bound to: the aggregated root that it verified (32 bytes), and the run (32)."""

    root: bytes
    run: bytes

    def __post_init__(self) -> None:
        if len(self.root) != 32 or len(self.run) != 32:
            raise ValueError("the root and the run of a question are 32 bytes each")


@dataclass(frozen=True, slots=True)
class NonceShare:
    """m_i = C0^{ẑ_i} (107) with its proof (c, v); not shown, for a quorum of them gives the ballot's nonce."""

    share: mpz = field(repr=False)
    c: int
    v: int


def answer_challenged(
    context: Context,
    engine: Engine,
    share: KeyShare,
    question: Question,
    ballots: Sequence[ChallengedBallot],
) -> list[NonceShare]:
    """Guardian `share.index`'s part for each ballot; MustStayClosed where one shows no right to be opened.

    That is: status challenged, the secret behind id_B (rule 2), H_I made from id_B (32), and a nonce whose proof
    (38) holds.
    """
    for ballot in ballots:
        _check_openable(context, engine, ballot)
    answers = []
    for challenged in ballots:
        c0 = challenged.ballot.encrypted_nonce.c0
        nonce = randomness.random_q()
        power, a, b = engine.secret_powers([c0, G, c0], [share.data, nonce, nonce])
        c = _share_challenge(context, question, challenged, share.index, power, a, b)
        answers.append(NonceShare(power, c, (nonce - c * share.data) % _Q))
    return answers


def combine_challenged(
    context: Context,
    engine: Engine,
    keys: Sequence[GuardianPublicKey],
    members: Iterable[int],
    question: Question,
    ballots: Sequence[ChallengedBallot],
    answers: Mapping[int, Sequence[NonceShare]],
) -> list[ChallengedBallotOpening]:
    """Check every share, recover each nonce (108) and open the ballots.

    MessageRefused or ResponseRefused names the first culprit. A nonce that does not open its ballot (its encryptor
    lied) is no guardian's fault: what follows from it is published, and checks 13 and 14 say what is wrong.
    """
    ordered = check_members(members, context.n, context.k)
    share_keys = data_share_keys(engine, keys, ordered)
    for member in ordered:
        sent = answers.get(member, ())
        if len(sent) != len(ballots):
            raise MessageRefused(member, f"it answered for {len(sent)} of {len(ballots)} challenged ballots.")
    for position, challenged in enumerate(ballots):
        for member in ordered:
            part = answers[member][position]
            if not _holds(context, engine, question, challenged, member, share_keys[member], part):
                raise ResponseRefused(
                    member,
                    f"its share of the nonce of {challenged.place} does not fit its public key; it is set "
                    "aside, and the others go on in a new run.",
                )
    weights = lagrange_weights(ordered)
    exponents = [weights[member] for member in ordered]
    openings = []
    for position, challenged in enumerate(ballots):
        ballot = challenged.ballot
        beta = engine.multi_power([answers[member][position].share for member in ordered], exponents)
        nonce = decrypt_ballot_nonce(ballot.h_i, ballot.encrypted_nonce, beta)
        release = release_contests(context, engine, ballot, nonce)
        openings.append(ChallengedBallotOpening(challenged.locator, ballot.h_i, release.contests))
    return openings


def _check_openable(context: Context, engine: Engine, challenged: ChallengedBallot) -> None:
    ballot = challenged.ballot
    if ballot.status is not BallotStatus.CHALLENGED:
        raise MustStayClosed(f"{challenged.place} is not recorded as challenged; it must stay closed.")
    verify_challenge_reference(ballot)
    # The proof (38) is bound to H_I, not to id_B: with another ballot's H_I, its nonce would be opened.
    if ballot.h_i != identifier_hash(context.h_e, ballot.id_b):
        raise MustStayClosed(
            f"{challenged.place} carries another identifier hash than its own; it must stay closed."
        )
    nonce = ballot.encrypted_nonce
    if not opens(engine, nonce.c0, nonce.c, nonce.v, lambda a: nonce_challenge(ballot.h_i, a, nonce.c0, nonce.c1)):
        raise MustStayClosed(
            f"The encrypted nonce of {challenged.place} carries no valid proof (38); it must stay closed."
        )


def _holds(
    context: Context,
    engine: Engine,
    question: Question,
    challenged: ChallengedBallot,
    guardian: int,
    share_key: mpz,
    part: NonceShare,
) -> bool:
    if part.c >= Q or part.v >= Q or engine.outsiders([part.share]):
        return False
    c0 = challenged.ballot.encrypted_nonce.c0
    a = engine.product((engine.power(G, part.v), engine.power(share_key, part.c)))
    b = engine.multi_power((c0, part.share), (part.v, part.c))
    return part.c == _share_challenge(context, question, challenged, guardian, part.share, a, b)


def _share_challenge(
    context: Context,
    question: Question,
    challenged: ChallengedBallot,
    guardian: int,
    power: mpz,
    a: mpz,
    b: mpz,
) -> int:
    nonce = challenged.ballot.encrypted_nonce
    return hash_q(
        context.h_e,
        _SHARE_TAG,
        question.root,
        question.run,
        challenged.ballot.h_i,
        index_bytes(guardian),
        element_bytes(nonce.c0),
        nonce.c1,
        exponent_bytes(nonce.c),
        exponent_bytes(nonce.v),
        *map(element_bytes, (power, a, b)),
    )

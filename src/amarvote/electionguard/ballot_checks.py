"""Everything that can be said of ballots one by one: verification steps 5 to 8, and the hardening beyond them.

Steps 6 and 7 are run on every ballot, whatever its status. What spans ballots (5.A, 9) or needs the device (8.C to
8.G) is for the caller. One fault is one letter where that can be: recorded values of earlier steps are used in
later ones, and a value out of range is reported where it is first read, with no consequences.

| code | what was found |
| --- | --- |
| 5.B | H_I is not (32) of the identifier |
| 6.structure | no such style, not exactly its contests ascending, number of options, length of a range proof |
| 6.A, 7.A | alpha or beta outside Z_p^r; 6.A alone if it is not below p |
| 6.B, 6.C, 6.D | range proof: challenges, responses not in Z_q; the proof does not hold |
| 7.structure | length of a limit proof |
| 7.B, 7.C, 7.D | limit proof: challenges, responses not in Z_q; the proof does not hold |
| 8.structure | contest data missing, undeclared, too long or short, out of range; length of the chaining field |
| 8.A, 8.B | contest hash (70); confirmation code (71) over the recorded contest hashes |
| 9.structure | a weight below 1 |
| 12.structure | contest data: the proof (69) does not hold, or C0 is outside Z_p^r |
| 13.structure | ballot nonce: length, range, the proof (38) does not hold, or C0 is outside Z_p^r |

A structural fault bears the number of the first step that reads what is wrong: step 6 is the first to go through
the contests, so that a wrong style or list is 6.structure, and not 7, 8 and 9 again.
"""

from collections.abc import Sequence

from amarvote.electionguard.ballot_batch import unproven
from amarvote.electionguard.ballot_claims import read_ballot
from amarvote.electionguard.ballot_proofs import check_claims
from amarvote.electionguard.ballots import BallotCommitments, EncryptedBallot
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Findings


def check_ballots(
    context: Context,
    engine: Engine,
    ballots: Sequence[EncryptedBallot],
    findings: Sequence[Findings],
    commitments: Sequence[BallotCommitments] | None = None,
) -> None:
    """Add what is wrong with `ballots[i]` to `findings[i]`, at "contest 3" or "contest 3, option 2" inside it.

    With the `commitments` of every ballot the whole chunk is checked at once (see `ballot_batch`); a ballot
    that does not pass is checked again without them, so that the findings are the same either way.
    Commitments that are not those of a good proof are refused under the code of that proof. ValueError where
    the lists differ in length.
    """
    if len(ballots) != len(findings) or (commitments is not None and len(ballots) != len(commitments)):
        raise ValueError("each ballot needs its own findings, and its own commitments if there are any")
    engine.prepare(context.joint_key)
    given = [None] * len(ballots) if commitments is None else commitments
    claims = [
        read_ballot(context, ballot, found, with_it)
        for ballot, found, with_it in zip(ballots, findings, given, strict=True)
    ]
    suspects = range(len(ballots)) if commitments is None else unproven(context, engine, claims)
    for position in suspects:
        check_claims(context, engine, claims[position])

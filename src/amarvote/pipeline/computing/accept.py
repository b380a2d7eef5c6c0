"""Accept: the verifier's own checks of each ballot, with the commitments that came along (rule 4), and rule 2."""

from amarvote.electionguard.ballot_checks import check_ballots
from amarvote.electionguard.ballots import BallotCommitments, BallotStatus, EncryptedBallot
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.identifier import ChallengeReferenceError, verify_challenge_reference
from amarvote.pipeline.computing.kit import Kit, plain
from amarvote.pipeline.messages import Message
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot
from amarvote.record.commitments import CommitmentsError, decode_commitments
from amarvote.record.errors import NotCanonical, StructureProblem
from amarvote.record.merkle import leaf

SECRET = "service.secret"  # noqa: S105 - the code of a finding
STORED = "service.stored"


def accept(kit: Kit, message: Message) -> Message:
    """Fields: `ballots`: [{number, place, leaf}]; parts: item, commitments of each. Answers `findings`."""
    context = kit.context(message)
    entries = message.fields["ballots"]
    parts = kit.parts(message)
    collected = [Findings(entry["place"]) for entry in entries]
    checked: list[tuple[EncryptedBallot, BallotCommitments, Findings]] = []
    for entry, item, commitments, findings in zip(entries, parts[::2], parts[1::2], collected, strict=True):
        if leaf(item).hex() != entry["leaf"]:
            findings.add(STORED, "the stored bytes are not those that were submitted")
            continue
        try:
            ballot = read_ballot(decode_item(item))
            given = decode_commitments(context, ballot.ballot_style, commitments)
        except (StructureProblem, NotCanonical) as problem:
            findings.add(problem.code, str(problem))
        except CommitmentsError as problem:
            findings.add("6.structure", str(problem))
        else:
            _check_secret(ballot, findings)
            checked.append((ballot, given, findings))
    ballots, commitments_list, findings_list = (
        (list(column) for column in zip(*checked, strict=True))
        if checked
        else (
            [],
            [],
            [],
        )
    )
    check_ballots(context, kit.engine, ballots, findings_list, commitments_list)
    return Message(
        "accept",
        {
            "findings": {
                str(entry["number"]): [plain(finding) for finding in findings.entries]
                for entry, findings in zip(entries, collected, strict=True)
            }
        },
    )


def _check_secret(ballot: EncryptedBallot, findings: Findings) -> None:
    """Rule 2: a challenged ballot shows the secret behind its identifier, a cast one shows nothing."""
    if ballot.status is BallotStatus.CHALLENGED:
        try:
            verify_challenge_reference(ballot)
        except ChallengeReferenceError as problem:
            findings.add(SECRET, str(problem))
    elif ballot.ballot_ref:
        findings.add(SECRET, "a cast ballot carries no reference: its secret stays with the device")

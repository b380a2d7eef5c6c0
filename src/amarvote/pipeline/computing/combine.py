"""Combine: every guardian's share checked, a bad one named, the totals found, challenged ballots opened."""

from typing import Any

from amarvote.electionguard.challenged_ballots import ChallengedBallot, Question, combine_challenged
from amarvote.electionguard.context import Context
from amarvote.electionguard.decryption import TallyCiphertext, combine_decryption, tally_ciphertexts
from amarvote.electionguard.errors import Findings
from amarvote.electionguard.guardian_faults import GuardianFault
from amarvote.electionguard.guardian_messages import (
    read_commitments,
    read_nonce_shares,
    read_responses,
    read_reveals,
)
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.joint_rounds import Answers
from amarvote.electionguard.opening_checks import check_opened_ballot
from amarvote.electionguard.tallies import BallotLocator, ChallengedBallotOpening
from amarvote.pipeline.computing.kit import Kit, plain
from amarvote.pipeline.computing.totals import pack_total
from amarvote.pipeline.messages import Message
from amarvote.record.canonical import decode_item
from amarvote.record.codec import challenged_ballot_item, read_ballot, read_encrypted_tally, read_guardian
from amarvote.record.sections import device_section


def combine(kit: Kit, message: Message) -> Message:
    """Fields: kind, members, `part_count`, `skip`, `count` (of the part's items, what to open); see each kind.

    Parts: n guardians' keys, then for each member its payloads, then the items. Answers one part for each item
    opened, or `culprit` and `sentence` where a guardian's share does not hold.
    """
    context = kit.context(message)
    parts = kit.parts(message)
    keys = [read_guardian(decode_item(item)) for item in parts[: context.n]]
    try:
        if message.fields["kind"] == "tally":
            opened = _tally(kit, context, message.fields, keys, parts[context.n :])
            return Message("combine", {"findings": [None] * len(opened)}, tuple(opened))
        return _challenged(kit, context, message.fields, keys, parts[context.n :])
    except GuardianFault as fault:
        return Message("combine", {"culprit": fault.culprit, "sentence": str(fault)})


def _tally(
    kit: Kit, context: Context, fields: dict[str, Any], keys: list[GuardianPublicKey], parts: tuple[bytes, ...]
) -> list[bytes]:
    """Payloads of each member: d, reveals, responses. Items: the encrypted tally's contests, all of them."""
    members, count = fields["members"], fields["part_count"]
    window = slice(fields["skip"], fields["skip"] + fields["count"])
    answers = {}
    for position, member in enumerate(members):
        d, reveals, responses = parts[3 * position : 3 * position + 3]
        answers[member] = Answers(
            read_commitments(member, d, count)[window],
            read_reveals(member, reveals, count)[window],
            read_responses(member, responses, count)[window],
        )
    tally = [read_encrypted_tally(decode_item(item)) for item in parts[3 * len(members) :]]
    ciphertexts: list[TallyCiphertext] = tally_ciphertexts(context, tally)
    chosen = ciphertexts[fields["first"] : fields["first"] + fields["count"]]
    totals = combine_decryption(context, kit.engine, keys, members, chosen, answers)
    return [pack_total(total.option) for total in totals]


def _challenged(
    kit: Kit, context: Context, fields: dict[str, Any], keys: list[GuardianPublicKey], parts: tuple[bytes, ...]
) -> Message:
    """Payload of each member: its nonce shares. Items: the challenged ballots; `locators`: [[h_di, position]].

    `findings` of the answer: for each ballot what a verifier will find (rule 4), null where it opens as it should.
    """
    members = fields["members"]
    window = slice(fields["skip"], fields["skip"] + fields["count"])
    answers = {
        member: read_nonce_shares(member, parts[position], fields["part_count"])[window]
        for position, member in enumerate(members)
    }
    ballots = [
        ChallengedBallot(BallotLocator(1, bytes.fromhex(h_di), position), read_ballot(decode_item(item)))
        for (h_di, position), item in zip(fields["locators"], parts[len(members) :], strict=True)
    ]
    question = Question(bytes.fromhex(fields["root"]), bytes.fromhex(fields["run"]))
    openings = combine_challenged(context, kit.engine, keys, members, question, ballots, answers)
    found = [
        _what_is_wrong(kit, context, challenged, opening)
        for challenged, opening in zip(ballots, openings, strict=True)
    ]
    return Message("combine", {"findings": found}, tuple(map(challenged_ballot_item, openings)))


def _what_is_wrong(
    kit: Kit, context: Context, challenged: ChallengedBallot, opening: ChallengedBallotOpening
) -> list[dict[str, str]] | None:
    section = device_section(challenged.locator.kind, challenged.locator.h_di)
    findings = Findings(section.place(challenged.locator.position))
    check_opened_ballot(context, kit.engine, opening, challenged.ballot, findings)
    return [plain(finding) for finding in findings.entries] or None

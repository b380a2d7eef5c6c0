"""The decrypted tally, contest by contest (steps 10 and 11)."""

from dataclasses import replace

from amarvote.electionguard.manifest import Manifest
from amarvote.electionguard.tallies import EncryptedTallyContest
from amarvote.electionguard.tally_checks import check_decrypted_contest
from amarvote.record.codec import read_decrypted_tally, read_encrypted_tally
from amarvote.record.sections import SectionType
from amarvote.record.verifier.catalogue import step
from amarvote.record.verifier.partial import Partial, said
from amarvote.record.verifier.pieces import OUT_OF_ORDER, PieceBuilder
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.tasks import Task
from amarvote.record.verifier.verdicts import Verdicts

CODES = step(10) | step(11)


def check_totals(session: Session, task: Task) -> Partial:
    """One chunk of the decrypted tally."""
    section = session.sections[task.section]
    builder = PieceBuilder(section, task.section, task.start)
    verdicts = Verdicts()
    decrypted: list[tuple[int, str]] = []
    for raw in session.record.items(section, task.start, task.stop):
        builder.add(raw)
        place = verdicts.at(section.place(raw.ordinal))
        if raw.problem is not None or raw.item is None:
            verdicts.take([] if raw.problem is None else [raw.problem])
            verdicts.block(CODES)
            builder.add_key(None)
            continue
        if raw.item.WhichOneof("item") != "decrypted_tally_contest":
            place.add("R.structure", f"the section does not hold a {raw.item.WhichOneof('item')}")
            verdicts.block(CODES)
            builder.add_key(None)
            continue
        contest = read_decrypted_tally(raw.item)
        # An index that is there twice is 11.structure; only one that goes back is out of order.
        if not builder.add_key(contest.index.to_bytes(4, "big") + raw.ordinal.to_bytes(8, "big")):
            place.add("R.order", OUT_OF_ORDER)
        context = session.context
        if context is None:
            verdicts.block(CODES)
            continue
        decrypted.append((contest.index, contest.label))
        encrypted = _encrypted(session, contest.index)
        skipped = check_decrypted_contest(
            context, session.engine, encrypted, contest, verdicts.at("decrypted tally")
        )
        verdicts.evaluate((CODES - {"11.D"}) - skipped)
        verdicts.block(skipped)
        verdicts.settle()
    manifest = None if session.context is None else session.context.manifest
    return replace(
        said(verdicts),
        phase=task.phase,
        pieces=(builder.piece(),),
        contests_decrypted=_of_manifest(manifest, decrypted),
    )


def _encrypted(session: Session, index: int) -> EncryptedTallyContest | None:
    """The recorded encrypted tally of a contest; None where it does not stand in its place (step 9 says so)."""
    section = session.single(SectionType.ENCRYPTED_TALLY)
    if section is None or index < 1:
        return None
    raw = session.item_at(section, index)
    if raw is None or raw.item is None or raw.item.WhichOneof("item") != "encrypted_tally_contest":
        return None
    contest = read_encrypted_tally(raw.item)
    return contest if contest.index == index else None


def _of_manifest(manifest: Manifest | None, decrypted: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Those entries that say something of a contest of the manifest; the others have had their finding."""
    if manifest is None:
        return ()
    labels = {contest.id for contest in manifest.contests}
    return tuple(
        (index, label) for index, label in decrypted if 1 <= index <= len(manifest.contests) or label in labels
    )

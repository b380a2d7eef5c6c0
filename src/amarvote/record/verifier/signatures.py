"""Signatures over the roots of a record (R.signature)."""

import hashlib

from amarvote.record.codec import read_signed, read_statement
from amarvote.record.errors import NotCanonical
from amarvote.record.items import RecordStatement
from amarvote.record.reader import RawItem
from amarvote.record.sections import FORMAT_MAJOR, Phase
from amarvote.record.verifier.roots import Roots
from amarvote.record.verifier.session import Session
from amarvote.record.verifier.signed import NotChecked, SignatureProblem, check_signature
from amarvote.record.verifier.verdicts import Verdicts

CODE = "R.signature"


def check_signatures(session: Session, roots: Roots, verdicts: Verdicts) -> None:
    """Every signature: what it states must be so, and it must be good where its key is there."""
    if session.record.stopped:
        return
    for path, raw in session.record.signatures():
        if raw.item is None:
            verdicts.take([] if raw.problem is None else [raw.problem])
            verdicts.block({CODE})
            continue
        _check(session, roots, verdicts, path, raw)


def _check(session: Session, roots: Roots, verdicts: Verdicts, path: str, raw: RawItem) -> None:
    place = path if not raw.ordinal else f"{path} item {raw.ordinal + 1}"
    if raw.item is None or raw.item.WhichOneof("item") != "record_signature":
        verdicts.found("R.structure", place, "this is not a signature over a root")
        return
    signed = read_signed(raw.item)
    try:
        statement = read_statement(signed.statement)
    except NotCanonical as problem:
        verdicts.found(CODE, place, f"the signed statement {problem}")
        return
    if not isinstance(statement, RecordStatement):
        verdicts.found(CODE, place, "what is signed is not a statement over a root of the record")
        return
    if statement.phase > session.phase:
        verdicts.note(f"{place}: signs phase {Phase(statement.phase).name.lower()}, which was not asked for")
        return
    named = f"{Phase(statement.phase).name.lower()}-{hashlib.sha256(signed.statement).hexdigest()}"
    if named not in path:
        verdicts.found("R.container", place, "the file is not named after the phase and hash of its statement")
    _compare(session, roots, verdicts, place, statement)
    try:
        check_signature(signed)
    except SignatureProblem as problem:
        verdicts.found(CODE, place, str(problem))
    except NotChecked as problem:
        verdicts.note(f"{place}: the signature was not checked: {problem}")
        verdicts.block({CODE})
    verdicts.evaluate({CODE})


def _compare(session: Session, roots: Roots, verdicts: Verdicts, place: str, statement: RecordStatement) -> None:
    root = roots.get(Phase(statement.phase))
    if root is None:
        verdicts.block({CODE})
    elif statement.root != root:
        verdicts.found(CODE, place, "the signed root is not that of the record")
    h_e = session.stated_h_e
    if h_e is None:
        verdicts.block({CODE})
    elif statement.h_e != h_e:
        verdicts.found(CODE, place, "the signature is over a record of another election (H_E)")
    if (statement.format_major, statement.format_minor) != (FORMAT_MAJOR, session.record.minor):
        verdicts.found(
            CODE,
            place,
            f"the signature is over a record of format {statement.format_major}.{statement.format_minor}",
        )

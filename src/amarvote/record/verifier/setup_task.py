"""The setup sections: parameters, manifest, guardians, joint keys (steps 1 to 4), and the context they give."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.errors import Finding, Findings, ManifestError
from amarvote.electionguard.guardians import ElectionKeys, GuardianPublicKey
from amarvote.electionguard.manifest import MEDIA_TYPE, Manifest, parse_manifest
from amarvote.electionguard.setup_checks import (
    check_extended_hash,
    check_guardian_key,
    check_guardian_list,
    check_joint_keys,
    check_manifest_hash,
    check_parameters,
)
from amarvote.record.codec import (
    read_election_keys,
    read_guardian,
    read_header,
    read_manifest,
    read_parameters,
)
from amarvote.record.egrf_pb2 import RecordItem
from amarvote.record.items import ManifestFile, Parameters
from amarvote.record.reader import RawItem, Record
from amarvote.record.sections import FORMAT_MAJOR, FORMAT_MINOR, ITEMS, Phase, Section, SectionType
from amarvote.record.verifier.catalogue import CRYPTOGRAPHY, step
from amarvote.record.verifier.partial import Partial, said
from amarvote.record.verifier.pieces import PieceBuilder
from amarvote.record.verifier.tasks import Task
from amarvote.record.verifier.verdicts import Verdicts

if TYPE_CHECKING:
    from amarvote.record.verifier.session import Session

STOPPED = "the setup fails step 1 or 4, so nothing that rests on it was computed (steps 5 to 14)"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the one-item sections of the setup hold; None where an item is missing or could not be read."""

    parameters: Parameters | None
    manifest_file: ManifestFile | None
    keys: ElectionKeys | None


def read_setup(record: Record) -> Setup:
    """The first items of the three sections, without reporting anything."""
    parameters = _first(record, SectionType.PARAMETERS, "parameters")
    manifest = _first(record, SectionType.MANIFEST, "manifest_file")
    keys = _first(record, SectionType.ELECTION_KEYS, "election_keys")
    return Setup(
        None if parameters is None else read_parameters(parameters),
        None if manifest is None else read_manifest(manifest),
        None if keys is None else read_election_keys(keys),
    )


def context_of(setup: Setup) -> Context | None:
    """The context with the recorded values, or None where steps 1 and 4 do not allow to compute with them."""
    verdicts = Verdicts()
    manifest = _check_hashes(setup, verdicts)
    verdicts.settle()
    return _context(setup, manifest, verdicts)


def check_setup_sections(session: "Session", task: Task) -> Partial:
    """Steps 1 to 4 over the setup of a record, and the digests of its sections."""
    record, verdicts = session.record, Verdicts()
    builders = []
    items: dict[SectionType, RecordItem] = {}
    for section, number in session.numbers.items():
        if section.phase is Phase.SETUP:
            builder = PieceBuilder(section, number, 0)
            builders.append(builder)
            if section.type is not SectionType.GUARDIANS:
                _read_single(record, builder, items, verdicts)
    setup = Setup(
        read_parameters(items[SectionType.PARAMETERS]) if SectionType.PARAMETERS in items else None,
        read_manifest(items[SectionType.MANIFEST]) if SectionType.MANIFEST in items else None,
        read_election_keys(items[SectionType.ELECTION_KEYS]) if SectionType.ELECTION_KEYS in items else None,
    )
    _check_version(items.get(SectionType.HEADER), verdicts)
    manifest = _check_hashes(setup, verdicts)
    guardians = next((one for one in builders if one.section.type is SectionType.GUARDIANS), None)
    _check_guardians(record, setup, guardians, verdicts)
    if _context(setup, manifest, verdicts) is None:
        verdicts.block(code for code in CRYPTOGRAPHY if session.reads(code))
        verdicts.note(STOPPED)
    return replace(said(verdicts), phase=task.phase, pieces=tuple(builder.piece() for builder in builders))


def _first(record: Record, kind: SectionType, member: str) -> RecordItem | None:
    section = Section(kind)
    if section not in record.sections():
        return None
    for raw in record.items(section, 0, 1):
        if raw.item is not None and raw.item.WhichOneof("item") == member:
            return raw.item
    return None


def _read_single(
    record: Record, builder: PieceBuilder, items: dict[SectionType, RecordItem], verdicts: Verdicts
) -> None:
    """The item of a section that has one; a second one, another one or none is R.structure."""
    section, member = builder.section, next(iter(ITEMS[builder.section.type]))
    empty = True
    for raw in record.items(section):
        builder.add(raw)
        if raw.problem is not None or raw.item is None:
            verdicts.take([] if raw.problem is None else [raw.problem])
        elif not empty:
            verdicts.found("R.structure", section.title, "the section holds more than its one item")
        elif raw.item.WhichOneof("item") != member:
            verdicts.found(
                "R.structure", section.title, f"the section does not hold a {raw.item.WhichOneof('item')}"
            )
        else:
            items[section.type] = raw.item
        empty = False
    if empty:
        verdicts.found("R.structure", section.title, "the section is empty")


def _check_version(header: RecordItem | None, verdicts: Verdicts) -> None:
    if header is None:
        verdicts.block({"R.version"})
        return
    version = read_header(header)
    verdicts.evaluate({"R.version"})
    if version.format_major != FORMAT_MAJOR or version.format_minor > FORMAT_MINOR:
        verdicts.found(
            "R.version",
            "header",
            f"the record is of format {version.format_major}.{version.format_minor};"
            f" this verifier knows {FORMAT_MAJOR}.{FORMAT_MINOR}",
        )


def _check_hashes(setup: Setup, verdicts: Verdicts) -> Manifest | None:
    """Steps 1 and 4, and the manifest if it can be read."""
    parameters, file, keys = setup.parameters, setup.manifest_file, setup.keys
    if parameters is None:
        verdicts.block(step(1))
    else:
        verdicts.evaluate({"1.A", "1.B", "1.C", "1.D", "1.E"})
        check_parameters(
            version=parameters.version,
            p=parameters.p,
            q=parameters.q,
            r=parameters.r,
            g=parameters.g,
            n=parameters.n,
            k=parameters.k,
            h_p=parameters.h_p,
            findings=verdicts.at("parameters"),
        )
    manifest = None
    if file is None:
        verdicts.block({"1.F", "1.structure"})
    else:
        place = verdicts.at("manifest")
        manifest = _read_manifest(file, place)
        verdicts.evaluate({"1.structure"})
        if parameters is None:
            verdicts.block({"1.F"})
        else:
            verdicts.evaluate({"1.F"})
            check_manifest_hash(parameters.h_p, file.content, file.h_b, place)
    if keys is None or file is None:
        verdicts.block(step(4))
    else:
        _made(verdicts, {"4.A"}, check_extended_hash(file.h_b, keys, verdicts.at("election keys")))
    return manifest


def _read_manifest(file: ManifestFile, place: Findings) -> Manifest | None:
    if file.media_type != MEDIA_TYPE:
        place.add("1.structure", f"the manifest is called {file.media_type[:100]!r}, not {MEDIA_TYPE}")
        return None
    try:
        return parse_manifest(file.content)
    except ManifestError as error:
        for problem in error.problems:
            place.add("1.structure", problem)
    return None


def _context(setup: Setup, manifest: Manifest | None, verdicts: Verdicts) -> Context | None:
    parameters, file, keys = setup.parameters, setup.manifest_file, setup.keys
    if parameters is None or file is None or keys is None or manifest is None:
        return None
    if "4.A" in verdicts.blocked or any(code[:2] in {"1.", "4."} for code in verdicts.counts):
        return None
    return Context(
        manifest=manifest,
        n=parameters.n,
        k=parameters.k,
        joint_key=keys.joint_key,
        joint_data_key=keys.joint_data_key,
        h_p=parameters.h_p,
        h_b=file.h_b,
        h_e=keys.h_e,
    )


def _check_guardians(record: Record, setup: Setup, builder: PieceBuilder | None, verdicts: Verdicts) -> None:
    """Steps 2 and 3, one guardian at a time: only the constant commitments are kept."""
    if builder is None or setup.parameters is None:
        verdicts.block(step(2) | step(3))
        if builder is None:
            return
    engine = Engine(window_bits=4)
    place = verdicts.at("guardians")
    constants: list[GuardianPublicKey] = []
    whole = True
    for raw in record.items(builder.section):
        builder.add(raw)
        if raw.item is None or raw.item.WhichOneof("item") != "guardian_public_key":
            verdicts.take([_not_a_guardian(builder.section, raw)])
            whole = False
            continue
        key = read_guardian(raw.item)
        constants.append(
            replace(
                key,
                vote_commitments=key.vote_commitments[:1],
                data_commitments=key.data_commitments[:1],
                vote_proof=replace(key.vote_proof, responses=()),
                data_proof=replace(key.data_proof, responses=()),
            )
        )
        if setup.parameters is not None:
            inside = place.at(f"guardian {key.index}")
            _made(
                verdicts,
                step(2),
                check_guardian_key(engine, setup.parameters.h_p, setup.parameters.k, key, inside),
            )
            verdicts.settle()
    if setup.parameters is None:
        return
    if not whole:
        verdicts.block(step(2) | step(3))
        return
    check_guardian_list(setup.parameters.n, [key.index for key in constants], place)
    if setup.keys is None or any(finding.code == "2.A" for finding in verdicts.settle()):
        verdicts.block(step(3))
        return
    keys_place = verdicts.at("election keys")
    _made(verdicts, step(3), check_joint_keys(engine, constants, setup.keys, keys_place))


def _not_a_guardian(section: Section, raw: RawItem) -> Finding:
    if raw.problem is not None:
        return raw.problem
    member = "" if raw.item is None else raw.item.WhichOneof("item")
    return Finding("R.structure", section.place(raw.ordinal), f"the section does not hold a {member}")


def _made(verdicts: Verdicts, codes: set[str] | frozenset[str], skipped: frozenset[str]) -> None:
    verdicts.evaluate(codes - skipped)
    verdicts.block(skipped)

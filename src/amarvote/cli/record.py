"""`amarvote record`: fetch a record, convert it, print its roots, look into it."""

import json
import re
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from amarvote.cli.authority import Authority
from amarvote.cli.exits import FINDINGS, OK, UnreadableInput, UsageProblem
from amarvote.cli.groups import require_command
from amarvote.cli.program import command
from amarvote.cli.progress import progress
from amarvote.cli.stopping import resumable
from amarvote.cli.targets import check_parent
from amarvote.electionguard.errors import Finding
from amarvote.launch.errors import RunParked
from amarvote.launch.finished_record import bring_record
from amarvote.participants.address import AddressError
from amarvote.participants.service import FINAL, Service, Unanswered
from amarvote.record.convert import ConversionError, convert_record
from amarvote.record.digest import digest_record
from amarvote.record.errors import UnreadableRecord
from amarvote.record.json_lines import item_to_line
from amarvote.record.reader import Record, open_record
from amarvote.record.sections import Carrier, Section, SectionType, phase_reached

PATIENCE = 30.0
"""Seconds that the service is waited for."""

commands = typer.Typer(invoke_without_command=True)

_COMMANDING = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

RecordPath = Annotated[Path, typer.Argument(metavar="RECORD", help="A record: a folder or a zip archive.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@commands.callback()
def actions(context: typer.Context) -> None:
    """Fetch a record, convert it, or look into it."""
    require_command(context)


@commands.command()
def fetch(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="https://vote.example.org/elections/ID.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the record.")],
    ca: Authority = None,
    as_json: AsJson = False,
) -> int:
    """Download the published record of an election. What breaks off goes on with the same command."""
    if folder.exists():
        raise UsageProblem(f"{folder} is there already. Name another place, or remove it.")
    check_parent(folder)
    try:
        with resumable(), closing(Service(address, ca=ca, patience=PATIENCE)) as service:
            bring_record(service, folder)
    except AddressError as problem:
        raise UsageProblem(str(problem)) from None
    except (RunParked, Unanswered, *FINAL) as problem:
        raise UnreadableInput(str(problem)) from None
    if as_json:
        sys.stdout.write(json.dumps({"record": str(folder)}) + "\n")
    else:
        sys.stdout.write(f"The record is in {folder}\nVerify it: {command('verify', folder)}\n")
    return OK


@commands.command()
def convert(
    record_path: RecordPath,
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="New folder, or new archive if it ends in .zip.")
    ],
    carrier: Annotated[
        Carrier | None, typer.Option("--to", help="Items as protobuf (binpb) or as lines of JSON (jsonl).")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Write the same record in another form, with equal roots."""
    if target.exists():
        raise UsageProblem(f"{target} is there already. Name another place, or remove it.")
    check_parent(target)
    with _open(record_path) as record, progress() as reporter:
        if carrier is None:
            carrier = record.carrier or Carrier.PROTOBUF
        try:
            convert_record(
                record,
                target,
                carrier,
                archive=target.suffix == ".zip",
                progress=lambda done, total: reporter.update("convert", done, total),
            )
        except ConversionError as problem:
            sys.stdout.write(_report({"record": None}, problem.findings, as_json=as_json))
            return FINDINGS
        except OSError as problem:
            raise UsageProblem(f"{target} cannot be written: {problem.strerror}") from None
    result: dict[str, Any] = {"record": str(target), "carrier": carrier.value}
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stdout.write(f"Written: {target}\nCompare the roots: {command('record', 'digest', target)}\n")
    return OK


@commands.command()
def digest(record_path: RecordPath, as_json: AsJson = False) -> int:
    """Print the root of each phase.

    Records with equal roots say the same, in whatever form.
    """
    with _open(record_path) as record, progress() as reporter:
        result = digest_record(record, lambda done, total: reporter.update("digest", done, total))
    roots = {phase.name.lower(): root.hex() for phase, root in result.roots.items()}
    if as_json:
        sections = [
            {"section": entry.section.title, "items": entry.item_count, "root": entry.root.hex()}
            for entry in result.entries
        ]
        sys.stdout.write(_report({"roots": roots, "sections": sections}, result.findings, as_json=True))
    else:
        sys.stdout.write("".join(f"{name:<10} {root}\n" for name, root in roots.items()))
        sys.stdout.write(_report({}, result.findings, as_json=False))
    return FINDINGS if result.findings else OK


@commands.command()
def show(
    record_path: RecordPath,
    name: Annotated[
        str | None, typer.Argument(metavar="[SECTION]", help="Section to print, for instance guardians.")
    ] = None,
    number: Annotated[int | None, typer.Argument(metavar="[ITEM]", min=1, help="Item to print, from 1.")] = None,
    as_json: AsJson = False,
) -> int:
    """List what a record holds, or print items of it.

    A section, or one item of it, is printed as lines of JSON.
    """
    with _open(record_path) as record:
        if name is not None:
            return _show_items(record, _section(record, name), number)
        sections = record.sections()
        phase = phase_reached(sections)
        findings = record.findings()
        summary: dict[str, Any] = {
            "carrier": record.carrier.value if record.carrier else None,
            "phase": phase.name.lower() if phase else None,
            "sections": [{"section": one.title, "items": record.count(one)} for one in sections],
            "signatures": sum(1 for _ in record.signatures()),
        }
    if as_json:
        sys.stdout.write(_report(summary, findings, as_json=True))
    else:
        sys.stdout.write(f"A record of format 2, phase {summary['phase']}, carrier {summary['carrier']}\n")
        sys.stdout.write("".join(f"{one['items']:>9}  {one['section']}\n" for one in summary["sections"]))
        sys.stdout.write(f"{summary['signatures']:>9}  signatures\n")
        sys.stdout.write(_report({}, findings, as_json=False))
    return FINDINGS if findings else OK


def _open(path: Path) -> Record:
    try:
        return open_record(path)
    except UnreadableRecord as problem:
        raise UnreadableInput(str(problem)) from None


def _section(record: Record, name: str) -> Section:
    """The section of this title; a device may be named by the beginning of its H_DI."""
    kind, _, start = name.lower().partition(" ")
    sections = record.sections()
    found = [one for one in sections if one.title == name.lower()]
    if kind == "device":
        found = [one for one in sections if one.type is SectionType.DEVICE and one.key[1:].hex().startswith(start)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(one.title for one in sections if one.type is not SectionType.DEVICE)
    devices = sum(one.type is SectionType.DEVICE for one in sections)
    raise UsageProblem(
        f"{len(found)} sections are called {name!r}. This record has {known} and {devices} devices: "
        "name one of them by the beginning of its hash, as in 'device 5f3a'"
    )


def _show_items(record: Record, section: Section, number: int | None) -> int:
    start, stop = (0, None) if number is None else (number - 1, number)
    code = OK
    seen = False
    for raw in record.items(section, start, stop):
        seen = True
        if raw.problem is None:
            sys.stdout.write(_harmless(item_to_line(raw.data).decode()) + "\n")
        else:
            sys.stderr.write(_sentence(raw.problem) + "\n")
            code = FINDINGS
    if number is not None and not seen:
        raise UsageProblem(f"{section.title} has {record.count(section)} items, so no item {number}")
    return code


def _harmless(line: str) -> str:
    """The same JSON without characters that a terminal would obey, or that would turn the line around."""
    return _COMMANDING.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _report(result: dict[str, Any], findings: list[Finding] | tuple[Finding, ...], *, as_json: bool) -> str:
    """The result with its findings, as one JSON object or as sentences (the findings only)."""
    if as_json:
        listed = [{"code": one.code, "where": one.where, "message": one.message} for one in findings]
        return json.dumps({**result, "findings": listed}) + "\n"
    return "".join(_sentence(finding) + "\n" for finding in findings)


def _sentence(finding: Finding) -> str:
    return f"{finding.code}  {finding.where}: {finding.message}"

"""Write one segment of the record, or the table of contents that ends a phase: bytes of files for the database."""

from amarvote.pipeline.computing.kit import ComputeError, Kit
from amarvote.pipeline.messages import Message
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_manifest
from amarvote.record.items import TocEntry
from amarvote.record.merkle import leaf
from amarvote.record.sections import MANIFEST_COPY, Phase, Section, SectionType
from amarvote.record.writer import phase_root, segment_file, toc_file


def segment(kit: Kit, message: Message) -> Message:  # noqa: ARG001 - as every kind of work
    """Fields: section, key, segment, first, `leaves` as the database holds them; parts: the items.

    Answers the `paths` of files and the bytes of each: the segment, and beside the manifest its plain copy.
    """
    fields = message.fields
    section = Section(SectionType(fields["section"]), bytes.fromhex(fields["key"]))
    for number, (item, expected) in enumerate(zip(message.parts, fields["leaves"], strict=True), fields["first"]):
        if leaf(item).hex() != expected:
            raise ComputeError(
                f"{section.place(number)} is not stored as it was accepted: its bytes were changed in the "
                "database since. Restore it from a backup, then retry the chunk."
            )
    path, data = segment_file(section, fields["segment"], fields["first"], message.parts)
    if section.type is not SectionType.MANIFEST:
        return Message("segment", {"paths": [path]}, (data,))
    manifest = read_manifest(decode_item(message.parts[0])).content
    return Message("segment", {"paths": [path, MANIFEST_COPY]}, (data, manifest))


def toc(kit: Kit, message: Message) -> Message:  # noqa: ARG001
    """Fields: phase, `entries`: [[section, key, items, root]] ascending.

    Answers the root of the phase, and the file as a segment does.
    """
    entries = [
        TocEntry(Section(SectionType(section), bytes.fromhex(key)), items, bytes.fromhex(root))
        for section, key, items, root in message.fields["entries"]
    ]
    path, data = toc_file(entries)
    root = phase_root(entries, Phase(message.fields["phase"]))
    return Message("toc", {"root": root.hex(), "paths": [path]}, (data,))

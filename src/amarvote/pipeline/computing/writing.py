"""Write one segment of the record, or the table of contents that ends a phase."""

from amarvote.pipeline.computing.kit import ComputeError, Kit
from amarvote.pipeline.messages import Message
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_manifest
from amarvote.record.items import TocEntry
from amarvote.record.merkle import leaf
from amarvote.record.sections import Phase, Section, SectionType
from amarvote.record.writer import phase_root, write_manifest_copy, write_segment, write_toc


def segment(kit: Kit, message: Message) -> Message:
    """Fields: section, key, segment, first, `leaves` as the database holds them; parts: the items."""
    fields = message.fields
    section = Section(SectionType(fields["section"]), bytes.fromhex(fields["key"]))
    for number, (item, expected) in enumerate(zip(message.parts, fields["leaves"], strict=True), fields["first"]):
        if leaf(item).hex() != expected:
            raise ComputeError(
                f"{section.place(number)} is not stored as it was accepted: its bytes were changed in the "
                "database since. Restore it from a backup, then retry the chunk."
            )
    root = kit.record(message)
    write_segment(root, section, fields["segment"], fields["first"], message.parts)
    if section.type is SectionType.MANIFEST:
        write_manifest_copy(root, read_manifest(decode_item(message.parts[0])).content)
    return Message("segment")


def toc(kit: Kit, message: Message) -> Message:
    """Fields: phase, `entries`: [[section, key, items, root]] ascending. Answers the root of the phase."""
    entries = [
        TocEntry(Section(SectionType(section), bytes.fromhex(key)), items, bytes.fromhex(root))
        for section, key, items, root in message.fields["entries"]
    ]
    write_toc(kit.record(message), entries)
    return Message("toc", {"root": phase_root(entries, Phase(message.fields["phase"])).hex()})

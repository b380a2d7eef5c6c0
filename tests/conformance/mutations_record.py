"""Mutations of the record as such: files, encodings, order, sections, versions, roots, statements, signatures."""

from pathlib import Path

from amarvote.record import egrf_pb2 as pb
from conformance.elections import Election, chained, set_up, unchained
from conformance.mutations import flip, mutation
from conformance.record_files import Stored, frame, varint
from conformance.statements import (
    attest,
    attest_everything,
    chain_close,
    checkpoint,
    record_statement,
    section_seal,
    sign,
    signed,
)

DECRYPTED, OPENINGS, REQUESTS = (0x0301, b""), (0x0302, b""), (0x0202, b"")


def _attested() -> Election:
    return attest_everything(chained())


def _signed() -> Election:
    return sign(chained())


def _cast_only() -> Election:
    """One device, nothing to open but the totals."""
    e = set_up(0)
    e.add_device("hall", [e.encrypt("country", {"mayor": {"ada": 1}})])
    e.aggregate()
    e.finish()
    return e


# ---- R.container


@mutation("files", "R.container", base=chained)
def file_that_the_layout_does_not_have(root: Path) -> None:
    (root / "notes.txt").write_text("hello")


@mutation("files", "R.container", base=chained)
def segment_without_the_one_before_it(root: Path) -> None:
    path = root / "final/challenged_ballot_decryptions/00000000.binpb"
    path.rename(path.with_name("00000001.binpb"))


@mutation("files", "R.container", base=chained)
def link_out_of_the_record(root: Path) -> None:
    (root / "meta.json").symlink_to("/etc/hostname")


@mutation("files", "R.container", base=chained)
def manifest_copy_that_differs(root: Path) -> None:
    (root / "setup/manifest.json").write_text("{}")


@mutation(
    "files",
    "R.container",
    "R.root",
    base=chained,
    why="a section that could not be read whole does not have the root that is claimed for it",
)
def file_that_breaks_off(root: Path) -> None:
    path = root / "final/decrypted_tally.binpb"
    path.write_bytes(path.read_bytes()[:-9])


@mutation(
    "files",
    "R.container",
    "R.root",
    base=chained,
    why="a section that could not be read whole does not have the root that is claimed for it",
)
def frame_of_no_length(root: Path) -> None:
    device = next((root / "devices").iterdir())
    path = device / "00000000.binpb"
    path.write_bytes(path.read_bytes() + b"\0")


@mutation(
    "files",
    "R.container",
    "R.root",
    base=chained,
    why="a section that could not be read whole does not have the root that is claimed for it",
)
def frame_of_more_than_64_mebibytes(root: Path) -> None:
    path = root / "final/decrypted_tally.binpb"
    path.write_bytes(path.read_bytes() + varint(64 * 1024 * 1024 + 1))


# ---- R.encoding


@mutation("items", "R.encoding", base=chained)
def number_written_twice(items: Stored) -> None:
    """A request that states its contest twice; its answer then only seems to be unasked for."""
    item = pb.RecordItem.FromString(items[REQUESTS][0])
    inner = item.contest_data_request.SerializeToString() + b"\x18\x03"
    items[REQUESTS][0] = b"\xb2\x01" + frame(inner)


@mutation("items", "R.encoding", base=chained)
def ballot_of_a_status_that_there_is_not(items: Stored) -> None:
    """Whatever needs every ballot is not evaluable then."""
    key = next(key for key in items if key[0] == 0x0101)
    item = pb.RecordItem.FromString(items[key][1])
    item.encrypted_ballot.status = 9  # type: ignore[assignment]
    items[key][1] = item.SerializeToString()


@mutation("items", "R.encoding", base=chained)
def exponent_of_another_width(items: Stored) -> None:
    item = pb.RecordItem.FromString(items[DECRYPTED][0])
    item.decrypted_tally_contest.fields[0].proof += b"\0"
    items[DECRYPTED][0] = item.SerializeToString()


@mutation("items", "R.encoding", base=chained)
def element_of_another_width(items: Stored) -> None:
    item = pb.RecordItem.FromString(items[(0x0005, b"")][0])
    item.election_keys.k = b"\0" + item.election_keys.k
    items[(0x0005, b"")][0] = item.SerializeToString()


# ---- R.order, R.structure, R.version


@mutation("final", "R.order", base=chained)
def openings_out_of_order(e: Election) -> None:
    e.openings.reverse()


@mutation("final", "R.order", base=chained)
def totals_out_of_order(e: Election) -> None:
    e.decrypted.reverse()


@mutation("final", "R.order", base=chained)
def opening_twice(e: Election) -> None:
    e.openings.append(e.openings[1])


@mutation("items", "R.structure", base=chained)
def section_missing(items: Stored) -> None:
    """The roots of its phase are not computed then."""
    del items[DECRYPTED]


@mutation("items", "R.structure", base=chained)
def record_that_ends_before_its_final_phase(items: Stored) -> None:
    for key in [key for key in items if key[0] >= 0x0301]:
        del items[key]


@mutation("items", "R.structure", base=chained)
def second_item_in_the_parameters(items: Stored) -> None:
    items[(0x0002, b"")] *= 2


@mutation("items", "R.structure", base=chained)
def another_item_than_the_section_holds(items: Stored) -> None:
    items[REQUESTS].append(items[OPENINGS][0])


@mutation("items", "R.structure", base=chained)
def another_item_among_the_guardians(items: Stored) -> None:
    """Steps 2 and 3 are not evaluable then, the others are."""
    items[(0x0004, b"")].append(items[OPENINGS][0])


@mutation("items", "R.structure", base=chained)
def total_in_the_encrypted_tally(items: Stored) -> None:
    items[(0x0201, b"")].append(items[DECRYPTED][0])


@mutation("items", "R.structure", base=chained)
def setup_section_without_its_item(items: Stored) -> None:
    items[(0x0005, b"")].clear()


@mutation("items", "8.structure", base=chained)
def device_without_a_close(items: Stored) -> None:
    """8.G has nothing to read then."""
    items[_device(items)].pop()


@mutation("items", "8.structure", base=chained)
def close_twice(items: Stored) -> None:
    device = _device(items)
    items[device].append(items[device][-1])


@mutation(
    "items",
    "R.version",
    "8.structure",
    base=_cast_only,
    why="a pre-encrypted ballot is nothing that a regular device may hold, and nothing that this verifier reads",
)
def pre_encrypted_ballot_on_a_regular_device(items: Stored) -> None:
    message = pb.RecordItem.FromString(items[_device(items)][1]).encrypted_ballot
    uncast = pb.PreEncryptedCompactUncastBallot(
        id_b=bytes(32),
        h_i=bytes(32),
        ballot_style="country",
        confirmation_code=bytes(32),
        chaining_field=bytes(36),
        encrypted_ballot_nonce=message.encrypted_ballot_nonce,
    )
    item = pb.RecordItem(pre_encrypted_compact_uncast_ballot=uncast)
    items[_device(items)].insert(2, item.SerializeToString())


def _device(items: Stored) -> tuple[int, bytes]:
    return next(key for key in items if key[0] == 0x0101)


@mutation("final", "R.structure", base=unchained)
def device_without_a_ballot(e: Election) -> None:
    e.add_device("attic", [])


@mutation("final", "R.version", base=chained)
def record_of_another_format(e: Election) -> None:
    e.header.format_major = 3


@mutation("final", "R.version", base=chained)
def record_of_a_newer_minor_format(e: Election) -> None:
    e.header.format_minor = 1


@mutation("final", "R.version", base=unchained)
def release_of_a_pre_encrypted_ballot(e: Election) -> None:
    e.releases.append(pb.UncastNonceRelease(ballot=e.devices[0].locator(1), h_i=bytes(32)))


@mutation("items", "R.version", base=_cast_only)
def device_of_pre_encrypted_ballots(items: Stored) -> None:
    """Nothing that needs every ballot is evaluable then."""
    key = next(key for key in items if key[0] == 0x0101)
    items[(0x0101, b"\x02" + key[1][1:])] = items.pop(key)


# ---- R.root


@mutation("contents", "R.root", base=chained)
def claimed_root_of_another_section(items: Stored, toc: list[bytes]) -> None:
    entry = pb.RecordItem.FromString(toc[6])
    entry.toc_entry.root = flip(entry.toc_entry.root)
    toc[6] = entry.SerializeToString()


@mutation("contents", "R.root", base=chained)
def claimed_number_of_items(items: Stored, toc: list[bytes]) -> None:
    entry = pb.RecordItem.FromString(toc[3])
    entry.toc_entry.item_count += 1
    toc[3] = entry.SerializeToString()


@mutation("contents", "R.root", base=chained)
def section_called_not_critical(items: Stored, toc: list[bytes]) -> None:
    entry = pb.RecordItem.FromString(toc[0])
    entry.toc_entry.critical = False
    toc[0] = entry.SerializeToString()


@mutation("contents", "R.root", base=chained)
def section_that_the_contents_do_not_list(items: Stored, toc: list[bytes]) -> None:
    del toc[6]


@mutation("contents", "R.root", base=chained)
def contents_out_of_order(items: Stored, toc: list[bytes]) -> None:
    """A table of contents that is none stops the reading."""
    toc[0], toc[1] = toc[1], toc[0]


# ---- R.attestation


def _close_of(e: Election) -> pb.ChainCloseStatement:
    return chain_close(e, e.device("hall"))


def _attest_close(e: Election, statement: pb.ChainCloseStatement) -> None:
    attest(e, pb.RecordItem(chain_close_statement=statement))


@mutation("final", "R.attestation", base=chained)
def close_attested_with_another_count(e: Election) -> None:
    statement = _close_of(e)
    statement.ballot_count += 1
    _attest_close(e, statement)


@mutation("final", "R.attestation", base=chained)
def close_attested_over_other_codes(e: Election) -> None:
    statement = _close_of(e)
    statement.codes_root = flip(statement.codes_root)
    _attest_close(e, statement)


@mutation("final", "R.attestation", base=chained)
def close_attested_with_another_closing_hash(e: Election) -> None:
    statement = _close_of(e)
    statement.closing_hash = flip(statement.closing_hash)
    _attest_close(e, statement)


@mutation("final", "R.attestation", base=chained)
def close_attested_under_another_name(e: Election) -> None:
    statement = _close_of(e)
    statement.device_id = "attic"
    _attest_close(e, statement)


@mutation("final", "R.attestation", base=chained)
def close_attested_for_another_election(e: Election) -> None:
    statement = _close_of(e)
    statement.h_e = flip(statement.h_e)
    _attest_close(e, statement)


@mutation("final", "R.attestation", base=chained)
def close_attested_for_a_device_that_is_not_there(e: Election) -> None:
    statement = _close_of(e)
    statement.device_key = flip(statement.device_key)
    _attest_close(e, statement)


@mutation("final", "R.attestation", base=chained)
def seal_over_another_section(e: Election) -> None:
    """A challenged ballot that was turned into a cast one would show here."""
    statement = section_seal(e, e.device("hall"))
    statement.section_root = flip(statement.section_root)
    attest(e, pb.RecordItem(section_seal_statement=statement))


@mutation("final", "R.attestation", base=chained)
def checkpoint_over_other_codes(e: Election) -> None:
    statement = checkpoint(e, e.device("hall"), 2)
    statement.codes_root = flip(statement.codes_root)
    attest(e, pb.RecordItem(prefix_checkpoint_statement=statement))


@mutation("final", "R.attestation", base=chained)
def checkpoint_over_more_ballots_than_there_are(e: Election) -> None:
    statement = checkpoint(e, e.device("hall"), 2)
    statement.ballot_count = 1000
    attest(e, pb.RecordItem(prefix_checkpoint_statement=statement))


@mutation("final", "R.attestation", base=_attested)
def attestation_with_another_signature(e: Election) -> None:
    e.attestations[1].signature = flip(e.attestations[1].signature)


@mutation("final", "R.attestation", base=_attested)
def attestation_by_an_unknown_algorithm(e: Election) -> None:
    e.attestations[0].algorithm = "md5"


@mutation("final", "R.attestation", base=chained)
def attestation_that_is_not_a_devices(e: Election) -> None:
    e.attestations.append(signed(pb.RecordItem(record_statement=record_statement(e))))


@mutation("final", "R.attestation", base=_attested)
def attestation_over_bytes_that_are_not_canonical(e: Election) -> None:
    """Its place in the order cannot be judged then."""
    last = e.attestations[-1]
    last.statement += b"\0"


@mutation("final", "R.order", base=_attested)
def attestations_out_of_order(e: Election) -> None:
    e.attestations.reverse()


# ---- R.signature


def _sign(e: Election, statement: pb.RecordStatement) -> None:
    e.signatures.append(signed(pb.RecordItem(record_statement=statement)))


@mutation("final", "R.signature", base=chained)
def signature_over_another_root(e: Election) -> None:
    statement = record_statement(e)
    statement.root = flip(statement.root)
    _sign(e, statement)


@mutation("final", "R.signature", base=chained)
def signature_over_another_election(e: Election) -> None:
    statement = record_statement(e)
    statement.h_e = flip(statement.h_e)
    _sign(e, statement)


@mutation("final", "R.signature", base=chained)
def signature_over_another_format(e: Election) -> None:
    statement = record_statement(e)
    statement.format_minor = 7
    _sign(e, statement)


@mutation("final", "R.signature", base=_signed)
def signature_that_does_not_hold(e: Election) -> None:
    e.signatures[0].signature = flip(e.signatures[0].signature)


@mutation("final", "R.signature", base=_signed)
def record_changed_after_it_was_signed(e: Election) -> None:
    """Without a hash over it nothing else would show: a ballot's time is bound by nothing but the roots."""
    e.device("hall").ballots[0].message.encrypted_at.seconds += 60

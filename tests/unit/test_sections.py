import pytest

from amarvote.record.egrf_pb2 import SectionType as WireType
from amarvote.record.sections import (
    ITEMS,
    REQUIRED,
    Carrier,
    DeviceKind,
    Phase,
    Section,
    SectionType,
    check_presence,
    device_section,
    locate,
    phase_reached,
    segment_path,
    signature_path,
)
from record_samples import DEVICE, H_DI

PATHS = {
    Section(SectionType.HEADER): "setup/header",
    Section(SectionType.PARAMETERS): "setup/parameters",
    Section(SectionType.MANIFEST): "setup/manifest",
    Section(SectionType.GUARDIANS): "setup/guardians",
    Section(SectionType.ELECTION_KEYS): "setup/election_keys",
    DEVICE: f"devices/regular-{H_DI.hex()}/00000000",
    device_section(DeviceKind.PRE_ENCRYPTING, H_DI): f"devices/pre-encrypting-{H_DI.hex()}/00000000",
    Section(SectionType.DEVICE_ATTESTATIONS): "device_attestations",
    Section(SectionType.ENCRYPTED_TALLY): "aggregated/encrypted_tally",
    Section(SectionType.CONTEST_DATA_REQUESTS): "aggregated/contest_data_requests",
    Section(SectionType.DECRYPTED_TALLY): "final/decrypted_tally",
    Section(SectionType.CHALLENGED_BALLOT_DECRYPTIONS): "final/challenged_ballot_decryptions/00000000",
    Section(SectionType.CONTEST_DATA_DECRYPTIONS): "final/contest_data_decryptions/00000000",
    Section(SectionType.UNCAST_NONCE_RELEASES): "final/uncast_nonce_releases/00000000",
    Section(SectionType.TOC): "toc",
}


@pytest.mark.parametrize("carrier", Carrier)
@pytest.mark.parametrize("section", PATHS)
def test_the_path_follows_from_the_section_and_back(section: Section, carrier: Carrier) -> None:
    path = segment_path(section, 0, carrier)
    assert path == f"{PATHS[section]}.{carrier.value}"
    found = locate(path)
    assert found is not None
    assert (found.section, found.segment, found.carrier) == (section, 0, carrier)


def test_segments_are_numbered_in_eight_digits() -> None:
    path = segment_path(DEVICE, 12_345_678, Carrier.PROTOBUF)
    assert path.endswith("/12345678.binpb")
    found = locate(path)
    assert found is not None
    assert found.segment == 12_345_678
    with pytest.raises(ValueError, match="eight digits"):
        segment_path(DEVICE, 10**8, Carrier.PROTOBUF)
    with pytest.raises(ValueError, match="it has no segment 1"):
        segment_path(Section(SectionType.GUARDIANS), 1, Carrier.PROTOBUF)


def test_signatures_have_a_place() -> None:
    path = signature_path(Phase.AGGREGATED, bytes(32), Carrier.JSON_LINES)
    assert path == f"signatures/aggregated-{'00' * 32}.jsonl"
    found = locate(path)
    assert found is not None
    assert found.section == Section(SectionType.SIGNATURES)


@pytest.mark.parametrize(
    "path",
    [
        "setup/header",
        "setup/header.json",
        "Setup/header.binpb",
        "header.binpb",
        "setup/header/00000000.binpb",
        "toc/00000000.binpb",
        "final/challenged_ballot_decryptions.binpb",
        "final/challenged_ballot_decryptions/0.binpb",
        "final/challenged_ballot_decryptions/000000000.binpb",
        "final/challenged_ballot_decryptions/0000000a.binpb",
        "final/challenged_ballot_decryptions/٠٠٠٠٠٠٠٠.binpb",
        f"devices/regular-{H_DI.hex().upper()}/00000000.binpb",
        f"devices/regular-{H_DI.hex()[2:]}/00000000.binpb",
        f"devices/other-{H_DI.hex()}/00000000.binpb",
        f"devices/regular-{H_DI.hex()}/x/00000000.binpb",
        f"devices/regular-{H_DI.hex()}\n/00000000.binpb",
        f"signatures/later-{'00' * 32}.binpb",
        "signatures/final-00.binpb",
        "",
        ".binpb",
    ],
)
def test_other_paths_stand_for_nothing(path: str) -> None:
    assert locate(path) is None


def test_types_are_those_of_the_schema() -> None:
    assert {kind.name: int(kind) for kind in SectionType} == {
        name.removeprefix("SECTION_TYPE_"): number for name, number in WireType.items() if number
    }
    assert set(ITEMS) == set(SectionType)


@pytest.mark.parametrize(
    ("kind", "phase"),
    [
        (SectionType.ELECTION_KEYS, Phase.SETUP),
        (SectionType.DEVICE, Phase.SEALED),
        (SectionType.CONTEST_DATA_REQUESTS, Phase.AGGREGATED),
        (SectionType.UNCAST_NONCE_RELEASES, Phase.FINAL),
    ],
)
def test_phases(kind: SectionType, phase: Phase) -> None:
    assert Section(kind).phase is phase


def test_pseudo_sections_have_no_phase() -> None:
    with pytest.raises(ValueError, match="outside every phase"):
        _ = Section(SectionType.TOC).phase


def test_places_are_told_as_people_say_them() -> None:
    assert DEVICE.place(0) == f"device {H_DI.hex()} header"
    assert DEVICE.place(17) == f"device {H_DI.hex()} ballot 17"
    assert Section(SectionType.GUARDIANS).place(0) == "guardians item 1"


def test_a_device_needs_a_whole_hash() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        device_section(1, bytes(31))


def test_what_a_record_of_a_phase_must_hold() -> None:
    setup = [Section(kind) for kind in REQUIRED if Section(kind).phase is Phase.SETUP]
    assert phase_reached([]) is None
    assert phase_reached(setup) is Phase.SETUP
    assert check_presence(setup, Phase.SETUP) == []
    codes = {(one.code, one.where) for one in check_presence([*setup[1:], DEVICE], Phase.SEALED)}
    assert codes == {("R.structure", "header"), ("R.structure", "device_attestations")}
    early = check_presence([*setup, DEVICE], Phase.SETUP)
    assert [(one.code, one.where) for one in early] == [("R.structure", DEVICE.title)]
    assert "phase sealed, after setup" in early[0].message

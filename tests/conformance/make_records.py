"""Makes the records that are kept under `records/`: valid ones, and broken ones named after their defect.

They are kept so that a later verifier is held to what an earlier one said of the very same bytes. To make them
anew, from the folder of the tests:  python -m conformance.make_records
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from amarvote.electionguard.hashing import element_bytes
from amarvote.electionguard.parameters import P
from amarvote.record import egrf_pb2 as pb
from amarvote.record.convert import convert_record
from amarvote.record.reader import open_record
from amarvote.record.sections import Carrier
from conformance import provers
from conformance.elections import Election, elements, number, set_up
from conformance.mutations import flip, replaced
from conformance.record_files import stored, toc_of, write_stored
from conformance.statements import attest_everything, sign

RECORDS = Path(__file__).parent / "records"
INDEX = RECORDS / "index.json"

QUESTION = {"id": "question", "choices": ["yes", "no"], "contestDataBlocks": 1}
STYLE = {"id": "all", "contestIds": ["question"]}


def small(chaining_mode: int = 1) -> Election:
    """Two guardians, one device, three ballots (cast, challenged, spoiled), one opened contest data."""
    e = set_up(chaining_mode, n=2, k=2, contests=[QUESTION], styles=[STYLE])
    votes = {"question": {"yes": 1}}
    e.add_device(
        "hall",
        [
            e.encrypt("all", votes, weight=2, text="Hedy"),
            e.encrypt("all", {}, status=pb.BALLOT_STATUS_CHALLENGED),
            e.encrypt("all", votes, status=pb.BALLOT_STATUS_SPOILED),
        ],
    )
    e.aggregate()
    e.request_contest_data(e.device("hall").locator(1), e.device("hall").ballots[0], 1)
    e.finish()
    return e


def valid_chained(root: Path) -> None:
    sign(attest_everything(small())).write(root)


def valid_unchained(root: Path) -> None:
    small(0).write(root)


def total_altered(root: Path) -> None:
    """One vote more, T made to fit: only the guardians' proof tells."""
    e = small()
    field = e.decrypted[0].fields[1]
    field.tally += 1
    field.encoded_tally = element_bytes(provers.power(e.joint_key, field.tally))
    e.write(root)


def two_votes_where_one_is_allowed(root: Path) -> None:
    e = small()
    ballot = e.device("hall").ballots[0]
    secret, contest = ballot.contests[1], ballot.contest(1)
    secret.values[0] = 2
    alpha, beta = provers.encrypt(e.joint_key, 2, secret.nonces[0])
    contest.fields[0].alpha, contest.fields[0].beta = element_bytes(alpha), element_bytes(beta)
    e.prove_option(ballot, 1, 1)
    e.prove_limit(ballot, 1)
    ballot.rehash()
    e.device("hall").rechain(e.keys.h_e)
    e.aggregate()
    e.finish()
    e.write(root)


def negated_alpha_with_proofs_that_hold(root: Path) -> None:
    e = small()
    ballot = e.device("hall").ballots[2]
    field = ballot.contest(1).fields[0]
    field.alpha = element_bytes(P - number(field.alpha))
    e.prove_option(ballot, 1, 1, provers.all_even)
    e.prove_limit(ballot, 1, provers.all_even)
    ballot.rehash()
    e.device("hall").rechain(e.keys.h_e)
    e.finish()
    e.write(root)


def last_ballot_dropped(root: Path) -> None:
    e = small()
    del e.device("hall").ballots[-1]
    e.write(root)


def identifier_twice(root: Path) -> None:
    e = small()
    hall = e.device("hall")
    hall.ballots.append(e.encrypt("all", {}, id_b=hall.ballots[0].message.id_b))
    hall.rechain(e.keys.h_e)
    e.aggregate()
    e.finish()
    e.write(root)


def cast_ballot_relabelled_as_challenged(root: Path) -> None:
    e = small()
    message = e.device("hall").ballots[0].message
    message.status = pb.BALLOT_STATUS_CHALLENGED
    message.ballot_ref = "challenge:" + "00" * 32
    e.requests.clear()
    e.aggregate()
    e.finish()
    e.write(root)


def challenged_ballot_not_opened(root: Path) -> None:
    e = small()
    e.openings.clear()
    e.write(root)


def rogue_guardian_key(root: Path) -> None:
    """Guardian 2 shows a key that cancels guardian 1's: the joint key is one that it knows alone."""
    e = small()
    key = e.guardians[1]
    first = elements(e.guardians[0].vote_commitments)[0]
    rogue = provers.power(first, -1) * provers.power(provers.G, e.polynomials[1][0]) % P
    key.vote_commitments = replaced(key.vote_commitments, 0, element_bytes(rogue))
    e.prove_guardian(key, 2)
    e.secret = e.polynomials[1][0]
    e.make_keys()
    e.devices, e.requests = [], []
    e.add_device("hall", [e.encrypt("all", {"question": {"no": 1}})])
    e.aggregate()
    e.finish()
    e.write(root)


def extended_hash_of_another_election(root: Path) -> None:
    e = small()
    e.keys.h_e = flip(e.keys.h_e)
    e.write(root)


def claimed_root_of_another_tally(root: Path) -> None:
    e = small()
    toc = toc_of(stored(e.sections()))
    e.decrypted = [e.decrypt_contest(e.tally[0])]
    write_stored(root, stored(e.sections()), toc)


def ballot_that_is_not_canonical(root: Path) -> None:
    items = stored(small().sections())
    device = next(key for key in items if key[0] == 0x0101)
    items[device][1] += b"\x98\x06\x01"
    write_stored(root, items)


def file_that_breaks_off(root: Path) -> None:
    small().write(root)
    path = root / "final/decrypted_tally.binpb"
    path.write_bytes(path.read_bytes()[:-40])


Kept = tuple[Callable[[Path], None], Carrier, bool, list[str]]
"""How a record is made, its carrier, whether it is an archive, and the codes that must be found."""

BINPB, JSONL = Carrier.PROTOBUF, Carrier.JSON_LINES
KEPT: tuple[Kept, ...] = (
    (valid_chained, BINPB, False, []),
    (valid_chained, JSONL, True, []),
    (valid_unchained, JSONL, False, []),
    (valid_unchained, BINPB, True, []),
    (total_altered, BINPB, True, ["10.B"]),
    (two_votes_where_one_is_allowed, BINPB, True, ["6.D", "7.D"]),
    (negated_alpha_with_proofs_that_hold, BINPB, True, ["6.A", "7.A"]),
    (last_ballot_dropped, BINPB, True, ["8.G", "8.structure"]),
    (identifier_twice, BINPB, True, ["5.A"]),
    (cast_ballot_relabelled_as_challenged, BINPB, True, ["13.structure"]),
    (challenged_ballot_not_opened, JSONL, True, ["13.structure"]),
    (rogue_guardian_key, BINPB, True, ["2.C"]),
    (extended_hash_of_another_election, BINPB, True, ["4.A"]),
    (claimed_root_of_another_tally, BINPB, True, ["R.root"]),
    (ballot_that_is_not_canonical, BINPB, True, ["R.encoding"]),
    (file_that_breaks_off, BINPB, True, ["R.container", "R.root"]),
)


def pack(source: Path, target: Path) -> None:
    """The files of a record as they are, however broken, in an archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(source).as_posix())


def main() -> None:
    """Write every record and the index of what must be found in each."""
    shutil.rmtree(RECORDS, ignore_errors=True)
    RECORDS.mkdir()
    index = {}
    with tempfile.TemporaryDirectory() as folder:
        for make, carrier, archive, codes in KEPT:
            source = Path(folder) / make.__name__
            if not source.exists():
                make(source)
            name = make.__name__.replace("_", "-") + f".{carrier.value}" + (".zip" if archive else "")
            if archive and carrier is BINPB:
                pack(source, RECORDS / name)
            elif carrier is not BINPB:
                with open_record(source) as record:
                    convert_record(record, RECORDS / name, carrier, archive=archive)
            else:
                shutil.copytree(source, RECORDS / name)
            index[name] = codes
    INDEX.write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()

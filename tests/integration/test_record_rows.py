"""The files of a record as rows, on both databases: which writing is complete, any piece of a file."""

import pytest
from sqlalchemy.exc import IntegrityError

from amarvote.pipeline import record_files
from amarvote.pipeline.computing.asking import ParentKeeps
from amarvote.pipeline.record_files import TOC, Writing, complete, find, listed, read_piece, store_file
from amarvote.record.sections import Phase
from staging.rows import add_election

PATHS = [
    "aggregated/encrypted_tally.binpb",
    "devices/regular-0a/00000000.binpb",
    "devices/regular-A0/00000000.binpb",
]
BYTES = bytes(range(256)) * 20


@pytest.fixture
def database(both):
    for name in ("one", "other"):
        add_election(both, name, "publish", [(0, 1)])
    return both


def write(database, number, through, *paths, election="one"):
    with database.write() as connection:
        for path in paths:
            data = f"{election} {number} {through} {path} ".encode() + BYTES
            store_file(connection, Writing(election, number, through), path, data)


def paths_of(database, writing, **page):
    with database.read() as connection:
        return [row.path for row in listed(connection, writing, page.get("after", ""), page.get("most", 100))]


def newest(database, through, election="one"):
    with database.read() as connection:
        found = complete(connection, election, through)
    return None if found is None else found.number


def test_a_writing_is_complete_through_a_phase_once_its_contents_are_there(database):
    write(database, 1, Phase.SETUP, "setup/header.binpb")
    assert newest(database, Phase.SETUP) is None
    write(database, 1, Phase.SETUP, TOC)
    write(database, 1, Phase.SEALED, *PATHS[1:])
    assert (newest(database, Phase.SETUP), newest(database, Phase.AGGREGATED)) == (1, None)
    write(database, 1, Phase.AGGREGATED, TOC, PATHS[0])
    write(database, 1, Phase.FINAL, TOC)
    write(database, 2, Phase.SETUP, "setup/header.binpb")
    assert newest(database, Phase.FINAL) == 1
    write(database, 2, Phase.FINAL, TOC)
    assert [newest(database, phase) for phase in (Phase.SETUP, Phase.AGGREGATED, Phase.FINAL)] == [1, 1, 2]
    assert newest(database, Phase.FINAL, "other") is None


def test_a_reader_sees_the_phases_up_to_its_own_and_one_table_of_contents(database):
    write(database, 1, Phase.SETUP, "setup/header.binpb", TOC)
    write(database, 1, Phase.SEALED, *PATHS[1:])
    write(database, 1, Phase.AGGREGATED, PATHS[0], TOC)
    write(database, 1, Phase.FINAL, "final/decrypted_tally.binpb", TOC)
    write(database, 2, Phase.FINAL, "final/decrypted_tally.binpb")
    write(database, 1, Phase.SETUP, "setup/header.binpb", election="other")
    setup = Writing("one", 1, Phase.SETUP)
    assert paths_of(database, setup) == ["setup/header.binpb", TOC]
    aggregated = paths_of(database, Writing("one", 1, Phase.AGGREGATED))
    assert sorted(aggregated) == sorted(["setup/header.binpb", TOC, *PATHS])
    with database.read() as connection:
        assert find(connection, setup, PATHS[0]) is None
        contents = [
            read_piece(connection, Writing("one", 1, phase), TOC, 0, 5000) for phase in Phase if phase != 2
        ]
        assert find(connection, Writing("one", 2, Phase.FINAL), TOC) is None
    assert [data.split()[2] for data in contents] == [b"1", b"3", b"4"]


def test_pages_in_the_databases_own_order_leave_nothing_out(database):
    write(database, 1, Phase.AGGREGATED, *PATHS, TOC)
    writing = Writing("one", 1, Phase.AGGREGATED)
    pages, after = [], ""
    while page := paths_of(database, writing, after=after, most=1):
        pages += page
        after = page[-1]
    assert pages == paths_of(database, writing)
    assert sorted(pages) == sorted([*PATHS, TOC])


@pytest.mark.parametrize(
    ("offset", "size"), [(0, 1), (0, 10**9), (7, 13), (4000, 5000), (10**6, 5), (2**30, 5), (3, 0)]
)
def test_any_piece_of_a_file(database, monkeypatch, offset, size):
    monkeypatch.setattr(record_files, "LARGEST_PIECE", 3000)
    write(database, 1, Phase.SEALED, PATHS[1])
    data = f"one 1 {Phase.SEALED} {PATHS[1]} ".encode() + BYTES
    with database.read() as connection:
        piece = read_piece(connection, Writing("one", 1, Phase.FINAL), PATHS[1], offset, size)
    assert piece == data[offset : offset + min(size, 3000)]


def test_a_file_is_stored_once(database):
    write(database, 1, Phase.SEALED, PATHS[1])
    with pytest.raises(IntegrityError):
        write(database, 1, Phase.SEALED, PATHS[1])


def test_what_a_child_asks_for(database):
    write(database, 1, Phase.SETUP, TOC)
    write(database, 1, Phase.FINAL, PATHS[0], TOC)

    def ask(wanted):
        with database.read() as connection:
            return record_files.give(connection, wanted)

    parent = ParentKeeps(ask, "one", 1)
    files = dict(parent.listing(""))
    assert set(files) == {PATHS[0], TOC}
    assert parent.listing("zzz") == []
    whole = parent.read(PATHS[0], 0, files[PATHS[0]])
    assert len(whole) == files[PATHS[0]]
    assert parent.read(PATHS[0], 4, 3) == whole[4:7]
    assert parent.read(PATHS[1], 0, 3) == b""

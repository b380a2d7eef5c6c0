"""Rule 3: whoever has all of the database after the close, system columns and places, joins no voter and ballot.

The election is only rows, without cryptography, so that there can be many; whatever changes rows is the service's
own code. Each attack is first shown to work where the rows are not written anew yet.
"""

import hashlib
import random
import secrets
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, insert, select, update

from amarvote.electionguard.confirmation import device_hash
from amarvote.pipeline import chunks as life
from amarvote.pipeline import freezing, phases, sequencing, settling, states
from amarvote.pipeline.accepting import NAME as ACCEPT
from amarvote.pipeline.chunks import NewChunk
from amarvote.pipeline.settings import DEFAULTS
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import ballot_items, ballots, devices, elections, roll
from staging.whole_database import elsewhere, seen

VOTERS = 240
CHUNK = 10
ELECTION = "a" * 32


class Voted:
    """An election in which all voters but ten voted, one after the other; who cast what is known here."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.truth: dict[bytes, bytes] = {}
        """token hash -> id_b"""
        tokens = [hashlib.sha256(secrets.token_bytes(32)).digest() for _ in range(VOTERS)]
        with database.write() as connection:
            self._election(connection)
            for number, token in zip(random.sample(range(VOTERS), VOTERS), tokens, strict=True):
                entry = {"token_hash": token, "voter": f"register {number:04}", "style": "all", "weight": 1}
                free = {"state": "free", "challenged": 0}
                connection.execute(insert(roll).values(election_id=ELECTION, **entry, **free))
        self.came = tokens[:-10]  # as they were entered: tokens may be issued to those who come
        for first in range(0, len(self.came), CHUNK):
            some = self.came[first : first + CHUNK]
            for token in some:
                self._submit(token)
            self.before_settling(some)
            self._settle(first // CHUNK)

    def _election(self, connection: Connection) -> None:
        connection.execute(
            insert(elections).values(
                id=ELECTION,
                title="rows",
                state=states.CLOSING,
                paused=False,
                n=1,
                k=1,
                chaining_mode=0,
                minimum_group=0,
                manifest=b"{}",
                h_e=bytes(32),
            )
        )
        for number in (1, 2):
            connection.execute(
                insert(devices).values(
                    election_id=ELECTION,
                    number=number,
                    chain=1,
                    name=f"device-{number}",
                    device_string=f"rows, device-{number}",
                    h_di=device_hash(bytes(32), f"rows, device-{number}"),
                    remote=False,
                    closed=False,
                    stored=0,
                    settled=0,
                )
            )
        self.accept = phases.begin(connection, ELECTION, ACCEPT)
        sequencing.begin(connection, ELECTION)
        self.devices = list(connection.execute(select(devices.c.id)).scalars())

    def _submit(self, token: bytes) -> None:
        """As `submission` does it: one transaction reserves the token and stores the ballot."""
        id_b, number = secrets.token_bytes(32), secrets.randbits(63)
        self.truth[token] = id_b
        with self.database.write() as connection:
            own = (roll.c.election_id == ELECTION) & (roll.c.token_hash == token)
            connection.execute(update(roll).where(own).values(state="reserved"))
            connection.execute(
                insert(ballots).values(
                    number=number,
                    election_id=ELECTION,
                    device_id=random.choice(self.devices),
                    id_b=id_b,
                    state="submitted",
                    status=settling.CAST,
                    style="all",
                    weight=1,
                    confirmation_code=secrets.token_bytes(32),
                    leaf=secrets.token_bytes(32),
                    submission=secrets.token_bytes(32),
                    item_bytes=64,
                    commitment_bytes=0,
                    token_hash=token,
                    submitted_at=now(),
                )
            )
            connection.execute(insert(ballot_items).values(number=number, item=secrets.token_bytes(64)))

    def before_settling(self, tokens: list[bytes]) -> None:
        """The link is there while a ballot is checked: the search below finds it."""
        if tokens[0] != self.came[0]:
            return
        assert ("ballots", "token_hash") in elsewhere(self.database, set(tokens))

    def _settle(self, ordinal: int) -> None:
        with self.database.write() as connection:
            (chunk_id,) = life.add(connection, self.accept, [NewChunk(0, CHUNK)])
            submitted = connection.execute(select(ballots).where(ballots.c.state == "submitted")).all()
            connection.execute(update(ballots).where(ballots.c.state == "submitted").values(chunk_id=chunk_id))
            settling.settle(connection, [(ballot, []) for ballot in submitted])
        with self.database.write() as connection:
            sequencing.complete(connection, ELECTION)

    def freeze(self) -> None:
        with self.database.write() as connection:
            election = life.election_row(connection, ELECTION)
            freezing.freeze(connection, DEFAULTS, election)


KEYS = ("token_hash", "id_b")


def view(database: Database, table: Table) -> list[dict[str, object]]:
    with database.read() as connection:
        return seen(connection, table)


def varying(rows: list[dict[str, object]]) -> set[str]:
    """The columns that tell rows apart."""
    return {name for name in rows[0] if len({str(row[name]) for row in rows}) > 1}


def alike(first: list[object], second: list[object]) -> float:
    """Spearman's rank correlation."""
    count = len(first)
    places = []
    for values in (first, second):
        rank = {value: at for at, value in enumerate(sorted(values))}  # type: ignore[type-var]
        places.append([rank[value] for value in values])
    squares = sum((a - b) ** 2 for a, b in zip(*places, strict=True))
    return 1 - 6 * squares / (count * (count**2 - 1))


def by_order(
    voted: Voted, of_roll: list[dict[str, object]], of_ballots: list[dict[str, object]]
) -> Iterator[tuple[str, str, float]]:
    """How alike voters and their own ballots are ordered, by every pair of columns that puts each in an order."""
    ballot = {row["id_b"]: row for row in of_ballots}
    pairs = [(row, ballot[voted.truth[row["token_hash"]]]) for row in of_roll if row["token_hash"] in voted.truth]  # type: ignore[index]
    for left, right in product(of_roll[0], of_ballots[0]):
        a, b = [one[left] for one, _ in pairs], [other[right] for _, other in pairs]
        kinds = {type(value) for value in a}, {type(value) for value in b}
        if len(set(a)) == len(a) and len(set(b)) == len(b) and len(kinds[0]) == len(kinds[1]) == 1:
            yield left, right, alike(a, b)


def by_value(of_roll: list[dict[str, object]], of_ballots: list[dict[str, object]]) -> set[tuple[str, str]]:
    """Pairs of columns that tell rows apart and share a value."""
    return {
        (left, right)
        for left, right in product(
            varying(of_roll) - {"order", "sys_ctid"}, varying(of_ballots) - {"order", "sys_ctid"}
        )
        if {str(row[left]) for row in of_roll} & {str(row[right]) for row in of_ballots}
    }


LIMIT = 6 / (VOTERS - 10 - 1) ** 0.5
"""Six standard deviations of the rank correlation of independent orders: one such in a billion by chance."""


@pytest.fixture
def voted(both: Database) -> Voted:
    return Voted(both)


def test_the_attacks_work_before_the_close(voted: Voted) -> None:
    """On PostgreSQL transaction ids tell who was settled together; SQLite keeps none, see the test of its file."""
    rows = view(voted.database, roll), view(voted.database, ballots)
    joined = by_value(*rows)
    if voted.database.url.startswith("postgresql"):
        assert ("sys_xmin", "sys_xmin") in joined
        written = [{row[key]: str(row["sys_xmin"]) for row in of} for of, key in zip(rows, KEYS, strict=True)]
        # of 230 ballots only ten can be a voter's, and the voter's own is among them
        assert all(written[0][token] == written[1][id_b] for token, id_b in voted.truth.items())
        assert len(set(written[1].values())) == len(voted.truth) // CHUNK
        # and the places of rows follow the order in which they came
        assert max(abs(strength) for _, _, strength in by_order(voted, *rows)) > LIMIT
    else:
        assert joined == set()


def test_after_the_close_nothing_joins_voter_and_ballot(voted: Voted) -> None:
    voted.freeze()
    of_roll, of_ballots = view(voted.database, roll), view(voted.database, ballots)
    # exactly: what tells voters apart is their name and token, whether they voted, and the place of the row
    assert varying(of_roll) - {"sys_ctid"} == {"token_hash", "voter", "state", "order"}
    assert {row["state"] for row in of_roll} == {"spent", "free"}
    assert sum(row["state"] == "spent" for row in of_roll) == len(voted.truth)
    # names and tokens stand nowhere else in the database, nor did anything of the ballots enter them
    assert elsewhere(voted.database, {bytes(row["token_hash"]) for row in of_roll}) == set()  # type: ignore[call-overload]
    assert by_value(of_roll, of_ballots) == set()
    # and the places are drawn
    found = list(by_order(voted, of_roll, of_ballots))
    assert {("order", "order"), ("order", "number")} <= {(left, right) for left, right, _ in found}
    for left, right, strength in found:
        assert abs(strength) < LIMIT, (left, right)


def test_one_transaction_wrote_all_rows(voted: Voted) -> None:
    voted.freeze()
    for table in (roll, ballots):
        rows = view(voted.database, table)
        assert varying(rows) & {"sys_xmin", "sys_xmax", "sys_cmin", "sys_cmax"} == set()
    with voted.database.read() as connection:
        assert "token_hash" in varying(seen(connection, roll))
        kept = connection.execute(select(ballots.c.token_hash, ballots.c.submitted_at)).all()
    assert {tuple(row) for row in kept} == {(None, None)}


def places_in(file: bytes, value: bytes) -> list[int]:
    found, at = [], file.find(value)
    while at >= 0:
        found.append(at)
        at = file.find(value, at + 1)
    return found


def test_the_bytes_of_an_sqlite_file_say_no_more(tmp_path: Path) -> None:
    """Old versions of rows are overwritten with zeros, and new ones lie where chance put them."""
    database = Database(f"sqlite:///{tmp_path / 'rows.db'}")
    database.create_schema()
    voted = Voted(database)
    voted.freeze()
    with database._engine.connect() as connection:  # outside any transaction
        connection.exec_driver_sql("COMMIT")
        assert connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] == 0
    database.close()
    file = (tmp_path / "rows.db").read_bytes()
    tokens = {token: places_in(file, token) for token in voted.truth}
    # its row, and the index of voters' names
    assert {len(places) for places in tokens.values()} == {2}
    for pick in (min, max):
        by_token = [pick(tokens[token]) for token in voted.truth]
        for choose in (min, max):
            by_ballot = [choose(places_in(file, id_b)) for id_b in voted.truth.values()]
            assert abs(alike(by_token, by_ballot)) < LIMIT  # type: ignore[arg-type]
            came = {token: at for at, token in enumerate(voted.came)}
            assert abs(alike(by_token, [came[token] for token in voted.truth])) < LIMIT  # type: ignore[arg-type]

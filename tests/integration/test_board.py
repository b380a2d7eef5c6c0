"""The board on both databases: batches, proofs under signed checkpoints, and a signer that signs one history."""

import base64
import hashlib
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from amarvote.board.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from amarvote.board.notes import Signer
from amarvote.board.tree import verify_consistency, verify_inclusion
from amarvote.elections import board_desk
from amarvote.elections.errors import Conflict, NotFound, Unprocessable
from amarvote.elections.service import Service, service_of
from amarvote.participants.files import HomeError
from amarvote.pipeline import sequencing
from amarvote.record.merkle import leaf, root_of
from amarvote.signer import agent, home
from amarvote.signer.home import Home, SignerError
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import board_entries, board_waiting, boards, checkpoints, elections, tokens
from staging.rows import add_election
from staging.signing import Direct
from staging.stage import QUICK

ELECTION = "0c" * 16


def codes(count: int, first: int = 0) -> list[bytes]:
    return [hashlib.sha256(b"code %d" % number).digest() for number in range(first, first + count)]


@pytest.fixture
def service(both: Database) -> Service:
    """An election that is only rows, with an empty board."""
    add_election(both, ELECTION, "accept", [])
    with both.write() as connection:
        connection.execute(update(elections).values(state="open"))
        sequencing.begin(connection, ELECTION)
    return service_of(both, ELECTION, QUICK)


def accept(service: Service, some: list[bytes]) -> None:
    with service.database.write() as connection:
        sequencing.wait(connection, ELECTION, some)


def append(service: Service) -> None:
    with service.database.write() as connection:
        sequencing.complete(connection, ELECTION)


def on_board(service: Service) -> list[bytes]:
    data = board_desk.codes(service, 0, 10_000)
    return [data[at : at + 32] for at in range(0, len(data), 32)]


@pytest.fixture
def signing(service: Service, tmp_path: Path) -> Home:
    """A signer that the election has named."""
    verifier = home.create(tmp_path / "signer", "board.example.org")
    board_desk.name_signer(service, str(verifier))
    return Home(tmp_path / "signer")


def test_each_batch_is_sorted_and_stays_where_it_is(service: Service) -> None:
    first, second = codes(20), codes(20, first=20)
    accept(service, first)
    append(service)
    assert on_board(service) == sorted(first)
    accept(service, second)
    append(service)
    assert on_board(service) == sorted(first) + sorted(second)
    head = board_desk.head(service)
    assert head["size"] == 40
    assert base64.b64decode(head["root"]) == root_of(map(leaf, sorted(first) + sorted(second)))
    with service.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(board_waiting)).scalar_one() == 0


def test_a_board_is_extended_once_in_a_while(service: Service) -> None:
    slow = QUICK.__class__(board_seconds=3600.0)
    accept(service, codes(3))
    with service.database.write() as connection:
        sequencing.extend(connection, slow, ELECTION)
    assert on_board(service) == []
    with service.database.write() as connection:
        connection.execute(update(boards).values(extended_at=now() - 3601.0))
        sequencing.extend(connection, slow, ELECTION)
        before = connection.execute(select(boards.c.extended_at)).scalar_one()
        sequencing.extend(connection, slow, ELECTION)  # nothing waits: nothing is written
        assert connection.execute(select(boards.c.extended_at)).scalar_one() == before
    assert len(on_board(service)) == 3


def test_any_number_of_sequencers_make_one_board(service: Service) -> None:
    """Six at once while codes go on arriving: every code once, no gap, the root of what is there."""
    settings = QUICK.__class__(board_seconds=0.0)
    some = codes(300)
    problems: list[Exception] = []

    def arrive() -> None:
        for at in range(0, 300, 10):
            accept(service, some[at : at + 10])

    def sequence() -> None:
        try:
            for _ in range(40):
                with service.database.write() as connection:
                    sequencing.extend(connection, settings, ELECTION)
        except Exception as problem:  # noqa: BLE001 - told below
            problems.append(problem)

    threads = [threading.Thread(target=arrive), *(threading.Thread(target=sequence) for _ in range(6))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    append(service)
    assert problems == []
    assert sorted(on_board(service)) == sorted(some)
    head = board_desk.head(service)
    assert (head["size"], base64.b64decode(head["root"])) == (300, root_of(map(leaf, on_board(service))))
    with service.database.read() as connection:
        positions = connection.execute(select(board_entries.c.position).order_by(board_entries.c.position))
        assert list(positions.scalars()) == list(range(300))


def test_a_code_is_proven_once_it_is_signed(service: Service, signing: Home) -> None:
    some = codes(600)
    accept(service, some[:300])
    append(service)
    with pytest.raises(NotFound, match="not on the board under a signed checkpoint"):
        board_desk.proof(service, some[0])
    agent.step(Direct(service), signing)
    earlier = open_checkpoint(board_desk.latest_checkpoint(service), signing.signer.verifier)
    accept(service, some[300:])
    append(service)
    with pytest.raises(NotFound):
        board_desk.proof(service, some[300])
    agent.step(Direct(service), signing)
    for code in (some[0], some[299], some[300], some[599]):
        proof = board_desk.proof(service, code)
        checkpoint = open_checkpoint(proof["checkpoint"], signing.signer.verifier)
        assert (checkpoint.election, checkpoint.size) == (ELECTION, 600)
        path = [base64.b64decode(one) for one in proof["path"]]
        verify_inclusion(leaf(code), proof["index"], checkpoint.size, path, checkpoint.root)
    path = [base64.b64decode(one) for one in board_desk.consistency(service, 300, 600)["path"]]
    verify_consistency(300, earlier.root, 600, checkpoint.root, path)
    for first, second in ((0, 5), (6, 5), (5, 601)):
        with pytest.raises(Unprocessable, match="size of the board"):
            board_desk.consistency(service, first, second)


def test_a_lost_answer_and_a_crash_cost_the_signer_nothing(service: Service, signing: Home) -> None:
    accept(service, codes(5))
    append(service)
    asked = Direct(service)
    asked.lost = 1
    with pytest.raises(ConnectionError):
        agent.step(asked, signing)
    kept = signing.last(ELECTION)
    assert kept is not None
    accept(service, codes(5, first=5))  # the board goes on meanwhile
    append(service)
    again = Home(signing.path)
    agent.step(asked, again)
    assert board_desk.head(service)["signed"] == 10
    agent.step(asked, again)
    with service.database.read() as connection:
        assert list(connection.execute(select(checkpoints.c.size)).scalars()) == [10]


def test_a_board_that_lost_codes_is_not_signed_again(service: Service, signing: Home) -> None:
    """As after a database was restored from an older backup."""
    accept(service, codes(5))
    append(service)
    agent.step(Direct(service), signing)
    with service.database.write() as connection:
        connection.execute(delete(board_entries).where(board_entries.c.position == 4))
        hashes = sequencing.kept_hashes(connection, ELECTION)
        shorter = sequencing.tree.root(hashes, 4)
        connection.execute(update(boards).values(size=4, root=shorter))
    with pytest.raises(SignerError, match="shows 4 codes, and 5 were signed"):
        agent.step(Direct(service), signing)


def test_a_board_with_another_history_is_not_signed(service: Service, signing: Home) -> None:
    accept(service, codes(5))
    append(service)
    agent.step(Direct(service), signing)
    with service.database.write() as connection:
        own = board_entries.c.position == 2
        connection.execute(update(board_entries).where(own).values(code=bytes(32)))
        root = sequencing.tree.root(sequencing.kept_hashes(connection, ELECTION), 5)
        connection.execute(update(boards).values(root=root))
    with pytest.raises(SignerError, match="history was changed"):
        agent.step(Direct(service), signing)
    accept(service, codes(9, first=5))
    append(service)
    with pytest.raises(SignerError, match="history was changed"):
        agent.step(Direct(service), signing)
    assert board_desk.head(service)["signed"] == 5


def test_only_the_named_key_signs_and_only_this_board(service: Service, signing: Home) -> None:
    accept(service, codes(5))
    append(service)
    good = Checkpoint(ELECTION, 5, root_of(map(leaf, on_board(service))), 1)
    other = Signer.generate("board.example.org")
    for refusal, note in (
        (Unprocessable, sign_checkpoint(good, other)),
        (Unprocessable, "no note"),
        (Unprocessable, "x" * 20_000),
        (Conflict, sign_checkpoint(Checkpoint("0d" * 16, 5, good.root, 1), signing.signer)),
        (Conflict, sign_checkpoint(Checkpoint(ELECTION, 6, good.root, 1), signing.signer)),
        (Conflict, sign_checkpoint(Checkpoint(ELECTION, 0, root_of([]), 1), signing.signer)),
        (Conflict, sign_checkpoint(Checkpoint(ELECTION, 5, bytes(32), 1), signing.signer)),
    ):
        with pytest.raises(refusal):
            board_desk.put_checkpoint(service, note.encode())
    with pytest.raises(NotFound, match="No checkpoint"):
        board_desk.latest_checkpoint(service)
    note = sign_checkpoint(good, signing.signer)
    board_desk.put_checkpoint(service, note.encode())
    board_desk.put_checkpoint(service, note.encode())
    assert board_desk.latest_checkpoint(service) == note


def test_another_signer_takes_over(service: Service, signing: Home) -> None:
    accept(service, codes(5))
    append(service)
    agent.step(Direct(service), signing)
    second = Signer.generate("second.example.org")
    board_desk.name_signer(service, str(second.verifier))
    with service.database.read() as connection:
        revoked = connection.execute(select(tokens.c.revoked_at.is_not(None)).order_by(tokens.c.id)).scalars()
        assert list(revoked) == [True, False]
    accept(service, codes(5, first=5))
    append(service)
    with pytest.raises(Unprocessable, match=r"0 signatures of second\.example\.org"):
        agent.step(Direct(service), signing)
    with pytest.raises(Unprocessable, match="NAME"):
        board_desk.name_signer(service, "board.example.org")


def test_the_signer_ends_with_the_board(service: Service, signing: Home) -> None:
    accept(service, codes(5))
    append(service)
    with service.database.write() as connection:
        connection.execute(update(elections).values(state="counting"))
    agent.run(Direct(service), signing)
    assert board_desk.head(service)["signed"] == 5


def test_an_election_without_a_signer_takes_no_checkpoint(service: Service) -> None:
    with pytest.raises(Conflict, match="No signer is named"):
        board_desk.put_checkpoint(service, b"x")


def test_a_home_is_made_once_and_kept_private(tmp_path: Path) -> None:
    verifier = home.create(tmp_path / "signer", "board.example.org")
    key = tmp_path / "signer" / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert Home(tmp_path / "signer").signer.verifier == verifier
    with pytest.raises(HomeError, match="there already"):
        home.create(tmp_path / "signer", "board.example.org")
    key.chmod(0o640)
    with pytest.raises(HomeError, match="Others can read"):
        Home(tmp_path / "signer")
    key.chmod(0o600)
    key.write_text("something else")
    with pytest.raises(HomeError, match="not a file of a signer's private key"):
        Home(tmp_path / "signer")
    with pytest.raises(HomeError, match="without spaces"):
        home.create(tmp_path / "other", "board example")


def test_a_damaged_memory_is_not_passed_over(service: Service, signing: Home) -> None:
    """Without what it signed last the signer might sign a second history."""
    accept(service, codes(5))
    append(service)
    agent.step(Direct(service), signing)
    (signing.path / f"signed-{ELECTION}").write_text("")
    with pytest.raises(HomeError, match="two histories might be signed"):
        agent.step(Direct(service), signing)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"election": "../../x", "size": 1, "root": base64.b64encode(bytes(32)).decode()},
        {"election": "../../x", "size": 1, "root": "AA==", "time": 1, "signed": 0, "final": False},
        {"election": ELECTION, "size": True, "root": base64.b64encode(bytes(32)).decode(), "time": 1, "signed": 0,
         "final": False},
    ],
)  # fmt: skip
def test_a_head_that_is_none_is_refused(answer: object) -> None:
    with pytest.raises(SignerError, match="head of the board is none"):
        agent.read_head(answer)


def test_an_election_cannot_name_a_file(signing: Home) -> None:
    with pytest.raises(SignerError, match="32 hex digits"):
        signing.last("../../etc/passwd")


def test_an_unknown_code_is_said(service: Service) -> None:
    with pytest.raises(NotFound, match="No ballot"):
        board_desk.of_code(service, bytes(32))
    with service.database.write() as connection:
        connection.execute(insert(board_entries).values(election_id=ELECTION, position=0, code=bytes(32)))
    with pytest.raises(NotFound):
        board_desk.proof(service, bytes(32))

"""Whole ceremonies of three agents over a post office that may be hostile."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from amarvote.electionguard.context import parameter_base_hash
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.key_ceremony import generate_secret, public_key
from amarvote.guardian import key_files, sealing
from amarvote.guardian.ceremony import Ceremony
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.key_files import GuardianKey, KeyFiles
from amarvote.guardian.sealing import Stretching
from amarvote.guardian.telling import Log
from amarvote.participants.service import Refused
from amarvote.record.codec import guardian_item
from guardian_samples import MANIFEST
from post_office import Desk, PostOffice

N, K = 3, 2


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Argon2id with little memory: what it costs is not tested here."""
    monkeypatch.setattr(sealing, "Stretching", lambda **cost: Stretching(19456, 1, 1))


class Guardians:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.office = PostOffice(N, K, MANIFEST.raw)

    def home(self, index: int) -> Path:
        home = self.folder / str(index)
        home.mkdir(exist_ok=True)
        return home

    def files(self, index: int) -> KeyFiles:
        return KeyFiles(self.home(index), b"the passphrase of a guardian")

    def compare(self) -> None:
        """The people: they confirm what all of them see."""
        shown = [self.home(index) / "words" for index in range(1, N + 1)]
        if all(path.exists() for path in shown) and len({path.read_bytes() for path in shown}) == 1:
            for path in shown:
                (path.parent / "confirm").write_bytes(path.read_bytes())

    def one(self, index: int) -> str | None:
        """Run one agent; the words of its refusal."""
        desk = Desk(self.office, index)
        waited = desk.wait
        desk.wait = lambda seconds: (self.compare(), waited(seconds))  # type: ignore[method-assign]
        try:
            Ceremony(desk, index, self.home(index), self.files(index), Log()).run()  # type: ignore[arg-type]
        except GuardianError as refusal:
            return str(refusal)
        except TimeoutError:
            return "waits for the others"
        return None

    def all(self) -> dict[int, str | None]:
        with ThreadPoolExecutor(N) as pool:
            return dict(zip(range(1, N + 1), pool.map(self.one, range(1, N + 1)), strict=True))

    def key(self, index: int) -> GuardianKey:
        key = self.files(index).key()
        assert key is not None
        return key


@pytest.fixture
def guardians(tmp_path) -> Guardians:
    return Guardians(tmp_path)


def culprits(guardians: Guardians) -> set[int]:
    return {json.loads(mail)["culprit"] for key, mail in guardians.office.mail.items() if key[1] == "complain"}


def test_all_end_with_the_same_election_and_shares_of_its_key(guardians):
    assert guardians.all() == {1: None, 2: None, 3: None}
    keys = [guardians.key(index) for index in range(1, N + 1)]
    assert len({(key.h_e, key.h_g) for key in keys}) == 1
    assert len({key.share.vote for key in keys}) == N
    confirmed = {mail for key, mail in guardians.office.mail.items() if key[1] == "confirm"}
    assert confirmed == {json.dumps({"h_e": keys[0].h_e.hex(), "h_g": keys[0].h_g.hex()}).encode()}


def test_run_again_after_a_kill_sends_the_same_bytes(guardians):
    guardians.all()
    sent, key = dict(guardians.office.mail), guardians.key(1)
    assert guardians.all() == {1: None, 2: None, 3: None}  # another byte would have been refused
    assert guardians.office.mail == sent
    assert guardians.key(1).share == key.share


def test_a_replaced_key_is_known_by_its_commitment(guardians):
    rogue = generate_secret(3, K)
    forged = guardian_item(public_key(Engine(6), parameter_base_hash(N, K), rogue))
    guardians.office.tamper = lambda sender, name, part, to, payload: (
        forged if (sender, name) == (3, "key") and to != 3 else payload
    )
    refusals = guardians.all()
    assert "committed to before" in (refusals[1] or "")
    assert culprits(guardians) == {3}


def test_what_is_shown_under_its_own_name_must_be_its_own(guardians):
    guardians.office.tamper = lambda sender, name, part, to, payload: (
        payload[:-1] + bytes((payload[-1] ^ 1,)) if name == "key" and sender == to == 2 else payload
    )
    refusals = guardians.all()
    assert "under this guardian's name" in (refusals[2] or "")
    assert refusals[1] == refusals[3] == "waits for the others"


def test_a_wrong_share_names_its_sender(guardians):
    guardians.office.tamper = lambda sender, name, part, to, payload: (
        payload[:520] + bytes((payload[520] ^ 1,)) + payload[521:]
        if (sender, name, to) == (2, "share", 1)
        else payload
    )
    refusals = guardians.all()
    assert (refusals[1] or "").startswith("Complaint. Guardian 2")
    assert culprits(guardians) == {2}
    assert "has failed" in (refusals[3] or "")


def test_a_share_for_somebody_else_is_refused(guardians):
    """The service gives guardian 1 what guardian 2 sent to guardian 3."""
    office = guardians.office
    office.tamper = lambda sender, name, part, to, payload: (
        office.mail["ceremony", "share", 0, 3, 2] if (sender, name, to) == (2, "share", 1) else payload
    )
    assert "Guardian 2" in (guardians.all()[1] or "")


def test_a_key_without_its_proof_is_refused(guardians):
    """A rogue key: guardian 3 claims a key that it cannot have proven, and commits to it."""
    own = public_key(Engine(6), parameter_base_hash(N, K), generate_secret(3, K))
    item = bytearray(guardian_item(own))
    item[-1] ^= 1  # the last byte of a response

    class Rogue(Ceremony):
        def _own_secret(self, n, k):
            return key_files.CeremonySecret(n, k, generate_secret(3, k), bytes(item))

    def run(index: int) -> str | None:
        if index != 3:
            return guardians.one(index)
        try:
            desk = Desk(guardians.office, 3)
            Rogue(desk, 3, guardians.home(3), guardians.files(3), Log()).run()  # type: ignore[arg-type]
        except GuardianError as refusal:
            return str(refusal)
        return None

    with ThreadPoolExecutor(N) as pool:
        refusals = list(pool.map(run, (1, 2, 3)))
    assert "2.C" in (refusals[0] or "")
    assert culprits(guardians) == {3}


def test_another_election_in_the_key_file_is_refused(guardians):
    secret = generate_secret(1, 1)
    guardians.files(1).keep_ceremony(key_files.CeremonySecret(1, 1, secret, b"key"))
    assert "Start with an empty home" in (guardians.one(1) or "")


def test_the_post_office_refuses_a_second_version():
    office = PostOffice(N, K, MANIFEST.raw)
    desk = Desk(office, 1)
    desk.put("/mail/ceremony/commit/0", b"a", to=0)
    desk.put("/mail/ceremony/commit/0", b"a", to=0)
    with pytest.raises(Refused):
        desk.put("/mail/ceremony/commit/0", b"b", to=0)
    with pytest.raises(Refused):
        desk.get("/mail/ceremony/commit/0", after=0)

import json

import pytest

from amarvote.electionguard.key_ceremony import KeyShare, generate_secret
from amarvote.guardian.errors import GuardianError, WrongPassphrase
from amarvote.guardian.key_files import CeremonySecret, KeyFiles, read_passphrase

PASSPHRASE = b"a passphrase of some length"
SECRET = CeremonySecret(3, 2, generate_secret(2, 2), b"public key")


@pytest.fixture
def files(tmp_path) -> KeyFiles:
    return KeyFiles(tmp_path, PASSPHRASE)


def test_nothing_is_there_at_first(files):
    assert files.ceremony() is None
    assert files.key() is None


def test_the_secrets_of_a_ceremony_come_back_after_a_restart(files, tmp_path):
    files.keep_ceremony(SECRET)
    assert KeyFiles(tmp_path, PASSPHRASE).ceremony() == SECRET
    shown = (tmp_path / "ceremony-key.json").read_text()
    assert not any(f"{value:064x}" in shown for value in SECRET.secret.vote_polynomial)


def test_the_key_pins_its_election_and_outlives_the_ceremony(files, tmp_path):
    files.keep_ceremony(SECRET)
    files.keep_key(KeyShare(2, 5, 7), b"E" * 32, b"G" * 32)
    files.forget_ceremony()
    key = KeyFiles(tmp_path, PASSPHRASE).key()
    assert key is not None
    assert (key.share, key.h_e, key.h_g) == (KeyShare(2, 5, 7), b"E" * 32, b"G" * 32)
    assert len(key.state_key) == 32
    assert files.ceremony() is None
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_another_passphrase_opens_nothing(files, tmp_path):
    files.keep_key(KeyShare(2, 5, 7), b"E" * 32, b"G" * 32)
    with pytest.raises(WrongPassphrase):
        KeyFiles(tmp_path, b"some other passphrase").key()


def test_the_files_cannot_stand_in_for_each_other(files, tmp_path):
    files.keep_ceremony(SECRET)
    (tmp_path / "ceremony-key.json").rename(tmp_path / "key.json")
    with pytest.raises(WrongPassphrase, match="guardian key"):
        files.key()


def test_a_passphrase_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text("a passphrase of some length\n")
    path.chmod(0o644)
    with pytest.raises(GuardianError, match="chmod 600"):
        read_passphrase(path)
    path.chmod(0o600)
    assert read_passphrase(path) == PASSPHRASE


def test_a_secret_never_shows_in_a_repr():
    assert f"{SECRET.secret.zeta}" not in repr(SECRET)
    json.dumps(repr(SECRET))

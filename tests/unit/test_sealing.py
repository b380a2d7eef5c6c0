import json

import pytest

from amarvote.guardian.errors import WrongPassphrase
from amarvote.guardian.sealing import new_key, seal, seal_with_passphrase, unseal, unseal_with_passphrase

PASSPHRASE = b"a passphrase of some length"


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal_with_passphrase(PASSPHRASE, b"the secret", "test")


def test_opens_with_its_passphrase_and_shows_nothing(sealed):
    assert unseal_with_passphrase(PASSPHRASE, sealed, "test") == b"the secret"
    assert b"secret" not in sealed


def test_sealing_twice_gives_different_files(sealed):
    assert seal_with_passphrase(PASSPHRASE, b"the secret", "test") != sealed


@pytest.mark.parametrize("passphrase", [b"another passphrase", PASSPHRASE + b"!", b""])
def test_another_passphrase_is_refused(sealed, passphrase):
    with pytest.raises(WrongPassphrase, match="another passphrase"):
        unseal_with_passphrase(passphrase, sealed, "test")


def test_another_purpose_is_refused(sealed):
    with pytest.raises(WrongPassphrase, match="not a sealed file"):
        unseal_with_passphrase(PASSPHRASE, sealed, "other")


def test_a_purpose_cannot_be_rewritten(sealed):
    file = json.loads(sealed)
    file["purpose"] = "other"
    with pytest.raises(WrongPassphrase, match="does not open"):
        unseal_with_passphrase(PASSPHRASE, json.dumps(file).encode(), "other")


@pytest.mark.parametrize("position", [0, 12, -1])
def test_an_altered_byte_is_refused(position):
    key = new_key()
    sealed = bytearray(seal(key, b"the secret", "test"))
    sealed[position] ^= 1
    with pytest.raises(WrongPassphrase):
        unseal(key, bytes(sealed), "test")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"salt": "not base64!"},
        {"sealed": 3},
        {"argon2id": {"memory_kib": 2**40, "passes": 1, "lanes": 1}},
        {"argon2id": {"memory_kib": 8, "passes": 1, "lanes": 1}},
        {"argon2id": {"memory_kib": 65536}, "salt": None},
    ],
)
def test_a_header_that_is_not_ours_is_refused_before_any_work(sealed, change):
    file = {**json.loads(sealed), **change}
    with pytest.raises(WrongPassphrase, match="not a sealed file"):
        unseal_with_passphrase(PASSPHRASE, json.dumps(file).encode(), "test")


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b"[" * 100_000])
def test_what_is_no_sealed_file_is_refused(data):
    with pytest.raises(WrongPassphrase):
        unseal_with_passphrase(PASSPHRASE, data, "test")


def test_a_short_passphrase_seals_nothing():
    with pytest.raises(WrongPassphrase, match="at least 12"):
        seal_with_passphrase(b"short", b"the secret", "test")


def test_truncated_ciphertext_is_refused():
    key = new_key()
    with pytest.raises(WrongPassphrase):
        unseal(key, seal(key, b"x", "test")[:10], "test")

import os

import pytest

from amarvote.worker.addresses import BROKER, DATABASE, LONGEST, AddressSettingError, address, file_of

URL = "postgresql+psycopg://amarvote:secret@db/amarvote"


@pytest.fixture
def kept(tmp_path):
    """A file for its owner only."""

    def keep(content, mode=0o600):
        path = tmp_path / "url"
        path.write_bytes(content)
        path.chmod(mode)
        return {file_of(DATABASE): str(path)}

    return keep


def test_an_address_is_given_itself_or_in_a_file(kept):
    assert address(DATABASE, {DATABASE: URL}) == URL
    for content in (URL, f"{URL}\n", f" {URL}\r\n"):
        for mode in (0o400, 0o600, 0o640):
            assert address(DATABASE, kept(content.encode(), mode)) == URL
    assert address(BROKER, kept(URL.encode())) is None
    assert address(DATABASE, {DATABASE: "", file_of(DATABASE): ""}) is None


def test_both_at_once_are_refused(kept):
    with pytest.raises(AddressSettingError, match="Both AMARVOTE_DATABASE_URL and AMARVOTE_DATABASE_URL_FILE"):
        address(DATABASE, {DATABASE: URL, **kept(URL.encode())})


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o601, 0o666])
def test_a_file_for_everybody_is_refused(kept, mode):
    with pytest.raises(AddressSettingError, match="everybody on this machine may use it") as refused:
        address(DATABASE, kept(URL.encode(), mode))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"  \n", f"{URL}\n{URL}".encode(), f"\n{URL}".encode(), b"\xff", b"a" * (LONGEST + 1)],
)
def test_a_file_that_is_no_address_is_refused(kept, content):
    with pytest.raises(AddressSettingError, match="one line") as refused:
        address(DATABASE, kept(content))
    assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(AddressSettingError, match=f"AMARVOTE_BROKER_URL_FILE names {path}"):
            address(BROKER, {file_of(BROKER): str(path)})


def test_a_pipe_is_read_as_a_file_is(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, URL.encode())
    os.close(writing)
    assert address(DATABASE, {file_of(DATABASE): f"/dev/fd/{reading}"}) == URL
    os.close(reading)

"""The record over HTTP: whole files and parts, pages, tags; and downloads that go on where they broke off."""

import threading
from hashlib import sha256

import pytest

from amarvote.elections import record_files
from amarvote.launch import finished_record
from amarvote.launch.finished_record import bring_record
from amarvote.participants import service as participants
from amarvote.participants.service import Service
from staging.served import serving

PATH = "setup/guardians.binpb"


@pytest.fixture
def served(opened):
    with serving(opened) as served:
        yield served


@pytest.fixture
def whole(served):
    return served.ask("GET", f"/record/{PATH}").content


def part(served, **headers):
    address = f"{served.base}/record/{PATH}"
    return served.client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_file_has_its_digest_as_its_tag(served, whole):
    (listed,) = [file for file in served.ask("GET", "/record").json()["files"] if file["path"] == PATH]
    assert (listed["size"], listed["sha256"]) == (len(whole), sha256(whole).hexdigest())
    answer = part(served)
    assert answer.headers["etag"] == f'"{listed["sha256"]}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(whole))


@pytest.mark.parametrize(
    ("asked", "first", "stop"),
    [
        ("0-0", 0, 1),
        ("0-", 0, None),
        ("100-", 100, None),
        ("5-9", 5, 10),
        ("-7", -7, None),
        ("9-99999999", 9, None),
    ],
)
def test_a_part_of_a_file(served, whole, asked, first, stop):
    answer = part(served, range=f"bytes={asked}")
    expected = whole[first:stop]
    begin = first if first >= 0 else len(whole) + first
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(expected) - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=٣-"])
def test_a_range_that_is_none_is_passed_over(served, whole, asked):
    answer = part(served, range=asked.encode())
    assert (answer.status_code, answer.content) == (200, whole)


@pytest.mark.parametrize("beyond", [0, 1, 10**17])
def test_a_range_after_the_end(served, whole, beyond):
    answer = part(served, range=f"bytes={len(whole) + beyond}-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(whole)}"


def test_a_part_only_of_the_file_that_it_was_begun_with(served, whole):
    tag = f'"{sha256(whole).hexdigest()}"'
    assert part(served, range="bytes=3-", if_range=tag).content == whole[3:]
    other = part(served, range="bytes=3-", if_range='"00"')
    assert (other.status_code, other.content) == (200, whole)


def test_what_one_has_already_is_not_sent_again(served, whole):
    answer = part(served, if_none_match=f'"{sha256(whole).hexdigest()}"')
    assert (answer.status_code, answer.content) == (304, b"")
    assert part(served, if_none_match='"00"').content == whole


def test_the_listing_in_pages(served):
    files = served.ask("GET", "/record").json()["files"]
    found, after = [], ""
    while after is not None:
        page = served.ask("GET", "/record", params={"after": after, "limit": 2}).json()
        found, after = found + page["files"], page["next"]
    assert found == files
    assert len(files) > 4
    for wrong in ({"limit": 0}, {"limit": 10**6}, {"after": "\0"}, {"after": "x" * 1000}):
        assert served.ask("GET", "/record", params=wrong).status_code == 422


def test_many_downloads_at_once_in_small_pieces(served, whole, monkeypatch):
    monkeypatch.setattr(record_files, "LARGEST_PIECE", 100)
    same: list[bool] = []

    def fetch(begin: int) -> None:
        same.append(part(served, range=f"bytes={begin}-").content == whole[begin:])

    threads = [threading.Thread(target=fetch, args=(begin,)) for begin in range(0, 80, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 8


# ---- the launcher's copy


class KilledError(Exception):
    """Stands for `kill -9`: nothing is tidied up on its way."""


@pytest.fixture
def service(served):
    made = Service(f"{str(served.client.base_url).rstrip('/')}{served.base}")
    yield made
    made.close()


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("moment", ["download", "rename"])
def test_a_launcher_killed_while_it_brings_the_record_leaves_none_and_the_next_goes_on(
    served, service, tmp_path, monkeypatch, moment
):
    target = tmp_path / "run" / "record"
    target.parent.mkdir()
    pieces = []
    real = Service.download

    def dying(self, path, size, tag, have=0):
        for piece in real(self, path, size, tag, have):
            pieces.append(piece)
            if len(pieces) == 4:
                raise KilledError
            yield piece

    def dying_late(path):
        raise KilledError

    monkeypatch.setattr(participants, "PIECE", 400)
    with monkeypatch.context() as patch:
        if moment == "download":
            patch.setattr(Service, "download", dying)
        else:
            patch.setattr(finished_record, "_settle", dying_late)
        with pytest.raises(KilledError):
            bring_record(service, target)
    assert not target.exists()
    bring_record(service, target)
    assert content(target) == {
        file["path"]: served.ask("GET", f"/record/{file['path']}").content
        for file in served.ask("GET", "/record").json()["files"]
    }
    assert [path.name for path in target.parent.iterdir()] == ["record"]
    bring_record(service, target)  # it is there: nothing happens


def test_every_file_and_folder_is_on_the_disk_before_the_record_has_its_name(service, tmp_path, monkeypatch):
    settled = []
    real = finished_record._settle

    def noting(path):
        settled.append((path.name, (tmp_path / "record").exists()))
        real(path)

    monkeypatch.setattr(finished_record, "_settle", noting)
    bring_record(service, tmp_path / "record")
    below = {path.name for path in (tmp_path / "record").rglob("*")}
    assert {name for name, named in settled if not named} == {*below, ".record.new"}
    assert [name for name, named in settled if named] == [tmp_path.name]

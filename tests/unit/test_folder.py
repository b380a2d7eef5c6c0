import os
import socket
from pathlib import Path
from typing import Any

import pytest

from amarvote.record.errors import ContainerFault, UnreadableRecord
from amarvote.record.folder import Folder


def read(folder: Folder, path: str) -> bytes:
    stream = folder.open(path)
    data = b""
    while piece := stream.read(2):
        data += piece
    stream.close()
    return data


def test_plain_files_are_listed_and_read(tmp_path: Path) -> None:
    (tmp_path / "setup").mkdir()
    (tmp_path / "setup/header.binpb").write_bytes(b"hello")
    (tmp_path / "toc.binpb").write_bytes(b"")
    folder = Folder(tmp_path)
    assert folder.sizes == {"setup/header.binpb": 5, "toc.binpb": 0}
    assert folder.findings == []
    assert read(folder, "setup/header.binpb") == b"hello"
    assert read(folder, "toc.binpb") == b""


def test_a_hard_link_is_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    folder = Folder(tmp_path)
    assert read(folder, "b") == b"x"
    assert folder.findings == []


def test_links_are_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    root = tmp_path / "record"
    root.mkdir()
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    (root / "self").symlink_to(root)
    (root / "dangling").symlink_to("nowhere")
    folder = Folder(root)
    assert folder.sizes == {}
    assert {finding.where for finding in folder.findings} == {"file", "folder", "self", "dangling"}
    assert all("is a link" in finding.message for finding in folder.findings)


def test_pipes_and_sockets_are_refused_without_opening_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        folder = Folder(tmp_path)
    assert folder.sizes == {}
    assert {finding.where for finding in folder.findings} == {"pipe", "socket"}


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "gone"])
def test_what_became_something_else_since_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    folder = Folder(tmp_path)
    path.unlink()
    if kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(ContainerFault):
        folder.open("file")


def test_a_file_that_shrinks_or_grows_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    folder = Folder(tmp_path)
    stream = folder.open("file")
    assert stream.read(2) == b"ab"
    os.truncate(path, 3)
    assert stream.read(100) == b"c"
    with pytest.raises(ContainerFault, match="became 3 bytes shorter"):
        stream.read(100)
    stream.close()
    growing = folder.open("file")
    path.write_bytes(b"abcdefghi")
    assert growing.read(100) == b"abc"
    assert growing.read(100) == b""
    growing.close()


def test_names_of_other_bytes_are_refused_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "\udcff\x1b[2J").mkdir()
    (tmp_path / "a\\b").write_bytes(b"")
    (tmp_path / "c:d").write_bytes(b"")
    folder = Folder(tmp_path)
    assert folder.sizes == {}
    assert {finding.where for finding in folder.findings} == {"\\udcff\\x1b[2J", "a\\\\b", "c:d"}


def test_names_that_differ_in_case_only(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "A").write_bytes(b"")
    assert len(Folder(tmp_path).findings) == 1


def test_depth_is_bounded(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "x").write_bytes(b"")
    findings = Folder(tmp_path).findings
    assert len(findings) == 1
    assert "16 folders deep" in findings[0].message


def test_a_folder_that_cannot_be_listed_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecord, match="cannot be listed"):
        Folder(tmp_path / "nowhere")


def test_what_may_not_be_listed_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    real = os.scandir

    def refusing(path: Path) -> Any:  # root, who may run this, is refused nothing
        if path.name == "inner":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert Folder(tmp_path).findings[0].message == "cannot be listed: Permission denied"

import pytest

from amarvote.record import files
from amarvote.record.errors import UnreadableRecord
from amarvote.record.files import MAX_FINDINGS, Names, name_problem, shown


@pytest.mark.parametrize("path", ["toc.binpb", "setup/header.jsonl", "derived/a b/~!@#$.x", "derived/.hidden"])
def test_names_that_may_be(path: str) -> None:
    assert name_problem(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        "C:/x",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "ä",
        "\udcff",
        "a/" * 17 + "b",
    ],
)
def test_names_that_may_not_be(path: str) -> None:
    assert name_problem(path) is not None


def test_names_that_collide_are_refused() -> None:
    names = Names()
    assert names.accept("derived/README")
    assert not names.accept("derived/README")
    assert not names.accept("derived/readme")
    assert {finding.code for finding in names.findings} == {"R.container"}


def test_findings_are_bounded_and_the_rest_is_counted() -> None:
    names = Names()
    for number in range(MAX_FINDINGS + 7):
        names.refuse(f"x{number}", "is odd")
    assert len(names.findings) == MAX_FINDINGS + 1
    assert names.findings[-1].message.startswith("7 more")


def test_the_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 3)
    names = Names()
    for number in range(3):
        names.accept(str(number))
    with pytest.raises(UnreadableRecord, match="more than 3 files"):
        names.accept("4")


def test_what_is_shown_cannot_command_a_terminal() -> None:
    assert shown("a\x1b[2Jb\udcff") == "a\\x1b[2Jb\\udcff"
    assert len(shown("x" * 5000)) == 160

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.inputs.ballot_files import read_ballots
from amarvote.inputs.ballot_lines import LISTED_FAULTS, LONGEST_LINE
from amarvote.inputs.ballot_rules import BallotLine
from amarvote.inputs.errors import BallotFileError, InputError

MANIFEST = parse_manifest(
    manifest_bytes(
        "club",
        [
            {"id": "chair", "choices": ["ada", "bea"], "contestDataBlocks": 2},
            {"id": "board", "choices": ["cy", "dee", "eve"], "selectionLimit": 2, "optionSelectionLimit": 2},
        ],
        [{"id": "full", "contestIds": ["chair", "board"]}, {"id": "short", "contestIds": ["chair"]}],
    )
)
HEADER = "ballot_id,style,contest,option,value\n"


def ballot(**members: Any) -> str:
    """One line of JSON, right but for `members`."""
    return json.dumps({"ballot_id": "1", "style": "full", "votes": {"chair": {"ada": 1}}} | members) + "\n"


def read(tmp_path: Path, content: str | bytes, name: str = "ballots.jsonl") -> list[BallotLine]:
    """What the reader makes of a file."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_ballots(path, MANIFEST))


def faults(tmp_path: Path, content: str | bytes, name: str = "ballots.jsonl") -> list[str]:
    """The faults that the reader finds."""
    with pytest.raises(BallotFileError) as refusal:
        read(tmp_path, content, name)
    assert refusal.value.total == len(refusal.value.faults)
    return [str(fault) for fault in refusal.value.faults]


def test_json_lines_become_ballots(tmp_path):
    content = ballot(write_ins={"chair": "Grace"}) + ballot(ballot_id="2", style="short", votes={}).replace(
        "\n", "\r\n"
    )
    assert read(tmp_path, "\ufeff" + content) == [
        BallotLine(1, "1", "full", {"chair": {"ada": 1}}, {"chair": "Grace"}),
        BallotLine(2, "2", "short", {}, {}),
    ]


def test_csv_rows_become_ballots(tmp_path):
    rows = '1,full,chair,ada,1\n1,full,board,cy,2\n1,full,board,"dee",0\n2,short,,,\n3,full,chair,bea,1\n'
    assert read(tmp_path, HEADER + rows, "ballots.csv") == [
        BallotLine(2, "1", "full", {"chair": {"ada": 1}, "board": {"cy": 2, "dee": 0}}),
        BallotLine(5, "2", "short", {}),
        BallotLine(6, "3", "full", {"chair": {"bea": 1}}),
    ]


def test_an_overvote_is_a_ballot_like_any_other(tmp_path):
    votes = {"chair": {"ada": 1, "bea": 1}, "board": {"cy": 7}}
    assert read(tmp_path, ballot(votes=votes))[0].votes == votes


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[]", "a ballot must be a JSON object"),
        ('{"ballot_id":"1","ballot_id":"2"}', "the member “ballot_id” stands twice in one object"),
        ("[" * 100_000, "nested too deeply"),
        (" ", "the line is empty"),
        (ballot(ballot_id=7), "ballot_id must be a text that is not empty"),
        (ballot(ballot_id=""), "ballot_id must be a text that is not empty"),
        (ballot(ballot_id="a\x1b[2J"), "characters that cannot be printed"),
        (ballot(ballot_id="\ud800"), "characters that cannot be printed"),
        (ballot(ballot_id=" 1"), "has blanks at its ends"),
        (ballot(ballot_id="x" * 300), "longer than 256 characters"),
        (ballot(style="none"), "the manifest has no ballot style “none”"),
        (ballot(style=None), "the manifest has no ballot style “null”"),
        (ballot(votes=None), "votes must be an object"),
        (ballot(votes={"sheriff": {}}), "the manifest has no contest “sheriff”"),
        (ballot(style="short", votes={"board": {}}), "ballot style “short” does not have contest “board”"),
        (ballot(votes={"chair": ["ada"]}), "contest “chair”: the votes must be an object"),
        (ballot(votes={"chair": {"cy": 1}}), "contest “chair” has no option “cy”"),
        (ballot(votes={"chair": {"ada": -1}}), "must be a whole number from 0 to 2147483647, not “-1”"),
        (ballot(votes={"chair": {"ada": 2**31}}), "must be a whole number"),
        (ballot(votes={"chair": {"ada": True}}), "must be a whole number"),
        (ballot(votes={"chair": {"ada": 1.0}}), "must be a whole number"),
        (ballot(votes={"chair": {"ada": "1"}}), "must be a whole number"),
        (ballot(write_ins=[]), "write_ins must be an object"),
        (ballot(write_ins={"chair": 5}), "contest “chair”: a write-in must be a text"),
        (ballot(write_ins={"board": "Grace"}), "no room for a write-in"),
        (ballot(write_ins={"chair": "G" * 100}), "the write-in needs"),
        (ballot(weight=5), "a ballot has no member “weight”"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path, line, words):
    found = faults(tmp_path, ballot(ballot_id="before") + line.rstrip("\n") + "\n" + ballot(ballot_id="after"))
    assert len(found) == 1
    assert found[0].startswith("line 2: ")
    assert words in found[0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,full,chair,ada", "4 columns instead of 5"),
        ('1,full,chair,"ada,1', "not CSV"),
        ("", "the line is empty"),
        (",full,chair,ada,1", "ballot_id must be a text"),
        ("1,none,chair,ada,1", "no ballot style “none”"),
        ("1,full,none,ada,1", "no contest “none”"),
        ("1,short,board,cy,1", "does not have contest “board”"),
        ("1,full,chair,cy,1", "has no option “cy”"),
        ("1,full,chair,,", "has no option “”"),
        ("1,full,chair,ada,", "must be a whole number"),
        ("1,full,chair,ada,+1", "must be a whole number"),
        ("1,full,chair,ada,1_0", "must be a whole number"),
        ("1,full,chair,ada,٣", "must be a whole number"),
        ("1,full,chair,ada,99999999999999999999", "must be a whole number"),
        ("before,full,chair,bea,1", "ballot_id “before” was used in line 2 already"),
    ],
)
def test_a_fault_of_a_csv_file_is_told_with_its_line(tmp_path, row, words):
    content = HEADER + f"before,full,chair,ada,1\nbetween,full,chair,ada,1\n{row}\nafter,full,chair,ada,1\n"
    found = faults(tmp_path, content, "ballots.csv")
    assert len(found) == 1
    assert found[0].startswith("line 4: ")
    assert words in found[0]


def test_within_a_csv_ballot_a_mark_stands_once_and_the_style_stays(tmp_path):
    rows = "1,full,chair,ada,1\n1,full,chair,ada,1\n1,short,chair,bea,1\n"
    assert faults(tmp_path, HEADER + rows, "ballots.csv") == [
        "line 3: contest “chair”, option “ada” has a row in this ballot already",
        "line 4: ballot “1” has style “full” in line 2",
    ]


def test_a_csv_file_begins_with_its_header(tmp_path):
    assert faults(tmp_path, "1,full,chair,ada,1\n", "ballots.csv") == [
        "line 1: the first line must be ballot_id,style,contest,option,value"
    ]


@pytest.mark.parametrize(("separator", "words"), [(";", "separated by “;”"), ("\t", "separated by tabs")])
def test_another_separator_is_told_once(tmp_path, separator, words):
    content = (HEADER + "1,full,chair,ada,1\n" * 3).replace(",", separator)
    (fault,) = faults(tmp_path, content, "ballots.csv")
    assert fault.startswith("line 1: the first line must be ballot_id,style,contest,option,value; ")
    assert words in fault


def test_the_faults_of_a_csv_file_come_in_the_order_of_their_lines(tmp_path):
    rows = "1,full,chair,ada,1\n2,full,,,\n1,full,chair,bea,x\n1,full,chair,ada,y\n3,none,,,\n"
    found = faults(tmp_path, HEADER + rows, "ballots.csv")
    assert [fault.partition(":")[0] for fault in found] == ["line 4", "line 4", "line 5", "line 6"]
    assert "used in line 2 already" in found[0]


def test_a_line_that_is_no_json_is_told_with_its_column_alone(tmp_path):
    assert faults(tmp_path, ballot() + '{"ballot_id": ?}\n') == ["line 2: not JSON: Expecting value at column 15"]


def test_a_file_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "votes.jsonl").write_text("{")
    with pytest.raises(BallotFileError, match=r"^mine/votes\.jsonl cannot be used"):
        list(read_ballots(Path("mine/votes.jsonl"), MANIFEST))


def test_all_faults_of_all_lines_are_told_and_nothing_is_yielded_after_the_first(tmp_path):
    (tmp_path / "b.jsonl").write_text(
        ballot(ballot_id="good")
        + ballot(ballot_id="", style="none", votes={"chair": {"cy": -1, "ada": -1}})
        + ballot(ballot_id="good too")
        + ballot(ballot_id="good")
    )
    reader = read_ballots(tmp_path / "b.jsonl", MANIFEST)
    assert next(reader).ballot_id == "good"
    with pytest.raises(BallotFileError) as refusal:
        next(reader)
    assert [fault.line for fault in refusal.value.faults] == [2, 2, 2, 2, 4]
    assert f"{tmp_path / 'b.jsonl'} cannot be used, nothing was encrypted. 5 faults:" in str(refusal.value)


def test_of_very_many_faults_the_first_are_told_and_the_number(tmp_path):
    with pytest.raises(BallotFileError, match="and 500 more") as refusal:
        read(tmp_path, "{}x\n" * (LISTED_FAULTS + 500))
    assert len(refusal.value.faults) == LISTED_FAULTS
    assert refusal.value.total == LISTED_FAULTS + 500


def test_bytes_that_are_no_text_and_endless_lines_are_faults_of_their_line(tmp_path):
    endless = b"x" * (3 * LONGEST_LINE) + b"\n"
    content = ballot().encode() + b"\xff\n" + endless + ballot(ballot_id="").encode()
    assert faults(tmp_path, content) == [
        "line 2: not UTF-8 (byte 1 of the line)",
        "line 3: the line is longer than 1 MiB",
        "line 4: ballot_id must be a text that is not empty",
    ]


@pytest.mark.parametrize(("name", "content"), [("b.jsonl", ""), ("b.csv", HEADER), ("b.csv", "")])
def test_a_file_without_ballots_is_refused(tmp_path, name, content):
    assert faults(tmp_path, content, name) == ["the file holds no ballot"]


def test_a_file_of_another_kind_or_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="must end in"):
        read(tmp_path, ballot(), "ballots.txt")
    with pytest.raises(InputError, match="is missing"):
        list(read_ballots(tmp_path / "none.csv", MANIFEST))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=r"folder\.csv is not a regular file"):
        list(read_ballots(tmp_path / "folder.csv", MANIFEST))


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(ballots: int) -> int:
        path = tmp_path / f"{ballots}.jsonl"
        with path.open("w") as file:
            for number in range(ballots):
                file.write(ballot(ballot_id=f"ballot number {number:08}"))
        tracemalloc.start()
        try:
            read_all = sum(1 for _ in read_ballots(path, MANIFEST))
            assert read_all == ballots
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(4000) < peak(500) + 100_000, "3,500 lines more have 300 kB"

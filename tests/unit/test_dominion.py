import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from amarvote.electionguard.contest_remarks import Remarks, pack, unpack
from amarvote.electionguard.manifest import parse_manifest
from amarvote.inputs.ballot_files import read_ballots
from amarvote.inputs.dominion import import_dominion
from amarvote.inputs.errors import InputError
from dominion_exports import CANDIDATES, CONTESTS, card, export_to, imported, mark, session

BLANK: list[dict[str, Any]] = []


def town(
    tmp_path: Path, first: dict[str, Any], repeated: int = 10
) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """Import `first` and after it enough blank cards for every contest to be kept."""
    rest = [session(card({1: BLANK, 2: BLANK, 3: BLANK})) for _ in range(repeated)]
    import_dominion(export_to(tmp_path / "export", {1: [first, *rest]}), tmp_path / "out")
    return imported(tmp_path / "out")


def test_a_contest_is_named_as_in_the_export_without_outer_blanks_and_ranked_ones_say_first_choices(tmp_path):
    manifest, _, _ = town(tmp_path, session(card({1: BLANK})))
    assert [(contest["id"], contest["name"], contest["selectionLimit"]) for contest in manifest["contests"]] == [
        ("1", "MAYOR (first choices)", 1),
        ("2", "BOARD", 2),
        ("3", "MEASURE A", 1),
    ]
    assert [(choice["id"], choice["name"]) for choice in manifest["contests"][0]["choices"]] == [
        ("11", "ADA"),
        ("12", "BEA"),
    ]


def test_marks_count_when_they_are_votes_and_in_ranked_contests_when_they_are_first(tmp_path):
    marks = {1: [mark(12, 1), mark(11, 2)], 2: [mark(21), mark(22, is_vote=False)], 3: BLANK}
    _, ballots, report = town(tmp_path, session(card(marks)))
    assert ballots[0]["votes"] == {"1": {"12": 1}, "2": {"21": 1}, "3": {}}
    assert [contest["not_votes"] for contest in report["contests"]] == [0, 1, 0]
    assert report["blank"] == 31


def test_a_ranked_contest_without_a_first_choice_is_blank(tmp_path):
    _, ballots, report = town(tmp_path, session(card({1: [mark(11, 2)], 2: BLANK, 3: BLANK})))
    assert ballots[0]["votes"]["1"] == {}
    assert report["blank"] == 33


@pytest.mark.parametrize(
    ("contest", "marks", "votes"),
    [
        (1, [mark(11), mark(12)], {"11": 1, "12": 1}),
        (2, [mark(21), mark(22), mark(23)], {"21": 1, "22": 1, "23": 1}),
        (2, [mark(21), mark(21)], {"21": 2}),
        (3, [mark(31), mark(32)], {"31": 1, "32": 1}),
    ],
)
def test_too_many_votes_are_an_overvote_which_the_ballot_keeps_and_the_report_names(
    tmp_path, contest, marks, votes
):
    marked = {1: BLANK, 2: BLANK, 3: BLANK, contest: marks}
    _, ballots, report = town(tmp_path, session(card(marked)))
    assert ballots[0]["votes"][str(contest)] == votes
    assert report["overvotes"] == 1
    assert [(entry["ballot_id"], entry["contest"]) for entry in report["overvoted"]] == [("1-1-1", str(contest))]
    assert report["contests"][contest - 1]["votes"] == 0


def test_two_votes_where_two_are_allowed_are_no_overvote(tmp_path):
    _, ballots, report = town(tmp_path, session(card({1: BLANK, 2: [mark(21), mark(23)], 3: BLANK})))
    assert ballots[0]["votes"]["2"] == {"21": 1, "23": 1}
    assert report["overvotes"] == 0


@pytest.mark.parametrize(("current", "expected"), [(True, {"32": 1}), (False, {"31": 1})])
def test_a_session_counts_its_modified_where_that_is_current(tmp_path, current, expected):
    first = session(card({3: [mark(31)]}), modified=[card({3: [mark(32)]})], current=current)
    _, ballots, report = town(tmp_path, first)
    assert ballots[0]["votes"] == {"3": expected}
    assert report["modified"] == int(current)


def test_a_style_is_a_distinct_set_of_contests_on_a_card_and_a_session_may_have_several_cards(tmp_path):
    sessions = [session(card({2: BLANK, 1: BLANK}), card({3: BLANK})) for _ in range(10)]
    import_dominion(export_to(tmp_path / "export", {7: sessions}), tmp_path / "out")
    manifest, ballots, report = imported(tmp_path / "out")
    assert [style["contestIds"] for style in manifest["ballotStyles"]] == [["1", "2"], ["3"]]
    assert [(ballot["ballot_id"], ballot["style"]) for ballot in ballots[:3]] == [
        ("7-1-1", "style-1"),
        ("7-1-2", "style-2"),
        ("7-2-1", "style-1"),
    ]
    assert [style["cards"] for style in report["styles"]] == [10, 10]


def test_contests_on_fewer_than_ten_cards_are_left_out_and_named(tmp_path):
    sessions = [session(card({1: BLANK, 3: [mark(31)]} if number < 9 else {1: BLANK})) for number in range(12)]
    sessions.append(session(card({3: [mark(32)]})))
    sessions.append(session(card({2: [mark(21)]})))
    import_dominion(export_to(tmp_path / "export", {1: sessions}), tmp_path / "out")
    manifest, ballots, report = imported(tmp_path / "out")
    assert [contest["id"] for contest in manifest["contests"]] == ["1", "3"]
    assert report["left_out"] == ["BOARD (contest 2), on 1 card"]
    assert len(ballots) == 13  # the card that had nothing but contest 2 is no ballot
    assert report["styles"][2] == {"id": None, "cards": 1, "contests": [], "left_out": ["2"]}


def test_files_are_read_in_the_order_of_their_numbers_and_the_same_export_gives_the_same_bytes(tmp_path):
    files = {number: [session(card({3: [mark(31)]}))] * 5 for number in (10, 9, 100)}
    export_to(tmp_path / "export", files)
    told: list[tuple[int, int]] = []
    import_dominion(tmp_path / "export", tmp_path / "a", lambda done, total: told.append((done, total)))
    import_dominion(tmp_path / "export", tmp_path / "b")
    names = ("manifest.json", "ballots.jsonl", "import-report.json")
    assert [(tmp_path / "a" / name).read_bytes() for name in names] == [
        (tmp_path / "b" / name).read_bytes() for name in names
    ]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(names)
    assert [ballot["ballot_id"] for ballot in imported(tmp_path / "a")[1]][::5] == ["9-1-1", "10-1-1", "100-1-1"]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_overvote_of_all_candidates_fits_into_the_contest_data(tmp_path):
    candidates = [{"Id": 1000 + n, "Description": f"N{n}", "ContestId": 3} for n in range(57)]
    sessions = [session(card({3: [mark(1000 + n) for n in range(57)]}))] * 10
    import_dominion(export_to(tmp_path / "export", {1: sessions}, CONTESTS, candidates), tmp_path / "out")
    manifest = parse_manifest((tmp_path / "out" / "manifest.json").read_bytes())
    ballot = next(read_ballots(tmp_path / "out" / "ballots.jsonl", manifest))
    remarks = Remarks(dict(ballot.votes["3"]))
    assert len(ballot.votes["3"]) == 57
    assert unpack(pack(remarks, manifest.contests[0].contest_data_blocks)) == remarks


def broken(tmp_path: Path, **members: Any) -> Path:
    """An export of ten cards of contest 3, where parts of the first card's first contest are replaced."""
    first = {"Id": 3, "Marks": [mark(31)]} | members
    sessions = [{"Original": {"Cards": [{"Contests": [first]}]}}, *[session(card({3: BLANK}))] * 9]
    return export_to(tmp_path / "export", {1: sessions})


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"Id": 99}, "session 1, Original, card 1, contest 99 is not in ContestManifest.json"),
        ({"Id": True}, "Id must be a whole number"),
        ({"Id": "3"}, "Id must be a whole number, not a text"),
        ({"Marks": None}, "contest 3: Marks must be a list, not absent"),
        ({"Marks": [7]}, "an object was expected, not a number"),
        ({"Marks": [mark(11)]}, "candidate 11 does not stand in this contest"),
        ({"Marks": [mark(31) | {"IsVote": "yes"}]}, "IsVote must be true or false"),
        ({"Marks": [mark(31) | {"CandidateId": 10**30}]}, "CandidateId is"),
        ({"Overvotes": -1}, "Overvotes is"),
    ],
)
def test_damaged_cards_are_refused_with_the_place(tmp_path, members, words):
    with pytest.raises(InputError, match=r"CvrExport_1\.json, session 1") as refusal:
        import_dominion(broken(tmp_path, **members), tmp_path / "out")
    assert words in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_a_contest_twice_on_a_card_is_refused(tmp_path):
    twice = {"Original": {"Cards": [{"Contests": [{"Id": 3, "Marks": []}, {"Id": 3, "Marks": []}]}]}}
    with pytest.raises(InputError, match="contest 3 stands twice"):
        import_dominion(export_to(tmp_path, {1: [twice]}), tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "an object was expected, not a list"),
        (b'{"ElectionId":"x","ElectionId":"y"}', "stands twice"),
        (b'{"ElectionId":"x","Sessions":NaN}', "NaN"),
        (b'{"ElectionId":"x","Sessions":' + b"[" * 200_000, "nested too deeply"),
        (b'{"ElectionId":"x","Sessions":' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"ElectionId":" ","Sessions":[]}', "ElectionId must be a text that is not empty"),
        (b'{"ElectionId":"x","Sessions":{}}', "Sessions must be a list"),
        (b'{"ElectionId":"x","Sessions":[{}]}', "Original: an object was expected"),
    ],
)
def test_damaged_files_are_refused_with_a_sentence(tmp_path, content, words):
    export_to(tmp_path / "export", {1: []})
    (tmp_path / "export" / "CvrExport_1.json").write_bytes(content)
    with pytest.raises(InputError, match=r"CvrExport_1\.json") as refusal:
        import_dominion(tmp_path / "export", tmp_path / "out")
    assert words in str(refusal.value)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    export_to(tmp_path / "export", {1: [session(card({3: BLANK}))] * 10})
    path = tmp_path / "export" / "CvrExport_1.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert import_dominion(tmp_path / "export", tmp_path / "out").ballots == 10


def test_files_of_two_elections_are_refused(tmp_path):
    export_to(tmp_path / "export", {1: [session(card({3: BLANK}))] * 10})
    (tmp_path / "export" / "CvrExport_2.json").write_text('{"ElectionId":"Other","Sessions":[]}')
    with pytest.raises(InputError, match=r"CvrExport_2\.json is of another election"):
        import_dominion(tmp_path / "export", tmp_path / "out")


def test_two_files_of_one_number_are_refused(tmp_path):
    export_to(tmp_path / "export", {1: []})
    (tmp_path / "export" / "CvrExport_01.json").write_text("{}")
    with pytest.raises(InputError, match="the same number"):
        import_dominion(tmp_path / "export", tmp_path / "out")


@pytest.mark.parametrize("name", ["ContestManifest.json", "CandidateManifest.json", "CvrExport_1.json"])
def test_a_missing_file_is_named(tmp_path, name):
    export_to(tmp_path / "export", {1: []})
    (tmp_path / "export" / name).unlink()
    with pytest.raises(InputError, match="CvrExport_" if name.startswith("Cvr") else name):
        import_dominion(tmp_path / "export", tmp_path / "out")


def test_a_file_larger_than_the_bound_is_refused_unread(tmp_path):
    export_to(tmp_path / "export", {1: []})
    with (tmp_path / "export" / "CvrExport_1.json").open("wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(InputError, match="larger than 64 MiB"):
        import_dominion(tmp_path / "export", tmp_path / "out")


@pytest.mark.parametrize(
    ("contests", "candidates", "words"),
    [
        ([*CONTESTS, CONTESTS[0]], CANDIDATES, "contest 1 is listed twice"),
        (CONTESTS, [*CANDIDATES, CANDIDATES[0]], "candidate 12 is listed twice"),
        (CONTESTS, [*CANDIDATES, CANDIDATES[0] | {"ContestId": 2}], "candidate 12 is listed twice"),
        (CONTESTS, [*CANDIDATES, {"Id": 5, "ContestId": 9, "Description": "X"}], "contest 9 is not in"),
        ([CONTESTS[0] | {"VoteFor": 0}], [], "VoteFor is"),
        ([CONTESTS[0] | {"Description": 5}], [], "Description must be a text"),
    ],
)
def test_damaged_lists_are_refused(tmp_path, contests, candidates, words):
    with pytest.raises(InputError) as refusal:
        import_dominion(export_to(tmp_path, {1: []}, contests, candidates), tmp_path / "out")
    assert words in str(refusal.value)


def test_what_the_manifest_refuses_is_told(tmp_path):
    contests = [CONTESTS[2] | {"VoteFor": 300}]
    candidates = [candidate for candidate in CANDIDATES if candidate["ContestId"] == 3]
    export_to(tmp_path / "export", {1: [session(card({3: BLANK}))] * 10}, contests, candidates)
    with pytest.raises(InputError, match=r"cannot be made into a manifest: .*selectionLimit"):
        import_dominion(tmp_path / "export", tmp_path / "out")


def test_an_export_in_which_every_contest_is_small_is_refused(tmp_path):
    with pytest.raises(InputError, match="No contest is on 10 cards"):
        import_dominion(export_to(tmp_path, {1: [session(card({3: BLANK}))] * 9}), tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    export_to(tmp_path / "export", {1: [session(card({3: BLANK}))] * 10})
    (tmp_path / "out").write_text("a file stands here")
    with pytest.raises(InputError, match="cannot be written"):
        import_dominion(tmp_path / "export", tmp_path / "out")


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    def peak(files: int) -> int:
        sessions = [session(card({1: [mark(11)], 2: [mark(21)], 3: [mark(31)]}))] * 30
        export_to(tmp_path / f"export {files}", dict.fromkeys(range(1, files + 1), sessions))
        tracemalloc.start()
        try:
            report = import_dominion(tmp_path / f"export {files}", tmp_path / f"out {files}")
            assert report.ballots == files * 30
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)
    assert peak(20) < peak(4) * 1.2

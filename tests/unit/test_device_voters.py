import pytest

from amarvote.device.voters import Marks, Voter, VotersError, acts, by_index, read_voters, voter_line
from amarvote.electionguard.manifest import NotInManifestError
from guardian_samples import MANIFEST

CAST = Marks({"mayor": {"ada": 1}}, {})
OTHER = Marks({"mayor": {"grace": 1}, "council": {"red": 3}}, {"council": "Łukasz"})
VOTERS = [
    Voter(b"1" * 32, "town", 1, (), CAST),
    Voter(b"2" * 32, "town", 2, (OTHER, CAST), OTHER),
    Voter(b"3" * 32, "village", 1, (CAST,), CAST),
]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "voters.jsonl"
    path.write_text("".join(map(voter_line, VOTERS)), encoding="utf-8")
    return path


def test_voters_come_back_as_written(path):
    assert list(read_voters(path)) == VOTERS


def test_whoever_challenges_queues_up_again(path):
    made = list(acts(path))
    assert [act.number for act in made] == [1, 2, 3, 4, 5, 6]
    assert [(act.token[:1], act.challenged, act.again) for act in made] == [
        (b"1", False, False),
        (b"2", True, False),
        (b"3", True, False),
        (b"2", True, True),
        (b"3", False, True),
        (b"2", False, True),
    ]
    assert made[-1].marks == OTHER
    assert made[-1].weight == 2


def test_nobody_is_no_act(tmp_path):
    (tmp_path / "none").write_text("")
    assert list(acts(tmp_path / "none")) == []


@pytest.mark.parametrize("line", ["x", "{}", "[]", '{"token": "AA=="}', "[" * 100_000])
def test_a_line_that_is_no_voter_is_named(tmp_path, line):
    path = tmp_path / "voters.jsonl"
    path.write_text(voter_line(VOTERS[0]) + line + "\n")
    with pytest.raises(VotersError, match="line 2"):
        list(read_voters(path))


def test_marks_by_index():
    assert by_index(MANIFEST, OTHER) == ({1: {2: 1}, 2: {1: 3}}, {2: "Łukasz"})


@pytest.mark.parametrize(
    "marks", [Marks({"king": {}}, {}), Marks({"mayor": {"zoe": 1}}, {}), Marks({}, {"x": ""})]
)
def test_marks_that_the_manifest_does_not_have(marks):
    with pytest.raises(NotInManifestError):
        by_index(MANIFEST, marks)

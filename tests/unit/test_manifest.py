import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amarvote.electionguard import manifest as manifest_module
from amarvote.electionguard.errors import ManifestError
from amarvote.electionguard.manifest import (
    BallotStyle,
    Contest,
    NotInManifestError,
    Option,
    manifest_bytes,
    parse_manifest,
)
from amarvote.electionguard.manifest_json import MAX_BYTES, MAX_PROBLEMS, MAX_VALUES

Change = Callable[[dict[str, Any]], object]


def plain() -> dict[str, Any]:
    return {
        "electionId": "election-1",
        "electionName": "Town election",
        "electionDate": "2026-11-03",
        "chainingMode": 1,
        "somethingNew": [1, {"deep": None}],
        "contests": [
            {
                "id": "mayor",
                "name": "Mayor",
                "index": 1,
                "selectionLimit": 1,
                "optionSelectionLimit": 1,
                "choices": [
                    {"id": "ada", "name": "Ada", "index": 1},
                    {"id": "ben", "name": "Ben", "index": 2},
                ],
                "contestDataBlocks": 2,
                "writeInFieldCount": 1,
                "supplementalFields": [],
            },
            {
                "id": "board",
                "name": "Board",
                "index": 2,
                "selectionLimit": 3,
                "optionSelectionLimit": 2,
                "choices": [{"id": "cem", "name": "Cem", "index": 1}],
                "contestDataBlocks": None,
            },
        ],
        "ballotStyles": [
            {"id": "both", "name": "Both", "contestIds": ["board", "mayor"]},
            {"id": "small", "name": "Small", "contestIds": ["mayor"]},
        ],
    }


def encode(document: object) -> bytes:
    return json.dumps(document).encode()


def problems(raw: bytes) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(raw)
    assert caught.value.problems
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def test_reads_everything() -> None:
    raw = encode(plain())
    manifest = parse_manifest(raw)
    assert manifest.raw == raw
    assert (manifest.election_id, manifest.name, manifest.chaining_mode) == ("election-1", "Town election", 1)
    assert (manifest.date, manifest.location) == ("2026-11-03", None)
    assert manifest.contests == (
        Contest(1, "mayor", "Mayor", 1, 1, (Option(1, "ada", "Ada"), Option(2, "ben", "Ben")), 2, 1),
        Contest(2, "board", "Board", 3, 2, (Option(1, "cem", "Cem"),), 0, 0),
    )
    assert manifest.styles == (BallotStyle(1, "both", "Both", (1, 2)), BallotStyle(2, "small", "Small", (1,)))


def test_finds_contests_and_styles() -> None:
    manifest = parse_manifest(encode(plain()))
    assert manifest.contest(2).id == "board"
    assert manifest.contest_by_id("mayor").index == 1
    assert manifest.style("small").contest_indices == (1,)
    for look_up in (
        lambda: manifest.contest(0),
        lambda: manifest.contest(3),
        lambda: manifest.contest(-1),
        lambda: manifest.contest_by_id("x"),
        lambda: manifest.style("x"),
    ):
        with pytest.raises(NotInManifestError, match="The manifest has no"):
            look_up()


def test_absent_means_the_default() -> None:
    document = plain()
    for name in ("electionName", "electionDate", "chainingMode"):
        document[name] = None
    manifest = parse_manifest(encode(document))
    assert (manifest.name, manifest.date, manifest.chaining_mode) == ("election-1", None, 0)


def contest(change: dict[str, Any], position: int = 0) -> Change:
    return lambda document: document["contests"][position].update(change)


def choice(change: dict[str, Any]) -> Change:
    return lambda document: document["contests"][0]["choices"][1].update(change)


def style(change: dict[str, Any]) -> Change:
    return lambda document: document["ballotStyles"][1].update(change)


def top(change: dict[str, Any]) -> Change:
    return lambda document: document.update(change)


LIMIT = "contest 1: selectionLimit must be a whole number from 1 to 256, not "
OPTION_LIMIT = "contest 1: optionSelectionLimit must be a whole number from 1 to 16, not "
BLOCKS = "contest 1: contestDataBlocks must be a whole number from 1 to 1024, not "

FAULTS: list[tuple[Change, str]] = [
    (top({"electionId": None}), "electionId is missing"),
    (top({"electionId": ""}), "electionId '': it is empty"),
    (top({"electionId": 7}), "electionId must be a string, not 7"),
    (top({"electionName": ["x"]}), "electionName must be a string, not a list"),
    (top({"electionDate": "a\nb"}), "electionDate 'a\\nb': it holds a line break"),
    (top({"location": "x" * 1025}), "at most 1024 are allowed"),
    (top({"chainingMode": 2}), "chainingMode must be a whole number from 0 to 1, not 2"),
    (top({"chainingMode": False}), "chainingMode must be a whole number from 0 to 1, not false"),
    (top({"contests": []}), "contests is empty"),
    (top({"contests": {}}), "contests must be a list, not an object"),
    (top({"ballotStyles": []}), "ballotStyles is empty"),
    (top({"ballotStyles": None}), "ballotStyles is missing"),
    (top({"preEncryptedBallots": True}), "preEncryptedBallots asks for pre-encrypted ballots"),
    (top({"hashTrimmingFunction": "two hex"}), "hashTrimmingFunction asks for pre-encrypted ballots"),
    (contest({"supplementalFields": [{"id": "u"}]}), "contest 1: supplementalFields asks for supplemental fields"),
    (contest({"supplementalFields": "u"}), "contest 1: supplementalFields must be a list, not 'u'"),
    (contest({"id": "board"}), "contest 2: the contest 'board' appears more than once"),
    (contest({"id": " mayor"}), "contest 1: id ' mayor': it has white space at its beginning or end"),
    (contest({"id": "may\tor"}), "contest 1: id 'may\\tor': it holds a line break, tab"),
    (contest({"id": "may\u2028or"}), "it holds a line break"),
    (contest({"id": "may\ud800or"}), "half of a surrogate pair"),
    (contest({"id": "m" * 257}), "it has 257 characters; at most 256 are allowed"),
    (contest({"name": None}), "contest 1: name is missing"),
    (contest({"name": 3.5}), "contest 1: name must be a string, not 3.5"),
    (contest({"index": 2}), "contest 1: index must be the position 1, not 2"),
    (contest({"index": True}), "contest 1: index must be the position 1, not true"),
    (contest({"index": None}), "contest 1: index is missing"),
    (contest({"selectionLimit": 0}), LIMIT + "0"),
    (contest({"selectionLimit": 257}), LIMIT + "257"),
    (contest({"selectionLimit": True}), LIMIT + "true"),
    (contest({"selectionLimit": 1.0}), LIMIT + "1.0"),
    (contest({"selectionLimit": "1"}), LIMIT + "'1'"),
    (contest({"selectionLimit": 10**30}), LIMIT + "1e+30"),
    (contest({"selectionLimit": None}), "contest 1: selectionLimit is missing"),
    (contest({"optionSelectionLimit": 0}), OPTION_LIMIT + "0"),
    (contest({"optionSelectionLimit": 17}), OPTION_LIMIT + "17"),
    (contest({"contestDataBlocks": 0}), BLOCKS + "0"),
    (contest({"contestDataBlocks": 1025}), BLOCKS + "1025"),
    (
        contest({"writeInFieldCount": -1}),
        "contest 1: writeInFieldCount must be a whole number from 0 to 256, not -1",
    ),
    (contest({"choices": []}), "contest 1: choices is empty"),
    (contest({"choices": ["ada"]}), "contest 1, choice 1: the choice must be an object, not 'ada'"),
    (choice({"id": "ada"}), "contest 1, choice 2: the choice 'ada' appears more than once"),
    (choice({"index": 1}), "contest 1, choice 2: index must be the position 2, not 1"),
    (choice({"name": None}), "contest 1, choice 2: name is missing"),
    (style({"id": "both"}), "ballot style 2: the ballot style 'both' appears more than once"),
    (style({"contestIds": []}), "ballot style 2: contestIds is empty"),
    (style({"contestIds": ["mayor", "x"]}), "ballot style 2, contestIds entry 2: the manifest has no contest 'x'"),
    (style({"contestIds": ["mayor", "mayor"]}), "entry 2: the contest 'mayor' appears more than once"),
    (style({"contestIds": [1]}), "contestIds entry 1: it must be the id of a contest, as a string"),
    (style({"name": None}), "ballot style 2: name is missing"),
    (lambda document: document["ballotStyles"].append(None), "ballot style 3: the ballot style must be an object"),
    (lambda document: document["contests"].append([]), "contest 3: the contest must be an object, not a list"),
]


@pytest.mark.parametrize(("change", "problem"), FAULTS, ids=[problem for _, problem in FAULTS])
def test_names_the_fault(change: Change, problem: str) -> None:
    document = plain()
    change(document)
    found = problems(encode(document))
    assert any(problem in sentence for sentence in found)


def test_one_fault_is_one_sentence() -> None:
    document = plain()
    document["contests"][0]["selectionLimit"] = 300
    assert problems(encode(document)) == [LIMIT + "300"]


def test_lists_every_problem_in_order() -> None:
    document = plain()
    document["electionId"] = None
    document["contests"][0]["optionSelectionLimit"] = 99
    document["contests"][1]["choices"][0]["id"] = " "
    document["ballotStyles"][1]["contestIds"] = ["x"]
    assert problems(encode(document)) == [
        "electionId is missing",
        OPTION_LIMIT + "99",
        "contest 2, choice 1: id ' ': it has white space at its beginning or end",
        "ballot style 2, contestIds entry 1: the manifest has no contest 'x'",
    ]


def test_very_many_problems_are_counted_not_listed() -> None:
    document = plain()
    document["ballotStyles"][0]["contestIds"] = ["x"] * 5000
    found = problems(encode(document))
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == "and 4000 more problems"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "the file is not JSON: Expecting value (line 1, column 1)"),
        (b"{", "the file is not JSON"),
        (b'{"a":1,}', "the file is not JSON"),
        (b'{"a":"\n"}', "the file is not JSON: Invalid control character"),
        (b"null", "the manifest must be an object, not null"),
        (b"[]", "the manifest must be an object, not a list"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a":"\xff"}', "the file is not UTF-8 (byte 6)"),
        (b'{"a":"\xed\xa0\x80"}', "the file is not UTF-8"),
        ('{"a":1}'.encode("utf-16"), "the file is not UTF-8"),
        (b"[" * 100_000, "nested more than 64 levels deep"),
        (b'{"a":' * 100_000, "nested more than 64 levels deep"),
        (b" " * (MAX_BYTES + 1), "at most 16777216 are read"),
        (b'{"a":[{"b":NaN}]}', "$.a[0].b: NaN is not JSON"),
        (b'{"a":-Infinity}', "$.a: -Infinity is not JSON"),
        (b'{"a":{"x":1,"y":2,"x":1}}', "$.a: the key 'x' appears more than once"),
        (b'{"electionId":"a","electionId":"a"}', "$: the key 'electionId' appears more than once"),
        (b"1" * 100_000, "the manifest must be an object"),
    ],
)
def test_hostile_bytes(raw: bytes, problem: str) -> None:
    assert any(problem in sentence for sentence in problems(raw))


def test_a_large_number_in_an_unknown_member_is_ignored() -> None:
    raw = encode(plain()).replace(b'"somethingNew": [1', b'"somethingNew": [' + b"9" * 10_000)
    assert parse_manifest(raw).election_id == "election-1"


def nested(levels: int) -> bytes:
    """A good manifest with an unknown member, so nested that the whole has this many levels."""
    value = b"[" * (levels - 1) + b"]" * (levels - 1)
    return encode(plain())[:-1] + b',"unknown":' + value + b"}"


def test_depth_is_bounded_exactly() -> None:
    assert parse_manifest(nested(64)).election_id == "election-1"
    assert problems(nested(65)) == ["objects and lists are nested more than 64 levels deep"]


def test_the_bound_of_size_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = encode(plain())
    monkeypatch.setattr("amarvote.electionguard.manifest_json.MAX_BYTES", len(raw))
    assert parse_manifest(raw)
    assert problems(raw + b" ") == [f"the file has {len(raw) + 1} bytes; at most {len(raw)} are read"]


@pytest.mark.parametrize("value", [b"[]", b"{}", b"NaN", b'"a"'])
def test_the_number_of_values_is_bounded_before_they_are_made(value: bytes) -> None:
    """In 16 MiB there is room for five million empty lists, which took 1.3 GiB and twenty seconds."""
    raw = b'{"contests":[' + (value + b",") * (MAX_BYTES // (len(value) + 1) - 10) + value + b"]}"
    assert MAX_VALUES < len(raw) <= MAX_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(ManifestError, match="holds more than 1000000 values"):
            parse_manifest(raw)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_sentences_hold_no_control_characters() -> None:
    document = plain()
    document["contests"][0]["id"] = "\x1b[2J" + "x" * 500
    document["\x1b]0;key\ud800"] = {"a": 1}
    raw = encode(document).replace(b'{"a": 1}', b'{"a": 1, "a": 2}')
    for sentence in problems(raw):
        assert sentence.isprintable()
        assert len(sentence) < 600


def test_makes_manifests_from_plain_data() -> None:
    raw = manifest_bytes(
        "e",
        [
            {"id": "c1", "choices": ["a", {"id": "b", "name": "Bé"}]},
            {"id": "c2", "choices": ["x"], "selectionLimit": 4, "contestDataBlocks": 2},
        ],
        [{"id": "s", "contestIds": ["c2"]}],
        chainingMode=1,
        electionName="Wahl",
    )
    manifest = parse_manifest(raw)
    assert (manifest.name, manifest.chaining_mode) == ("Wahl", 1)
    assert manifest.contest(1) == Contest(1, "c1", "c1", 1, 1, (Option(1, "a", "a"), Option(2, "b", "Bé")))
    assert manifest.contest(2).selection_limit == 4
    assert manifest.style("s").contest_indices == (2,)
    assert "Bé".encode() in raw


@pytest.mark.parametrize("contest_id", ["a\n", "\ud800", ""])
def test_makes_no_bad_manifest(contest_id: str) -> None:
    with pytest.raises(ManifestError):
        manifest_bytes("e", [{"id": contest_id, "choices": ["a"]}], [{"id": "s", "contestIds": [contest_id]}])


def test_bounds_are_what_the_rules_say() -> None:
    assert manifest_module.MAX_OPTION_LIMIT == 16
    assert manifest_module.MAX_SELECTION_LIMIT == 256
    document = plain()
    document["contests"][0].update(selectionLimit=256, optionSelectionLimit=16, contestDataBlocks=1024)
    contest_1 = parse_manifest(encode(document)).contest(1)
    assert (contest_1.selection_limit, contest_1.option_limit) == (256, 16)


def never_anything_but_a_manifest_error(raw: bytes) -> None:
    try:
        manifest = parse_manifest(raw)
    except ManifestError as error:
        found = error.problems
    else:
        found = []
        assert manifest.raw == raw
    assert found or (manifest.contests and manifest.styles)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["mayor", "both", "a\n", " x", 0, 1, 2, 17, 257, -1, [], {}]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["id", "index", "choices", "contests"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    never_anything_but_a_manifest_error(raw)


@given(VALUES)
def test_any_json(value: object) -> None:
    never_anything_but_a_manifest_error(encode(value))


@settings(max_examples=300)
@given(st.data())
def test_any_change_of_one_value(data: st.DataObject) -> None:
    document: Any = plain()
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and data.draw(st.booleans()):
            node = node[key]
            continue
        if data.draw(st.booleans()):
            del node[key]
        else:
            node[key] = data.draw(VALUES)
        break
    never_anything_but_a_manifest_error(encode(document))


@given(st.data())
def test_any_change_of_bytes(data: st.DataObject) -> None:
    raw = bytearray(encode(plain()))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(raw) - 1))
        end = min(len(raw), position + data.draw(st.integers(0, 3)))
        raw[position:end] = data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"{", b"]", b"NaN", b"\\"]))
    never_anything_but_a_manifest_error(bytes(raw))

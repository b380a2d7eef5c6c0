"""Whatever stands in an input, the readers accept it or refuse it with a sentence; both formats say the same."""

import copy
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from amarvote import plaintext
from amarvote.electionguard.manifest import manifest_bytes, parse_manifest
from amarvote.inputs.ballot_files import CSV_COLUMNS, read_ballots
from amarvote.inputs.dominion import import_dominion
from amarvote.inputs.errors import BallotFileError, InputError
from dominion_exports import CANDIDATES, CONTESTS, card, mark, session

RAW = manifest_bytes(
    "club",
    [
        {"id": "chair", "choices": ["ada", "bea"], "contestDataBlocks": 2},
        {"id": "board", "choices": ["cy", "dee"], "selectionLimit": 3, "optionSelectionLimit": 2},
    ],
    [{"id": "s", "contestIds": ["chair", "board"]}],
)
MANIFEST = parse_manifest(RAW)
GOOD_JSON = b'{"ballot_id":"1","style":"s","votes":{"chair":{"ada":1}},"write_ins":{"chair":"x"}}\n'
GOOD_CSV = b"ballot_id,style,contest,option,value\n1,s,chair,ada,1\n"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from([("b.jsonl", GOOD_JSON), ("b.csv", GOOD_CSV)]))
def test_damaged_bytes_are_read_or_refused_with_their_lines(data, example):
    name, good = example
    content = bytearray(good * 3)
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(begin, min(len(content), begin + 4)))
        content[begin:end] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b"\n", b"\\", b"{", b",", b"\r"])
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        faults = []
        try:
            list(read_ballots(path, MANIFEST))
        except BallotFileError as refusal:
            faults = refusal.faults
        assert all(1 <= fault.line <= content.count(b"\n") + 1 for fault in faults if fault.line)
        if not faults:
            (Path(folder) / "m.json").write_bytes(RAW)
            assert plaintext.count(Path(folder) / "m.json", path).keys() == {"chair", "board"}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_put_anywhere_into_an_export_it_is_imported_or_refused_with_a_sentence(data):
    files = {
        "ContestManifest.json": {"List": copy.deepcopy(CONTESTS)},
        "CandidateManifest.json": {"List": copy.deepcopy(CANDIDATES)},
        "CvrExport_1.json": {
            "ElectionId": "Town",
            "Sessions": [
                session(card({1: [mark(11)], 3: []}), modified=[card({1: [mark(12)]})]) for _ in range(11)
            ],
        },
    }
    name = data.draw(st.sampled_from(sorted(files)))
    _replace_somewhere(files[name], data, data.draw(JSON))
    with tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            (Path(folder) / file).write_text(json.dumps(content))
        sentence = "imported."
        try:
            report = import_dominion(Path(folder), Path(folder) / "out")
        except InputError as refusal:
            sentence = str(refusal)
        assert sentence.endswith(".")
        assert sentence.isprintable()
        if sentence == "imported.":
            manifest = parse_manifest((Path(folder) / "out" / "manifest.json").read_bytes())
            assert len(list(read_ballots(Path(folder) / "out" / "ballots.jsonl", manifest))) == report.ballots


def _replace_somewhere(value, data, replacement):
    """Put `replacement` at a place inside `value`."""
    while True:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        place = data.draw(st.sampled_from(places))
        inner = value[place]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 4)) == 0:
            value[place] = replacement
            return
        value = inner


VOTES = st.fixed_dictionaries(
    {},
    optional={
        "chair": st.dictionaries(st.sampled_from(["ada", "bea"]), st.integers(0, 3)),
        "board": st.dictionaries(st.sampled_from(["cy", "dee"]), st.integers(0, 3)),
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(VOTES, min_size=1, max_size=5))
def test_json_lines_and_csv_of_the_same_ballots_are_read_and_counted_the_same(ballots):
    with tempfile.TemporaryDirectory() as folder:
        manifest, lines, rows = (Path(folder) / name for name in ("m.json", "b.jsonl", "b.csv"))
        manifest.write_bytes(RAW)
        lines.write_text(
            "".join(
                json.dumps({"ballot_id": str(n), "style": "s", "votes": votes}) + "\n"
                for n, votes in enumerate(ballots)
            )
        )
        written = [",".join(CSV_COLUMNS)]
        for number, votes in enumerate(ballots):
            marks = [(contest, option, n) for contest, options in votes.items() for option, n in options.items()]
            written += [f"{number},s,{c},{o},{n}" for c, o, n in marks] or [f"{number},s,,,"]
        rows.write_text("\n".join(written))

        def marked(path):
            return [
                (ballot.ballot_id, {c: dict(o) for c, o in ballot.votes.items() if o})
                for ballot in read_ballots(path, MANIFEST)
            ]

        assert marked(lines) == marked(rows)
        counted = plaintext.count(manifest, lines)
        assert counted == plaintext.count(manifest, rows)
        chairs = [b["chair"] for b in ballots if sum(b.get("chair", {}).values()) == 1]
        assert counted["chair"] == {o: sum(c.get(o, 0) for c in chairs) for o in ("ada", "bea")}

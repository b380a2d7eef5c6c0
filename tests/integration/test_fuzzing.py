"""Whatever bytes come as a ballot, mail or a file of a record: a refusal in words, no 500, no growth."""

import base64
import gc
import json
import os
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from amarvote.api.problems import MEDIA_TYPE
from amarvote.electionguard.errors import ElectionGuardError
from amarvote.electionguard.key_ceremony import key_commitment
from amarvote.elections import ceremony, officer
from amarvote.pipeline import memory
from amarvote.record.canonical import decode_item
from amarvote.record.errors import NotCanonical
from amarvote.record.json_lines import item_to_line, line_to_item
from amarvote.record.reader import open_record
from amarvote.record.sections import Carrier
from amarvote.store.tables import elections, messages
from record_samples import write_record
from staging.fixtures import POSTGRESQL
from staging.served import serving

EXAMPLES = 150
LARGEST_GROWTH_KB = 1_000

QUIETLY = settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@st.composite
def damage(draw, original: bytes) -> bytes:
    """The original, with some bytes changed, cut out, doubled or put in."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["flip", "cut", "insert", "repeat", "truncate"])):
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + draw(st.integers(1, 64))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=16))
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case "truncate":
                del data[at:]
    return bytes(data)


TEXT = st.text(st.characters(), max_size=8)
"""Also half a surrogate, which JSON can say and UTF-8 cannot."""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def split(body: bytes) -> tuple[bytes, bytes]:
    """Item and commitments of a submission."""
    length = int.from_bytes(body[32:36], "big")
    return body[36 : 36 + length], body[36 + length :]


def settled_kb() -> int:
    """What the process holds now, once what it needs no more is given back."""
    gc.collect()
    memory.trim()
    return memory.held_kb(os.getpid())[0]


def growth_kb(attack) -> int:
    """By how much the process grows in a second round, which is not the first one again."""
    seed(1)(attack)()
    before = settled_kb()
    seed(2)(attack)()
    return settled_kb() - before


def test_ballots_of_any_bytes_are_taken_or_refused_and_nothing_grows(opened):
    body = opened.make(1).body
    item, commitments = split(body)
    as_json = {
        "token": body[:32].hex(),
        "ballot": json.loads(item_to_line(item)),
        "commitments": base64.b64encode(commitments).decode(),
    }
    text = json.dumps(as_json).encode()
    binary = st.one_of(damage(body), st.binary(max_size=200), damage(item).map(lambda one: framed(body, one)))
    json_bodies = st.one_of(
        damage(text),
        VALUES.map(lambda value: json.dumps(value).encode()),
        st.tuples(st.sampled_from(sorted(as_json)), VALUES).map(
            lambda pair: json.dumps({**as_json, pair[0]: pair[1]}).encode()
        ),
    )
    with serving(opened) as served:
        base = {**served.headers("device-1")}
        statuses = set()

        @QUIETLY
        @given(st.one_of(st.tuples(st.just("octet-stream"), binary), st.tuples(st.just("json"), json_bodies)))
        def submit(kind_and_body):
            kind, data = kind_and_body
            headers = {**base, "Content-Type": f"application/{kind}"}
            answer = served.client.put(f"{served.base}/ballots", content=data, headers=headers)
            statuses.add(answer.status_code)
            assert answer.status_code in (202, 409, 413, 422), answer.text
            if answer.status_code != 202:
                assert answer.headers["content-type"] == MEDIA_TYPE
                assert "Traceback" not in answer.text

        assert growth_kb(submit) < LARGEST_GROWTH_KB
        assert 422 in statuses
        # whatever was taken is checked like any other: workers find what is wrong with it, and stay alive
        opened.work()
        counts = served.ask("GET", "/progress").json()["ballots"]
        assert counts["open"] == 0
        assert served.ask("PUT", "/ballots", "device-1", content=opened.make(2).body).status_code == 202


def framed(body: bytes, item: bytes) -> bytes:
    """The submission with another item, announced as long as it is."""
    return body[:32] + len(item).to_bytes(4, "big") + item + split(body)[1]


def test_commands_of_any_bytes_are_refused(opened):
    with serving(opened) as served:

        @QUIETLY
        @given(
            st.sampled_from(["consent", "start-run", "set-aside", "verdict"]),
            st.one_of(st.binary(max_size=100), VALUES.map(lambda value: json.dumps(value).encode())),
        )
        def command(name, data):
            headers = {**served.headers("officer"), "Content-Type": "application/json"}
            answer = served.client.post(f"{served.base}/officer/{name}", content=data, headers=headers)
            assert answer.status_code == 422
            assert answer.headers["content-type"] == MEDIA_TYPE

        command()


ROUNDS = [*ceremony.ROUNDS, ceremony.COMPLAIN]


@pytest.mark.parametrize("round_name", ROUNDS)
def test_mail_of_the_ceremony_of_any_bytes_is_taken_or_refused(stage, round_name):
    """Everything before this round is there; a key is always the one that was committed to, whatever it is."""
    later = {(name, sender) for name in ROUNDS[ROUNDS.index(round_name) + 1 :] for sender in (1, 2, 3)}
    stage.hold_ceremony(but={(round_name, 1), *later, ("confirm", 2)})  # the last confirmation ends it
    to = 2 if round_name == "share" else 0
    complaint = json.dumps({"culprit": 2, "sentence": "its share does not fit its key"}).encode()
    good = complaint if round_name == ceremony.COMPLAIN else stage.guardians.messages[round_name][1, to]
    payloads = damage(good) | st.binary(max_size=100)
    if round_name in ("confirm", ceremony.COMPLAIN):
        members = json.loads(good)
        changed = st.tuples(st.sampled_from(sorted(members)), VALUES).map(lambda one: {**members, one[0]: one[1]})
        payloads |= (changed | VALUES).map(lambda value: json.dumps(value).encode())

    def commit(payload):
        if round_name == "key":
            with stage.service.database.write() as connection:
                mine = (messages.c.round == "commit", messages.c.sender == 1)
                connection.execute(update(messages).where(*mine).values(payload=key_commitment(payload)))

    send(stage, f"ceremony/{round_name}/0", to, payloads, good, commit)


@pytest.mark.parametrize(
    ("round_name", "kind"),
    [("share", "tally"), ("reveal", "tally"), ("respond", "tally"), ("respond", "challenged")],
)
def test_answers_in_a_run_of_any_bytes_are_taken_or_refused(opened, round_name, kind):
    for option, challenge in ((1, False), (2, True)):
        opened.vote(option, challenge=challenge)
    officer.close_voting(opened.service)
    opened.work()
    run = opened.run([1, 2])
    parts, members = {part["kind"]: part for part in run["parts"]}, opened.members(run)
    tally = parts["tally"]
    shared = {i: member.commitments(tally) for i, member in members.items()}
    revealed = {i: member.reveals(tally) for i, member in members.items()}
    before = {"share": {}, "reveal": {"share": shared}, "respond": {"share": shared, "reveal": revealed}}
    for name, sent in before[round_name].items():
        for i, payload in sent.items():
            opened.put(run, name, tally["part"], i, payload)
    good = {
        ("share", "tally"): shared[1],
        ("reveal", "tally"): revealed[1],
        ("respond", "tally"): members[1].responses(tally, shared, revealed),
        ("respond", "challenged"): members[1].openings(opened.challenged()),
    }[round_name, kind]
    as_wide = st.binary(min_size=len(good), max_size=len(good))
    send(opened, f"{run['run']}/{round_name}/{parts[kind]['part']}", 0, damage(good) | as_wide, good)


def send(stage, path, to, payloads, good, commit=lambda payload: None):
    """Each payload as the first message of guardian 1 at this place; at last the good one, which is taken."""
    statuses = set()
    with serving(stage) as served:

        def put(payload):
            commit(payload)
            return served.ask("PUT", f"/mail/{path}", "guardian-1", params={"to": to}, content=payload)

        @settings(QUIETLY, max_examples=40)
        @given(payloads)
        def attack(payload):
            answer = put(payload)
            statuses.add(answer.status_code)
            assert answer.status_code in (204, 422), answer.text
            if answer.status_code == 204:
                take_back(stage, *path.split("/")[:2])
            else:
                assert answer.headers["content-type"] == MEDIA_TYPE

        attack()
        assert 422 in statuses
        answer = put(good)
        assert answer.status_code == 204, answer.text


def take_back(stage, conversation, round_name):
    """What guardian 1 sent there is forgotten; so is a complaint, which ends the ceremony."""
    with stage.service.database.write() as connection:
        mine = (messages.c.conversation == conversation, messages.c.round == round_name, messages.c.sender == 1)
        connection.execute(delete(messages).where(*mine))
        if round_name == ceremony.COMPLAIN:
            connection.execute(update(elections).values(state="ceremony"))


@pytest.mark.parametrize("stage", [POSTGRESQL], indirect=True)
def test_mail_of_any_conversation_and_round_is_refused(stage):
    """PostgreSQL takes less as text than Python does."""
    statuses = set()
    with serving(stage) as served:

        @settings(QUIETLY, max_examples=40)
        @given(
            st.just("ceremony") | st.text(min_size=1, max_size=70) | st.just("\0"),
            st.text(min_size=1, max_size=20) | st.just("\0"),
            st.binary(max_size=40),
        )
        def mail(conversation, round_name, data):
            for method, place in (("PUT", "/0"), ("GET", "")):
                path = f"/mail/{quote(conversation, safe='')}/{quote(round_name, safe='')}{place}"
                answer = served.ask(method, path, "guardian-1", content=data)
                statuses.add(answer.status_code)
                assert answer.status_code in (404, 405, 422), answer.text  # 405: with "/" it is another address

        mail()
    assert {404, 422} <= statuses


def test_items_of_any_bytes_are_read_or_refused(opened):
    item, _ = split(opened.make(1).body)
    line = item_to_line(item)

    @QUIETLY
    @given(damage(item), damage(line))
    def read(item, line):
        for reading in (lambda: decode_item(item), lambda: decode_item(line_to_item(line))):
            with suppress(NotCanonical):
                reading()

    read()


@pytest.mark.parametrize("carrier", Carrier)
def test_records_of_any_bytes_are_read_or_refused_and_nothing_grows(carrier, tmp_path):
    root = tmp_path / "record"
    write_record(root, carrier)
    files = sorted(path for path in root.rglob("*") if path.is_file())

    def once(data):
        chosen = data.draw(st.sampled_from(files))
        original = chosen.read_bytes()
        chosen.write_bytes(data.draw(damage(original)))
        with suppress(ElectionGuardError), open_record(root) as record:
            record.findings()
        chosen.write_bytes(original)

    attack = settings(QUIETLY, max_examples=40)(given(st.data())(once))
    assert growth_kb(attack) < LARGEST_GROWTH_KB

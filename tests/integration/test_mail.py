"""The guardians' mail over HTTP: however much a round holds, it is read in bounded pieces, and whole."""

import base64
import json
import os
from contextlib import closing

import pytest
from sqlalchemy import insert

from amarvote.elections.creating import MOST_GUARDIANS, MOST_OPTIONS, create
from amarvote.elections.errors import Unprocessable
from amarvote.elections.paging import PIECE_BYTES
from amarvote.elections.service import service_of
from amarvote.guardian.mail import Conversation
from amarvote.guardian.telling import Log
from amarvote.participants.service import Service
from amarvote.store.tables import messages
from staging.fixtures import BOTH
from staging.people import make_manifest
from staging.served import serving

GUARDIANS = 30
PAYLOAD = 110_000
"""Bytes of a guardian's public key where the quorum is a hundred."""


@pytest.fixture
def served(stage, plain_manifest):
    """An election of many guardians, each of whom has sent a large message."""
    database = stage.service.database
    stage.creation = create(database, plain_manifest, n=GUARDIANS, k=2, device_names=[], minimum_group=0)
    stage.service = service_of(database, stage.creation.election_id, stage.service.settings)
    with serving(stage) as served:
        yield served


def send(served, senders, part=0):
    """As if each of `senders` had sent the part of a round, which is larger than two pieces."""
    sent = {sender: os.urandom(PAYLOAD) for sender in senders}
    place = {"election_id": served.stage.creation.election_id, "conversation": "ceremony", "round": "key"}
    with served.stage.service.database.write() as connection:
        connection.execute(
            insert(messages),
            [
                {**place, "part": part, "sender": sender, "recipient": 0, "payload": payload}
                for sender, payload in sent.items()
            ],
        )
    return sent


def read(served, guardian, senders, part=0):
    """As this guardian's agent reads it."""
    token = served.headers(f"guardian-{guardian}")["Authorization"].removeprefix("Bearer ")
    service = Service(f"{str(served.client.base_url).rstrip('/')}{served.base}", token)
    with closing(service):
        conversation = Conversation(service, "ceremony", Log())
        conversation.wait("key", guardian)
        return conversation.read("key", senders, part)


@pytest.mark.parametrize("stage", BOTH, indirect=True)
def test_what_is_larger_than_a_piece_arrives_whole_and_once(served):
    sent = send(served, range(1, GUARDIANS + 1))
    assert sum(map(len, sent.values())) > 3 * PIECE_BYTES
    found, after, pieces = [], 0, 0
    while after is not None:
        answer = served.ask("GET", f"/mail/ceremony/key/0?after={after}", "guardian-2")
        assert len(answer.content) < 1.5 * PIECE_BYTES
        pieces += 1
        found += [(one["sender"], base64.b64decode(one["payload"])) for one in answer.json()["messages"]]
        after = answer.json()["next"]
    assert found == sorted(sent.items())
    assert pieces == 4
    assert read(served, 2, set(sent)) == sent


def test_a_part_is_read_alone(served):
    send(served, range(1, GUARDIANS + 1))
    other = send(served, [4], part=1)
    assert read(served, 1, {4}, part=1) == other
    answer = served.ask("GET", "/mail/ceremony/key/2", "guardian-1")
    assert answer.json() == {"messages": [], "next": None}


def test_nobody_reads_a_round_before_all_have_sent_theirs(served):
    send(served, range(2, GUARDIANS + 1))
    assert served.ask("GET", "/mail/ceremony/key", "guardian-2").json() == {
        "complete": False,
        "expected": GUARDIANS,
        "missing": [1],
    }
    refused = served.ask("GET", "/mail/ceremony/key/0", "guardian-2")
    assert (refused.status_code, "guardians [1] have not sent theirs" in refused.json()["detail"]) == (409, True)


def test_the_largest_message_alone_is_a_piece(served):
    """As many bytes as a piece, and one more sender after it: two pieces, and neither is empty."""
    for sender in range(1, GUARDIANS + 1):
        with served.stage.service.database.write() as connection:
            connection.execute(
                insert(messages).values(
                    election_id=served.stage.creation.election_id,
                    conversation="ceremony",
                    round="key",
                    part=0,
                    sender=sender,
                    recipient=0,
                    payload=bytes(PIECE_BYTES if sender == 1 else 1),
                )
            )
    first = served.ask("GET", "/mail/ceremony/key/0", "guardian-3").json()
    assert ([one["sender"] for one in first["messages"]], first["next"]) == ([1], 1)
    rest = served.ask("GET", "/mail/ceremony/key/0?after=1", "guardian-3").json()
    assert ([one["sender"] for one in rest["messages"]], rest["next"]) == (list(range(2, GUARDIANS + 1)), None)


@pytest.mark.parametrize(
    ("guardians", "options", "refusal"),
    [
        (MOST_GUARDIANS, MOST_OPTIONS, None),
        (MOST_GUARDIANS + 1, 2, "guardians: Input should be less than or equal to 100"),
        (
            3,
            MOST_OPTIONS + 1,
            "10001 options are too many; all contests of an election together have at most 10000",
        ),
    ],
)
def test_what_could_not_be_opened_after_the_vote_is_refused_before(served, guardians, options, refusal):
    manifest = json.loads(make_manifest("many", options=options))
    order = {"manifest": manifest, "guardians": guardians, "quorum": guardians}
    answer = served.client.post("/elections", json=order, headers=served.headers("operator"))
    if refusal is None:
        assert answer.status_code == 201
    else:
        assert (answer.status_code, refusal in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("n", "k", "refusal"),
    [(101, 3, "101 guardians are too many"), (3, 4, "A quorum of 4"), (3, 0, "A quorum of 0")],
)
def test_numbers_of_guardians_that_cannot_be(stage, plain_manifest, n, k, refusal):
    with pytest.raises(Unprocessable, match=refusal):
        create(stage.service.database, plain_manifest, n=n, k=k, device_names=[], minimum_group=0)

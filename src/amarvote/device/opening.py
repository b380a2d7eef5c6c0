"""Opens a challenged ballot for the voter who challenged it."""

import json
from typing import Any

from amarvote.device.journal import Unopened
from amarvote.electionguard.ballot_opening import open_contests
from amarvote.electionguard.contest_remarks import unpack
from amarvote.electionguard.context import Context
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.hashing import exponent_bytes
from amarvote.electionguard.tallies import OpenedContest
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_ballot


def opening_for_voter(context: Context, engine: Engine, ballot: Unopened) -> bytes:
    """What the voter is given: every option's value and nonce, so that anyone can encrypt the ballot again."""
    encrypted = read_ballot(decode_item(ballot.item))
    contests = open_contests(context, engine, encrypted, ballot.nonce)
    content = {
        "confirmation_code": ballot.confirmation_code.hex(),
        "ballot": ballot.id_b.hex(),
        "style": encrypted.ballot_style,
        "contests": [_contest(contest) for contest in contests],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _contest(contest: OpenedContest) -> dict[str, Any]:
    content: dict[str, Any] = {
        "contest": contest.label,
        "options": [
            {"option": option.label, "value": option.value, "nonce": exponent_bytes(option.nonce).hex()}
            for option in contest.options
        ],
    }
    if contest.contest_data is not None:
        remarks = unpack(contest.contest_data.data)
        content["contest_data"] = {
            "overvote": remarks.overvote,
            "write_in": remarks.write_in,
            "nonce": exponent_bytes(contest.contest_data.nonce).hex(),
        }
    return content

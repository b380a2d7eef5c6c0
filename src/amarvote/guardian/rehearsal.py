"""The rehearsal: whether this guardian's key opens and works, found out before the election depends on it."""

import base64
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmpy2 import mpz

from amarvote.electionguard import joint_rounds, randomness
from amarvote.electionguard.context import Context, election_base_hash, parameter_base_hash
from amarvote.electionguard.decryption import TallyCiphertext
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardian_faults import GuardianFault
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.joint_keys import ceremony_hash, data_share_keys, vote_share_keys
from amarvote.electionguard.joint_rounds import Answers
from amarvote.electionguard.key_ceremony import KeyShare
from amarvote.electionguard.parameters import G
from amarvote.guardian.errors import Alarm, GuardianError
from amarvote.guardian.key_files import GuardianKey, KeyFiles
from amarvote.guardian.membership import Membership
from amarvote.guardian.record_copy import download
from amarvote.guardian.verified_record import read_setup
from amarvote.guardian.verifying import RecordRefused, require_passed
from amarvote.participants.files import private_folder
from amarvote.participants.service import Service
from amarvote.record.errors import UnreadableRecord
from amarvote.record.reader import open_record
from amarvote.record.sections import Phase
from amarvote.record.verifier import conclude, merge, plan, run_task

FOLDER = "rehearsal"


class NotYet(GuardianError):  # noqa: N818 - reads as what happened
    """There is nothing to rehearse with before the key ceremony is over."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The election whose key was found to be this guardian's: H_E and H_G."""

    h_e: bytes
    h_g: bytes


def rehearse(service: Service, home: Path, membership: Membership, passphrase: bytes) -> Rehearsed:
    """Open the key, hold it against the published record, open a ciphertext of its own with it, say so.

    WrongPassphrase or GuardianError where the key file is not what it should be; Alarm where the record is another
    election's or does not verify; NotYet.
    """
    key = _opened(home, passphrase)
    if key.share.index != membership.guardian:
        raise GuardianError(
            f"The key is guardian {key.share.index}'s, but this home joined as guardian {membership.guardian}. "
            "Restore the home from your own copy."
        )
    _check_shown(key, service.get("").json())
    context, keys = _published(service, home)
    engine = Engine()
    h_b = election_base_hash(parameter_base_hash(context.n, context.k), context.manifest.raw)
    h_g = ceremony_hash(h_b, context.joint_key, context.joint_data_key, keys)
    for name, ours, published in (("H_E", key.h_e, context.h_e), ("H_G", key.h_g, h_g)):
        if ours != published:
            raise Alarm(
                f"The published record has another {name} ({published.hex()}) than this guardian confirmed "
                f"({ours.hex()}). Tell the other guardians and the officer."
            )
    check_share(engine, context, keys, key.share)
    service.post("/rehearsal")
    return Rehearsed(key.h_e, key.h_g)


def check_share(engine: Engine, context: Context, keys: list[GuardianPublicKey], share: KeyShare) -> None:
    """Open a ciphertext made for this with z_i and with ẑ_i, and check both proofs as a run's are checked.

    GuardianError where one does not fit what the guardians' public keys say. Nothing of it leaves.
    """
    members = (share.index,)
    secret = randomness.random_q()
    pad, masked = engine.secret_powers([G, context.joint_key], [secret, secret])
    dummy = [TallyCiphertext(context.h_e, 1, 1, pad, masked, 1)]
    sides: tuple[tuple[str, int, dict[int, mpz]], ...] = (
        ("votes", share.vote, vote_share_keys(engine, keys, members)),
        ("ballot data", share.data, data_share_keys(engine, keys, members)),
    )
    for what, part, public in sides:
        begun = joint_rounds.begin(engine, share.index, part, members, dummy)
        commitments = {share.index: [one.commitment for one in begun]}
        reveals = {share.index: [one.reveal for one in begun]}
        try:
            responses = joint_rounds.respond(
                engine, share.index, part, members, dummy, begun, commitments, reveals
            )
            answers = {share.index: Answers(commitments[share.index], reveals[share.index], responses)}
            joint_rounds.combine(engine, members, public, dummy, answers)
        except GuardianFault:
            raise GuardianError(
                f"This guardian's share of the key for {what} does not fit the published record: the key file is "
                "damaged. Restore it from your own copy and check again."
            ) from None


def _opened(home: Path, passphrase: bytes) -> GuardianKey:
    files = KeyFiles(home, passphrase)
    key = files.key()
    if key is not None:
        return key
    if files.ceremony() is None:
        raise GuardianError(f"There is no key in {home}. Join first, or restore the folder from your own copy.")
    raise NotYet("The key file opens with this passphrase. The key ceremony is not over: check again after it.")


def _check_shown(key: GuardianKey, election: Any) -> None:
    """What the service says of the election, before anything is downloaded."""
    shown = [election.get(name) for name in ("h_e", "h_g")] if isinstance(election, dict) else []
    if shown == [None, None]:
        raise NotYet("The key file opens. The other guardians have not all confirmed yet: check again after that.")
    if shown != [base64.b64encode(value).decode() for value in (key.h_e, key.h_g)]:
        raise Alarm(
            f"The service shows another election than {key.h_e.hex()}, which this guardian confirmed. Tell the "
            "other guardians and the officer."
        )


def _published(service: Service, home: Path) -> tuple[Context, list[GuardianPublicKey]]:
    """The record's setup, downloaded, verified and thrown away again."""
    folder = home / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    try:
        download(service, private_folder(folder), Phase.SETUP)
        if not any(folder.iterdir()):
            raise NotYet("The key file opens. The record's first part is not published yet: check again soon.")
        with open_record(folder) as record:
            partials = [run_task(record, task) for task in plan(record, Phase.SETUP)]
            require_passed(conclude(record, merge(partials)))
            return read_setup(record)
    except UnreadableRecord as problem:
        raise RecordRefused(str(problem)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""One guardian's way through the key ceremony: section 3.2 and rule 19.

    commit    a hash of the public key, before any other's is seen
    key       the public key; everybody's proofs are checked
    share     P_i(ℓ), P̂_i(ℓ) to each other guardian ℓ, encrypted; everybody's are checked
    confirm   H_G and H_E, once the guardian has compared their words with the others outside the service

Everything sent is on disk before, so that an agent that was killed sends the same again. Whoever breaks the
protocol is named in a complaint, which ends the ceremony.
"""

import json
import logging
from pathlib import Path

from amarvote.electionguard import share_encryption
from amarvote.electionguard.context import Context, election_base_hash, parameter_base_hash
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardian_faults import GuardianFault, KeyRefused
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.joint_keys import ceremony_hash, joint_keys
from amarvote.electionguard.key_ceremony import (
    SharePair,
    check_key_commitment,
    check_public_key,
    check_share,
    key_commitment,
    key_share,
    share_for,
)
from amarvote.electionguard.manifest import parse_manifest
from amarvote.guardian.confirmation import Confirmation
from amarvote.guardian.errors import Alarm
from amarvote.guardian.key_files import CeremonySecret, GuardianKey, KeyFiles
from amarvote.guardian.mail import Conversation
from amarvote.guardian.own_secret import own_secret
from amarvote.guardian.telling import Teller
from amarvote.guardian.terms import learn_terms
from amarvote.participants.files import private_folder, read_bounded, write_durably
from amarvote.participants.service import Refused, Service
from amarvote.record.canonical import decode_item
from amarvote.record.codec import read_guardian
from amarvote.record.errors import NotCanonical

log = logging.getLogger(__name__)


class Ceremony:
    """Guardian `index` in the ceremony of the election behind `service`."""

    def __init__(self, service: Service, index: int, home: Path, files: KeyFiles, teller: Teller) -> None:
        self._service = service
        self._index = index
        self._files = files
        self._outbox = private_folder(home / "outbox")
        self._confirmation = Confirmation(home, teller)
        self._mail = Conversation(service, "ceremony", teller)
        self._engine = Engine()

    def run(self) -> GuardianKey:
        """Everything up to this guardian's confirmation, and its key; GuardianError where the ceremony fails.

        Forgotten where it has to send again what it has sent.
        """
        terms = learn_terms(self._service, self._index)
        n, k, manifest = terms.n, terms.k, terms.manifest
        h_p = parameter_base_hash(n, k)
        own = self._own_secret(n, k)
        everybody = set(range(1, n + 1))
        self._mail.send("commit", key_commitment(own.public_key))
        commitments = self._all_of("commit", everybody)
        self._mail.send("key", own.public_key)
        sent_keys = self._all_of("key", everybody)
        if sent_keys[self._index] != own.public_key:
            raise Alarm("The service shows another public key under this guardian's name. Do not confirm.")
        try:
            keys = [self._check_key(sender, commitments, sent_keys, h_p, n, k) for sender in sorted(everybody)]
            self._send_shares(own, keys, h_p)
            shares = self._receive_shares(own, keys, h_p)
        except GuardianFault as fault:
            self._complain(fault)
        joint_key, joint_data_key = joint_keys(self._engine, keys)
        h_b = election_base_hash(h_p, manifest)
        h_g = ceremony_hash(h_b, joint_key, joint_data_key, keys)
        context = Context.derive(parse_manifest(manifest), n, k, joint_key, joint_data_key)
        key = self._files.keep_key(key_share(self._index, n, shares), context.h_e, h_g)
        self._confirmation.ask(self._wait_for_people, h_g, context.h_e)
        confirmed = {"h_g": h_g.hex(), "h_e": context.h_e.hex()}
        self._mail.send("confirm", json.dumps(confirmed, sort_keys=True).encode())
        log.info("confirmed H_G %s and H_E %s", h_g.hex(), context.h_e.hex())
        return key

    def _all_of(self, round_name: str, senders: set[int]) -> dict[int, bytes]:
        self._mail.wait(round_name, self._index)
        return self._mail.read(round_name, senders)

    def _wait_for_people(self, seconds: float) -> None:
        """Wait for the guardian to type; meanwhile another one may have complained."""
        self._service.wait(seconds)
        self._mail.require_open()

    def _own_secret(self, n: int, k: int) -> CeremonySecret:
        return own_secret(self._engine, self._files, self._index, n, k)

    def _check_key(
        self, sender: int, commitments: dict[int, bytes], sent_keys: dict[int, bytes], h_p: bytes, n: int, k: int
    ) -> GuardianPublicKey:
        check_key_commitment(sender, commitments[sender], sent_keys[sender])
        try:
            item = decode_item(sent_keys[sender])
        except NotCanonical as problem:
            raise KeyRefused(sender, f"its public key is not in the record's encoding: {problem}") from None
        if item.WhichOneof("item") != "guardian_public_key":
            raise KeyRefused(sender, "what it sent as its public key is something else.")
        key = read_guardian(item)
        check_public_key(self._engine, h_p, n, k, key, sender)
        return key

    def _send_shares(self, own: CeremonySecret, keys: list[GuardianPublicKey], h_p: bytes) -> None:
        for key in keys:
            if key.index == self._index:
                continue
            # Encryption is randomised: what went out once must go out again after a kill.
            stored = self._outbox / f"share-{key.index}"
            if not stored.exists():
                share = share_for(own.secret, key.index)
                encrypted = share_encryption.encrypt_share(
                    self._engine, h_p, self._index, key.index, key.kappa, share
                )
                write_durably(stored, encrypted.to_bytes())
            self._mail.send("share", read_bounded(stored, 4096), to=key.index)

    def _receive_shares(
        self, own: CeremonySecret, keys: list[GuardianPublicKey], h_p: bytes
    ) -> dict[int, SharePair]:
        sent = self._all_of("share", {key.index for key in keys} - {self._index})
        shares = {self._index: share_for(own.secret, self._index)}
        for key in keys:
            if key.index != self._index:
                encrypted = share_encryption.EncryptedShare.from_bytes(key.index, self._index, sent[key.index])
                kappa = keys[self._index - 1].kappa
                shares[key.index] = share_encryption.decrypt_share(
                    self._engine, h_p, own.secret.zeta, kappa, encrypted
                )
            check_share(self._engine, key, self._index, shares[key.index])
        return shares

    def _complain(self, fault: GuardianFault) -> None:
        complaint = {"culprit": fault.culprit, "sentence": str(fault)}
        try:
            self._mail.send("complain", json.dumps(complaint, sort_keys=True).encode())
        except Refused as refusal:
            log.warning("the complaint was not taken: %s", refusal)
        raise Alarm(f"Complaint. {fault}") from fault

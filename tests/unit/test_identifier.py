import hashlib
from dataclasses import replace

import pytest

from amarvote.electionguard.identifier import (
    ChallengeReferenceError,
    challenge_reference,
    identifier_of,
    new_secret,
    verify_challenge_reference,
)
from ballot_samples import make_ballot


def test_secrets_are_fresh_and_identifiers_their_hash() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(secret) for secret in secrets} == {32}
    assert identifier_of(b"\x01" * 32) == hashlib.sha256(b"\x01" * 32).digest()


def test_only_the_secret_lets_a_ballot_be_opened() -> None:
    secret = new_secret()
    cast = make_ballot({}, "mayor only", id_b=identifier_of(secret)).ballot
    verify_challenge_reference(replace(cast, ballot_ref=challenge_reference(secret)))
    with pytest.raises(ChallengeReferenceError, match=cast.id_b.hex()):
        verify_challenge_reference(cast)
    for reference in (
        challenge_reference(new_secret()),
        challenge_reference(cast.id_b),
        challenge_reference(secret).upper(),
        challenge_reference(secret) + "\n",
        challenge_reference(secret)[:-1],
        secret.hex(),
        "challenge:" + "٣" * 64,
    ):
        with pytest.raises(ChallengeReferenceError, match="it must stay closed"):
            verify_challenge_reference(replace(cast, ballot_ref=reference))


def test_reference_is_as_the_record_wants_it() -> None:
    assert challenge_reference(b"\xab" * 32) == "challenge:" + "ab" * 32

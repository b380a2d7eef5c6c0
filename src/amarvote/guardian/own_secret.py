"""The secret that a guardian draws for a ceremony: once, and on disk before anything made from it leaves."""

from amarvote.electionguard.context import parameter_base_hash
from amarvote.electionguard.engine import Engine
from amarvote.electionguard.key_ceremony import generate_secret, public_key
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.key_files import CeremonySecret, KeyFiles
from amarvote.record.codec import guardian_item


def own_secret(engine: Engine, files: KeyFiles, guardian: int, n: int, k: int) -> CeremonySecret:
    """The sealed secret, drawn and sealed where there is none; GuardianError where it is for another ceremony."""
    own = files.ceremony()
    if own is None:
        secret = generate_secret(guardian, k)
        key = guardian_item(public_key(engine, parameter_base_hash(n, k), secret))
        own = CeremonySecret(n, k, secret, key)
        files.keep_ceremony(own)
    if (own.n, own.k, own.secret.index) != (n, k, guardian):
        raise GuardianError(
            f"The key file is guardian {own.secret.index}'s of {own.n} with quorum {own.k}, but the election "
            f"has {n} with quorum {k} and calls this guardian {guardian}. Start with an empty home."
        )
    return own

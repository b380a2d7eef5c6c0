"""What follows from all guardians' public keys: K, K̂, H_G, and the public side of every guardian's share."""

from collections.abc import Iterable, Sequence

from gmpy2 import mpz

from amarvote.electionguard.engine import Engine
from amarvote.electionguard.guardians import GuardianPublicKey
from amarvote.electionguard.hashing import element_bytes, hash_h
from amarvote.electionguard.parameters import Q


def joint_keys(engine: Engine, keys: Sequence[GuardianPublicKey]) -> tuple[mpz, mpz]:
    """K = Π K_i (25) and K̂ = Π K̂_i (26)."""
    return (
        engine.product([key.vote_commitments[0] for key in keys]),
        engine.product([key.data_commitments[0] for key in keys]),
    )


def ceremony_hash(h_b: bytes, joint_key: mpz, joint_data_key: mpz, keys: Iterable[GuardianPublicKey]) -> bytes:
    """H_G (27): what every guardian compares with its peers, outside the service."""
    ordered = sorted(keys, key=lambda key: key.index)
    elements = [joint_key, joint_data_key]
    elements += [commitment for key in ordered for commitment in key.vote_commitments]
    elements += [commitment for key in ordered for commitment in key.data_commitments]
    elements += [key.kappa for key in ordered]
    return hash_h(h_b, 0x13, *map(element_bytes, elements))


def committed_value(engine: Engine, commitments: Sequence[mpz], x: int) -> mpz:
    """g^{P(x)} = Π K_j^{x^j} from the commitments to P: the right side of (28) and (29)."""
    return engine.multi_power(commitments, [pow(x, j, int(Q)) for j in range(len(commitments))])


def vote_share_keys(engine: Engine, keys: Sequence[GuardianPublicKey], members: Iterable[int]) -> dict[int, mpz]:
    """g^{z_i} for each member i, from public values: Π_j Π_m K_{j,m}^{i^m} (Note 3.7)."""
    return _share_keys(engine, [key.vote_commitments for key in keys], members)


def data_share_keys(engine: Engine, keys: Sequence[GuardianPublicKey], members: Iterable[int]) -> dict[int, mpz]:
    """g^{ẑ_i} for each member i, from public values."""
    return _share_keys(engine, [key.data_commitments for key in keys], members)


def _share_keys(engine: Engine, commitments: Sequence[Sequence[mpz]], members: Iterable[int]) -> dict[int, mpz]:
    of_sum = [engine.product(column) for column in zip(*commitments, strict=True)]
    return {i: committed_value(engine, of_sum, i) for i in members}

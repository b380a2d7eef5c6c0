"""The election's public constants, and the hashes that bind everything to them."""

from dataclasses import dataclass

from gmpy2 import mpz

from amarvote.electionguard.hashing import element_bytes, exponent_bytes, hash_h, index_bytes, sized_bytes
from amarvote.electionguard.manifest import Manifest
from amarvote.electionguard.parameters import VERSION, G, P, Q


def parameter_base_hash(n: int, k: int) -> bytes:
    """H_P, eq. (4), for `n` guardians and quorum `k`."""
    return hash_h(
        VERSION, 0x00, element_bytes(P), exponent_bytes(Q), element_bytes(G), index_bytes(n), index_bytes(k)
    )


def election_base_hash(h_p: bytes, manifest: bytes) -> bytes:
    """H_B, eq. (5), over the exact bytes of the manifest file."""
    return hash_h(h_p, 0x01, sized_bytes(manifest))


def extended_base_hash(h_b: bytes, joint_key: mpz, joint_data_key: mpz) -> bytes:
    """H_E, eq. (30)."""
    return hash_h(h_b, 0x14, element_bytes(joint_key), element_bytes(joint_data_key))


def identifier_hash(h_e: bytes, id_b: bytes) -> bytes:
    """H_I, eq. (32), of a ballot's identifier (32 raw bytes)."""
    return hash_h(h_e, 0x20, id_b)


@dataclass(frozen=True, slots=True)
class Context:
    """What every part of a running election shares: manifest, guardian numbers, joint keys, base hashes."""

    manifest: Manifest
    n: int
    k: int
    joint_key: mpz
    joint_data_key: mpz
    h_p: bytes
    h_b: bytes
    h_e: bytes

    @classmethod
    def derive(cls, manifest: Manifest, n: int, k: int, joint_key: mpz, joint_data_key: mpz) -> "Context":
        """The context that follows from the manifest and the joint keys."""
        h_p = parameter_base_hash(n, k)
        h_b = election_base_hash(h_p, manifest.raw)
        h_e = extended_base_hash(h_b, joint_key, joint_data_key)
        return cls(manifest, n, k, joint_key, joint_data_key, h_p, h_b, h_e)

"""A guardian's secrets at rest: one file during the ceremony, another one after it. The passphrase opens both.

The first holds the polynomials and zeta and is erased when the ceremony is over; the second holds z_i and ẑ_i,
pins H_E and H_G (rule 19), and keeps the key that seals the nonces of runs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amarvote.electionguard.hashing import exponent_bytes
from amarvote.electionguard.key_ceremony import GuardianSecret, KeyShare
from amarvote.guardian.errors import GuardianError
from amarvote.guardian.sealing import new_key, seal_with_passphrase, unseal_with_passphrase
from amarvote.participants.files import erase, read_bounded, write_durably

LARGEST_FILE = 1 << 20
LARGEST_PASSPHRASE = 4096
CEREMONY = "key ceremony"
KEY = "guardian key"


@dataclass(frozen=True, slots=True)
class CeremonySecret:
    """What a guardian drew for one ceremony of `n` with quorum `k`, and the public key as it will be sent."""

    n: int
    k: int
    secret: GuardianSecret = field(repr=False)
    public_key: bytes


@dataclass(frozen=True, slots=True)
class GuardianKey:
    """What a guardian keeps for decrypting under one H_E; `state_key` seals its nonces."""

    share: KeyShare = field(repr=False)
    h_e: bytes
    h_g: bytes
    state_key: bytes = field(repr=False)


class KeyFiles:
    """The two files in a guardian's home."""

    def __init__(self, home: Path, passphrase: bytes) -> None:
        self._ceremony = home / "ceremony-key.json"
        self._key = home / "key.json"
        self._passphrase = passphrase

    def ceremony(self) -> CeremonySecret | None:
        """The secrets of the ceremony under way; None before they are drawn and after they are erased."""
        content = self._read(self._ceremony, CEREMONY)
        if content is None:
            return None
        try:
            secret = GuardianSecret(
                int(content["index"]),
                _exponents(content["vote_polynomial"]),
                _exponents(content["data_polynomial"]),
                *_exponents([content["zeta"]]),
            )
            public_key = bytes.fromhex(content["public_key"])
            return CeremonySecret(int(content["n"]), int(content["k"]), secret, public_key)
        except (KeyError, TypeError, ValueError):
            raise GuardianError(f"{self._ceremony} does not hold what was sealed into it.") from None

    def keep_ceremony(self, secret: CeremonySecret) -> None:
        """Seal fresh secrets; they must be on disk before anything made from them leaves."""
        content = {
            "n": secret.n,
            "k": secret.k,
            "index": secret.secret.index,
            "vote_polynomial": _hex(secret.secret.vote_polynomial),
            "data_polynomial": _hex(secret.secret.data_polynomial),
            "zeta": exponent_bytes(secret.secret.zeta).hex(),
            "public_key": secret.public_key.hex(),
        }
        self._write(self._ceremony, content, CEREMONY)

    def key(self) -> GuardianKey | None:
        """The key for decrypting; None before the ceremony is over."""
        content = self._read(self._key, KEY)
        if content is None:
            return None
        try:
            share = KeyShare(int(content["index"]), *_exponents([content["z"], content["z_hat"]]))
            h_e, h_g, state_key = (bytes.fromhex(content[name]) for name in ("h_e", "h_g", "state_key"))
        except (KeyError, TypeError, ValueError):
            raise GuardianError(f"{self._key} does not hold what was sealed into it.") from None
        return GuardianKey(share, h_e, h_g, state_key)

    def keep_key(self, share: KeyShare, h_e: bytes, h_g: bytes) -> GuardianKey:
        """Seal the outcome of the ceremony, with a fresh key for the nonces to come."""
        key = GuardianKey(share, h_e, h_g, new_key())
        content = {
            "index": share.index,
            "z": exponent_bytes(share.vote).hex(),
            "z_hat": exponent_bytes(share.data).hex(),
            "h_e": h_e.hex(),
            "h_g": h_g.hex(),
            "state_key": key.state_key.hex(),
        }
        self._write(self._key, content, KEY)
        return key

    def forget_ceremony(self) -> None:
        """Erase polynomials and zeta: z_i and ẑ_i are all that a guardian keeps."""
        erase(self._ceremony)

    def _read(self, path: Path, purpose: str) -> dict[str, Any] | None:
        if not path.exists():
            return None
        plain = unseal_with_passphrase(self._passphrase, read_bounded(path, LARGEST_FILE), purpose)
        content = json.loads(plain)
        return content if isinstance(content, dict) else {}

    def _write(self, path: Path, content: dict[str, Any], purpose: str) -> None:
        plain = json.dumps(content).encode()
        write_durably(path, seal_with_passphrase(self._passphrase, plain, purpose))


def read_passphrase(path: Path) -> bytes:
    """The passphrase from a file that only its guardian can read; GuardianError where others can, too."""
    if path.exists() and path.stat().st_mode & 0o077:
        raise GuardianError(f"{path} can be read by others. Run chmod 600 on it.")
    return read_bounded(path, LARGEST_PASSPHRASE).strip()


def _hex(values: Sequence[int]) -> list[str]:
    return [exponent_bytes(value).hex() for value in values]


def _exponents(values: object) -> tuple[int, ...]:
    if not isinstance(values, list):
        raise TypeError("not a list")
    return tuple(int.from_bytes(bytes.fromhex(value), "big") for value in values)

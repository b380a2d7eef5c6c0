"""Secrets at rest: AES-256-GCM, under a key from the guardian's passphrase (Argon2id) or under a random key.

A sealed file is JSON without secrets: how the key follows from the passphrase, the GCM nonce, the ciphertext.
"""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from amarvote.guardian.errors import WrongPassphrase

KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16
FORMAT = "amarvote sealed file 1"
LEAST_PASSPHRASE = 12
"""Bytes of the shortest passphrase that seals a key."""


@dataclass(frozen=True, slots=True)
class Stretching:
    """What Argon2id costs: RFC 9106's choice for machines with little memory (64 MiB, 3 passes, 4 lanes)."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 4

    def within_bounds(self) -> bool:
        """True where opening cannot exhaust the machine and guessing is not made cheap."""
        return 19456 <= self.memory_kib <= 1 << 20 and 1 <= self.passes <= 64 and 1 <= self.lanes <= 64


def new_key() -> bytes:
    """A random AES-256 key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, content: bytes, purpose: str) -> bytes:
    """GCM nonce ‖ ciphertext of `content` under a random `key`; opens only for the same `purpose`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, purpose.encode())


def unseal(key: bytes, sealed: bytes, purpose: str) -> bytes:
    """The content; raises WrongPassphrase where key, purpose or file is another."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError):
        raise WrongPassphrase(f"What is sealed for “{purpose}” does not open: it was changed.") from None


def seal_with_passphrase(passphrase: bytes, content: bytes, purpose: str) -> bytes:
    """A sealed file that opens with `passphrase` (at least 12 bytes) for this `purpose`."""
    require_length(passphrase)
    cost = Stretching()
    salt = secrets.token_bytes(SALT_BYTES)
    header = {
        "format": FORMAT,
        "purpose": purpose,
        "argon2id": {"memory_kib": cost.memory_kib, "passes": cost.passes, "lanes": cost.lanes},
        "salt": base64.b64encode(salt).decode(),
    }
    sealed = seal(_stretch(passphrase, salt, cost), content, purpose)
    return json.dumps({**header, "sealed": base64.b64encode(sealed).decode()}, indent=1).encode()


def require_length(passphrase: bytes) -> None:
    """WrongPassphrase where it is too short to seal a key with."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise WrongPassphrase(f"A passphrase must have at least {LEAST_PASSPHRASE} characters.")


def unseal_with_passphrase(passphrase: bytes, data: bytes, purpose: str) -> bytes:
    """The content of a sealed file; raises WrongPassphrase where passphrase, purpose or file is another."""
    try:
        file = json.loads(data)
        cost = Stretching(**{name: int(value) for name, value in file["argon2id"].items()})
        salt = base64.b64decode(file["salt"], validate=True)
        sealed = base64.b64decode(file["sealed"], validate=True)
        usable = file["format"] == FORMAT and file["purpose"] == purpose and cost.within_bounds()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        usable = False
    if not usable:
        raise WrongPassphrase(f"This is not a sealed file for “{purpose}”. Restore it from your own copy.")
    try:
        return unseal(_stretch(passphrase, salt, cost), sealed, purpose)
    except WrongPassphrase:
        raise WrongPassphrase(
            f"The sealed file for “{purpose}” does not open: another passphrase, or the file was changed."
        ) from None


def _stretch(passphrase: bytes, salt: bytes, cost: Stretching) -> bytes:
    kdf = Argon2id(
        salt=salt, length=KEY_BYTES, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib
    )
    return kdf.derive(passphrase)

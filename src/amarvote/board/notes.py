"""Signed notes (c2sp.org/signed-note) with Ed25519: text, an empty line, one line for each signature.

A verifier key is `NAME+HASH+BASE64`, as Go's checksum database and the tools of C2SP take it; HASH binds name
and key.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
"""The type of signature that C2SP gives plain Ed25519."""

LONGEST_NAME = 200
LARGEST_NOTE = 16 << 10
MOST_SIGNATURES = 16
_MARK = "\N{EM DASH} "
_PRIVATE = "PRIVATE+KEY+"


class NoteError(Exception):
    """A note or a key is not what it should be; the message says which."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key (32 bytes) under the name that stands in its signatures."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that lead each signature: which key is meant, no more."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_text(ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """The key of `NAME+HASH+BASE64`; raises NoteError."""
        name, key = _read_key(text, "verifier key")
        verifier = cls(name, key)
        if text.split("+", 2)[1] != verifier.key_id.hex():
            raise NoteError("The hash in the verifier key is not that of its name and key: a letter was changed.")
        return verifier


class Signer:
    """A private key under a name. It is never shown; `private_text` is for the file that keeps it."""

    def __init__(self, name: str, seed: bytes) -> None:
        _check_name(name)
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"Signer({self.verifier.name!r})"

    @classmethod
    def generate(cls, name: str) -> "Signer":
        """A fresh key, from the operating system's randomness."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    def private_text(self) -> str:
        """`PRIVATE+KEY+NAME+HASH+BASE64`."""
        return f"{_PRIVATE}{self.verifier.name}+{self.verifier.key_id.hex()}+{_text(ED25519 + self._seed)}"

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """The key that `private_text` wrote; raises NoteError, which does not show it."""
        if not text.startswith(_PRIVATE):
            raise NoteError("This is not a file of a signer's private key.")
        text = text.removeprefix(_PRIVATE)
        signer = cls(*_read_key(text, "private key"))
        if text.split("+", 2)[1] != signer.verifier.key_id.hex():
            raise NoteError("The private key is not whole: its hash does not fit. Restore it from your copy.")
        return signer

    def sign(self, text: str) -> str:
        """The note of this text, which ends with a line break."""
        if not text.endswith("\n") or not _is_plain(text):
            raise NoteError("A note's text is lines of printable characters, and ends with a line break.")
        signature = self.verifier.key_id + self._key.sign(text.encode())
        return f"{text}\n{_MARK}{self.verifier.name} {_text(signature)}\n"


def open_note(note: str, verifier: Verifier) -> str:
    """The text of a note that `verifier` signed; raises NoteError. Signatures of other keys are passed over."""
    if len(note) > LARGEST_NOTE or not _is_plain(note):
        raise NoteError(f"A note is at most {LARGEST_NOTE} printable characters in lines.")
    text, mark, signatures = note.rpartition(f"\n\n{_MARK}")
    lines = (_MARK + signatures).split("\n")
    if not mark or lines.pop() or len(lines) > MOST_SIGNATURES:
        raise NoteError("A note is text, an empty line, and lines of signatures.")
    text += "\n"
    own = 0
    for line in lines:
        name, key_id, signature = _read_signature(line)
        if (name, key_id) == (verifier.name, verifier.key_id):
            _check(verifier, text, signature)
            own += 1
    if own != 1:
        raise NoteError(f"The note carries {own} signatures of {verifier.name}; it takes one.")
    return text


def _check(verifier: Verifier, text: str, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public_key).verify(signature, text.encode())
    except InvalidSignature:
        raise NoteError(f"The signature of {verifier.name} does not hold: the note was changed.") from None


def _read_signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    data = _bytes(encoded, "signature")
    if not line.startswith(_MARK) or len(data) <= 4:
        raise NoteError("A line of the note is not a signature.")
    return name, data[:4], data[4:]


def _read_key(text: str, what: str) -> tuple[str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3 or len(text) > LONGEST_NAME + 100:
        raise NoteError(f"A {what} is NAME+HASH+BASE64.")
    _check_name(parts[0])
    data = _bytes(parts[2], what)
    if len(data) != 33 or data[:1] != ED25519:
        raise NoteError(f"The {what} is not one of Ed25519.")
    return parts[0], data[1:]


def _check_name(name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not _is_plain(name) or "+" in name or any(c.isspace() for c in name):
        raise NoteError(f"A key's name is 1 to {LONGEST_NAME} characters without spaces and '+'.")


def _is_plain(text: str) -> bool:
    """Lines of Unicode text without control characters (and without what UTF-8 cannot say)."""
    return all(c == "\n" or (ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0) for c in text) and _encodes(text)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"The {what} is not base64.") from None
    if _text(data) != text:
        raise NoteError(f"The {what} is not canonical base64.")
    return data

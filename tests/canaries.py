"""Secrets looked for in what was written down."""

import base64
import re


def forms(canary):
    """How a secret could look: as it is, escaped, in hex, in base64 wherever it begins in what was encoded.

    Half of it is too much.
    """
    raw = canary.encode() if isinstance(canary, str) else canary
    if isinstance(canary, str) and re.fullmatch("[0-9a-f]{64}", canary):
        return forms(bytes.fromhex(canary)) | _forms(raw)
    halves = (raw[: len(raw) // 2], raw[len(raw) // 2 :]) if len(raw) >= 32 else (raw,)
    return {form for half in halves for form in _forms(half)}


def _forms(raw):
    yet = {raw, repr(raw)[2:-1].encode(), raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # characters that are made of its bits only
            first, last = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
            yet.add(encode(bytes(offset) + raw + bytes(3))[first:last])
    return yet


def leaked(canaries, text):
    """The names of those that stand there in any form."""
    return sorted(name for name, value in canaries.items() if any(form in text for form in forms(value)))

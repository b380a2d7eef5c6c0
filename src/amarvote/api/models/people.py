"""Tokens: who takes part."""

from typing import Literal

from pydantic import Field

from amarvote.api.models.common import Asked, GuardianNumber, Seconds, Shown, TokenValue


class IssuedToken(Shown):
    """A token that was just made."""

    token: TokenValue
    id: int = Field(description="By which it is listed and revoked.")
    expires_at: Seconds


class ListedToken(Shown):
    """A token, as far as it is known: whose, and until when."""

    id: int
    role: Literal["officer", "guardian", "device", "signer", "invitation"]
    number: int = Field(description="Of the guardian or device; 0 for an officer.")
    issued_at: Seconds
    expires_at: Seconds
    revoked_at: Seconds | None
    used_at: Seconds | None = Field(description="When an invitation became a guardian's token.")


class Invited(Asked):
    """Who is invited."""

    guardian: GuardianNumber


class Joining(Asked):
    """The invitation, and the hash of the token that the guardian's agent has drawn for itself."""

    invitation: str = Field(min_length=1, max_length=256, examples=["c0" * 32])
    token_sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        examples=["5f" * 32],
        description="SHA-256 of the token as it will stand in the Authorization header (64 hex digits of 32 "
        "random bytes). The token itself never travels here; the same request again is answered the same.",
    )


class Joined(Shown):
    """Which guardian the bearer of that token is from now on."""

    guardian: int
    expires_at: Seconds


class NewDevice(Asked):
    """A voting device; of one that is there already, another token."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["polling-place-1"])


class DeviceMade(IssuedToken):
    """The device's token."""

    name: str
    device_id: str = Field(description="S_device, its device string.")

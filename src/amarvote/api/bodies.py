"""Reading requests: bodies are bounded before they are read, JSON is read strictly, tokens come as Bearer."""

import json
from typing import Any

from fastapi import HTTPException, Request

from amarvote.elections.access import Bearer, bearer_of, require
from amarvote.elections.errors import Unauthorized, Unprocessable
from amarvote.elections.service import Service

SMALL = 64 << 10
LARGEST_MAIL = 1 << 20
LARGEST_ROLL = 64 << 20


def service_of(request: Request) -> Service:
    """The service behind this application."""
    service: Service = request.app.state.service
    return service


async def read_body(request: Request, most: int) -> bytes:
    """The body, of at most `most` bytes; 413 before the rest is read."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > most:
        raise HTTPException(413, f"The body has more than {most} bytes.")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise HTTPException(413, f"The body has more than {most} bytes.")
        parts.append(part)
    return b"".join(parts)


def json_object(body: bytes, *names: str) -> dict[str, Any]:
    """The body as a JSON object with exactly these members; Unprocessable otherwise."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or set(content) != set(names):
        raise Unprocessable(f"The body is a JSON object of {', '.join(names)}.")
    return content


def bearer(request: Request) -> Bearer:
    """Who asks; Unauthorized without a token that this election knows."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= 256:
        raise Unauthorized("Send the token that you were given: Authorization: Bearer TOKEN.")
    return bearer_of(service_of(request).bearers, token)


def as_role(request: Request, role: str) -> int:
    """The number of the bearer, who must have this role."""
    return require(bearer(request), role)

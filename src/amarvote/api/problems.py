"""Errors as problem details (RFC 9457): what happened and what to do, in one shape, whatever went wrong.

Nothing of a defect is told to who asked; it stands in the log, with its traceback.
"""

import logging
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from amarvote.api.metrics import template
from amarvote.elections.errors import (
    Conflict,
    Forbidden,
    NotFound,
    Refusal,
    TooMany,
    Unauthorized,
    Unavailable,
    Unprocessable,
)
from amarvote.elections.service import AwayError, DatabaseError, is_no_value, is_passing

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[Refusal], int] = {
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Unprocessable: 422,
    TooMany: 429,
    Unavailable: 503,
}

MEANINGS = {
    401: "No token, or one that is not known here, has expired or was revoked.",
    403: "The bearer of this token may not do this.",
    404: "It is not there, or not public (yet).",
    409: "It contradicts what was stored before, or the state of the election.",
    413: "The body is larger than anything that belongs there.",
    416: "The range begins after the end of the file.",
    422: "What was sent is not what it should be; sending it again changes nothing.",
    429: "Too often; Retry-After says when to ask again.",
    500: "A defect of the service. What happened stands in its log.",
    503: "The service cannot do it at this moment; Retry-After says when to ask again.",
}

SHOWN_ERRORS = 5
"""Of a body with more mistakes than this only the first are named."""

LONGEST_MISTAKE = 200


class Problem(BaseModel):
    """What went wrong, and what to do."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(ge=400, le=599, examples=[409])
    detail: str = Field(examples=["Voting ended at 2026-11-03T20:00:00Z; no ballots are taken any more."])
    missing: list[str] | None = Field(None, description="Of readiness only: the parts that are missing.")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How these statuses are answered, for the OpenAPI document."""
    return {
        status: {
            "description": MEANINGS[status],
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "type": "about:blank",
                        "title": HTTPStatus(status).phrase,
                        "status": status,
                        "detail": MEANINGS[status],
                    },
                }
            },
            **({"headers": {"Retry-After": _RETRY_AFTER}} if status in (429, 503) else {}),
        }
        for status in statuses
    }


_RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, missing: list[str] | None = None
) -> JSONResponse:
    """One such answer."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(content | ({"missing": missing} if missing else {}), status, headers, MEDIA_TYPE)


def unavailable(sentence: str, retry_after: float, missing: list[str] | None = None) -> JSONResponse:
    """It cannot be done at this moment."""
    seconds = max(1, math.ceil(retry_after))
    return problem(503, f"{sentence} Ask again in {seconds} s.", {"Retry-After": str(seconds)}, missing)


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of `app` such an answer."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DatabaseError, _database)
    app.add_exception_handler(Exception, _defect)


def mistakes(problems: RequestValidationError | ValidationError) -> str:
    """What is wrong with a body, in a sentence that repeats none of its values."""
    found = problems.errors()
    said = [f"{_place(error['loc'])}: {str(error['msg'])[:LONGEST_MISTAKE]}" for error in found[:SHOWN_ERRORS]]
    more = f" And {len(found) - SHOWN_ERRORS} more." if len(found) > SHOWN_ERRORS else ""
    return f"What was sent is not what it should be. {'; '.join(said)}.{more}"


def _place(location: tuple[Any, ...]) -> str:
    """`body.entries.3.style`; a name that the sender chose is shown as text without control characters."""
    names = [str(part)[:40] for part in location]
    return "".join(character if character.isprintable() else "?" for character in ".".join(names))[:120]


async def _refused(request: Request, refusal: Exception) -> JSONResponse:  # noqa: ARG001
    if not isinstance(refusal, Refusal):
        raise refusal
    status = next(code for kind, code in STATUS.items() if isinstance(refusal, kind))
    headers = {}
    if isinstance(refusal, TooMany | Unavailable):
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after)))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status, str(refusal), headers)


async def _http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself."""
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(404, f"There is nothing at {request.url.path[:200]!r}.", headers)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return problem(405, f"{request.method[:20]} does not go with this address.", headers)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem(422, "The body cannot be read as JSON.", headers)
    return problem(error.status_code, str(error.detail), headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    if not isinstance(error, RequestValidationError):
        raise error
    return problem(422, mistakes(error))


async def _database(request: Request, error: Exception) -> JSONResponse:
    if is_no_value(error):
        return problem(422, "A text holds the character U+0000, or a number is too large.")
    if not is_passing(error):
        log.error("%s %s failed", request.method, template(request.scope), exc_info=error)
        return await _defect(request, error)
    if isinstance(error, AwayError):  # the log says so already, once
        return unavailable("The database does not answer.", error.retry_after)
    log.warning("%s %s: the database did not do it: %s", request.method, template(request.scope), error)
    return unavailable("The database does not do it at this moment.", 1.0)


async def _defect(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - the server logs it
    return problem(500, "A defect of the service, not of what you sent. It stands in the service's log.")

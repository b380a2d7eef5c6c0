"""The published record: its files, listed and given out in pieces, so that a broken download goes on.

GET /record?after=PATH&limit=N   {phase, files: [{path, size, sha256}], next}; go on with after=next until it
                                 is null
GET /record/{path}               the bytes; ETag is the SHA-256, Range and If-Range resume, If-None-Match asks
                                 whether it is still the same
"""

import re
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from amarvote.api.asking import AnElection, BoundedRoute, ask
from amarvote.api.models.outcome import RecordListing
from amarvote.api.problems import responses
from amarvote.elections import record_files

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["record"])

LONGEST_PATH = 200
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))", re.ASCII)


_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.get("/record", responses=responses(404, 422))
async def record(
    election: AnElection,
    after: Annotated[
        str, Query(max_length=LONGEST_PATH, pattern=r"^[ -~]*$", description="`next` of the page before.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=record_files.LISTED_AT_ONCE)] = record_files.LISTED_AT_ONCE,
) -> RecordListing:
    """The public files of the record."""
    return RecordListing.model_validate(await ask(record_files.listing, election, after, limit))


@router.get(
    "/record/{path:path}",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The file.", "content": _BYTES},
        206: {"description": "The part that was asked for with Range.", "content": _BYTES},
        304: {"description": "It is still what If-None-Match names."},
        **responses(404, 416, 422),
    },
)
async def record_file(
    request: Request,
    election: AnElection,
    path: Annotated[str, Path(max_length=LONGEST_PATH, examples=["setup/manifest.json"])],
) -> Response:
    """One public file of the record, or the part of it that is asked for."""
    file = await ask(record_files.public_file, election, path)
    tag = f'"{file.digest}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    bounds = _bounds(request, tag, file.size)
    first, stop = bounds or (0, file.size)
    if bounds:
        headers["Content-Range"] = f"bytes {first}-{stop - 1}/{file.size}"
    headers["Content-Length"] = str(stop - first)
    return StreamingResponse(
        record_files.content(election, file, first, stop),
        206 if bounds else 200,
        headers,
        media_type="application/octet-stream",
    )


def _bounds(request: Request, tag: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last that are asked for; None for the whole file.

    As RFC 9110 has it, a Range that is none, or of several parts, or of other bytes than these, is passed over;
    416 where it begins after the end.
    """
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", tag) != tag:
        return None
    if asked[3] is not None:
        first, stop = max(size - int(asked[3]), 0), size
    else:
        first, stop = int(asked[1]), min(int(asked[2]) + 1 if asked[2] else size, size)
        if asked[2] and int(asked[2]) < int(asked[1]):
            return None
    if first >= stop:
        raise HTTPException(
            416, f"The file has {size} bytes; none are left there.", {"Content-Range": f"bytes */{size}"}
        )
    return first, stop

"""The board of accepted confirmation codes (rule 22): checkpoints, proofs, codes; and what became of a code."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from amarvote.api.asking import AnElection, AnOfficer, ASigner, BoundedRoute, ask, read_body
from amarvote.api.models.board import ConfirmationCode, Consistency, Head, Inclusion, SignerKey
from amarvote.api.models.people import IssuedToken
from amarvote.api.problems import responses
from amarvote.elections import board_desk
from amarvote.elections.values import LARGEST_NUMBER

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["board"])

LARGEST_NOTE = 16 << 10
_CODE = {"pattern": r"^[0-9a-f]{64}$", "examples": ["5f" * 32]}
Size = Annotated[int, Query(ge=1, le=LARGEST_NUMBER)]


@router.get(
    "/board",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A line for each code, an empty line, the checkpoint over them: what "
            "`amarvote verify RECORD --board FILE` takes.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **responses(404, 422),
    },
)
async def whole(election: AnElection) -> StreamingResponse:
    """The whole board as far as it is signed, as one file."""
    return StreamingResponse(await ask(board_desk.file, election), media_type="text/plain; charset=utf-8")


@router.get("/board/head", responses=responses(404, 422))
async def head(election: AnElection) -> Head:
    """The board as it stands: what the signer signs."""
    return Head.model_validate(await ask(board_desk.head, election))


@router.put("/board/signer", responses=responses(401, 403, 404, 409, 413, 422, 429))
async def signer(election: AnElection, _: AnOfficer, key: SignerKey) -> IssuedToken:
    """Take checkpoints of this key, and of no other; the token is for whoever holds it."""
    return IssuedToken.model_validate((await ask(board_desk.name_signer, election, key.verifier_key)).shown())


@router.get(
    "/board/checkpoint",
    response_class=PlainTextResponse,
    responses={200: {"description": "A signed note."}, **responses(404, 422)},
)
async def checkpoint(election: AnElection) -> PlainTextResponse:
    """The newest signed checkpoint, as a note that other tools can read (c2sp.org/tlog-checkpoint)."""
    return PlainTextResponse(await ask(board_desk.latest_checkpoint, election))


@router.put(
    "/board/checkpoint",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Published."}, **responses(401, 403, 404, 409, 413, 422, 429)},
    openapi_extra={
        "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
)
async def put_checkpoint(request: Request, election: AnElection, _: ASigner) -> Response:
    """Publish a checkpoint, which has to be one of this board, signed by the signer's key."""
    await ask(board_desk.put_checkpoint, election, await read_body(request, LARGEST_NOTE))
    return Response(status_code=204)


@router.get("/board/proof", responses=responses(404, 422))
async def proof(election: AnElection, code: Annotated[str, Query(**_CODE)]) -> Inclusion:
    """That this code is on the board, under the newest signed checkpoint."""
    return Inclusion.model_validate(await ask(board_desk.proof, election, bytes.fromhex(code)))


@router.get("/board/consistency", responses=responses(404, 422))
async def consistency(election: AnElection, first: Size, second: Size) -> Consistency:
    """That the board of `second` codes continues the one of `first`: whoever kept a checkpoint checks it so."""
    return Consistency.model_validate(await ask(board_desk.consistency, election, first, second))


@router.get(
    "/board/codes",
    response_class=Response,
    responses={
        200: {
            "description": "The codes, 32 bytes each, end to end; empty where there are no more.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **responses(404, 422),
    },
)
async def codes(
    election: AnElection,
    first: Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="A place on the board, from 0.")] = 0,
    count: Annotated[int, Query(ge=1, le=board_desk.MOST_CODES)] = board_desk.MOST_CODES,
) -> Response:
    """The codes on the board, in their order, from `first` on."""
    found = await ask(board_desk.codes, election, first, count)
    return Response(found, media_type="application/octet-stream")


@router.get("/codes/{code}", responses=responses(404, 422))
async def by_code(election: AnElection, code: Annotated[str, Path(**_CODE)]) -> ConfirmationCode:
    """What became of a ballot, by the confirmation code that its voter took home; the proof once there is one."""
    return ConfirmationCode.model_validate(await ask(board_desk.of_code, election, bytes.fromhex(code)))

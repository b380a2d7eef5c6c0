"""Who takes part: invitations, joining, devices, further officers; tokens listed and revoked."""

from fastapi import APIRouter, Request, Response

from amarvote.api.asking import (
    After,
    AnElection,
    AnOfficer,
    AnOperator,
    AtMost,
    BoundedRoute,
    Numbered,
    address_of,
    ask,
    limit,
    services_of,
    stranger,
)
from amarvote.api.models.common import Page
from amarvote.api.models.elections import Invitation
from amarvote.api.models.people import (
    DeviceMade,
    Invited,
    IssuedToken,
    Joined,
    Joining,
    ListedToken,
    NewDevice,
)
from amarvote.api.problems import responses
from amarvote.elections import admitting, invitations, tokens
from amarvote.elections.errors import Unauthorized
from amarvote.elections.limits import Limit

router = APIRouter(prefix="/elections/{election}", route_class=BoundedRoute, tags=["tokens"])

JOINS = Limit("join", rate=1.0, burst=30, what="attempts to join")
REFUSALS = responses(401, 403, 404, 409, 413, 422, 429)


@router.post("/officers", status_code=201, responses=REFUSALS)
async def officer(election: AnElection, _: AnOperator) -> IssuedToken:
    """Another officer's token: for a second officer, or where the first token was lost."""
    return IssuedToken.model_validate((await ask(admitting.officer, election)).shown())


@router.post("/invitations", status_code=201, responses=REFUSALS)
async def invite(request: Request, election: AnElection, _: AnOfficer, invited: Invited) -> Invitation:
    """Invite a guardian. Earlier invitations of it that were not used are revoked.

    `line` names the service as this request did: ask at the address at which guardians reach it.
    """
    made = await ask(invitations.invite, election, invited.guardian)
    address = f"{request.base_url}elections/{election.election_id}"
    return Invitation.model_validate({"line": f"{address}#{made['invitation']}", **made})


@router.post("/join", status_code=201, responses=responses(401, 404, 409, 413, 422, 429))
async def join(request: Request, election: AnElection, joining: Joining) -> Joined:
    """Become a guardian: the invitation is used up, and the token of this hash is the guardian's from now on."""
    await limit(request, JOINS, address_of(request))
    try:
        joined = await ask(invitations.join, election, joining.invitation, bytes.fromhex(joining.token_sha256))
    except Unauthorized:
        await stranger(request)
        raise
    return Joined.model_validate(joined)


@router.post("/devices", status_code=201, responses=REFUSALS)
async def device(election: AnElection, _: AnOfficer, device: NewDevice) -> DeviceMade:
    """A voting device, or another token of one that is there already."""
    admitted = await ask(admitting.device, election, device.name)
    shown = {"name": admitted.name, "device_id": admitted.device_string, **admitted.token.shown()}
    return DeviceMade.model_validate(shown)


@router.get("/tokens", responses=responses(401, 403, 404, 422, 429))
async def listing(election: AnElection, _: AnOfficer, after: After = 0, limit: AtMost = 100) -> Page[ListedToken]:
    """All tokens of this election: whose, and until when."""
    return Page[ListedToken].model_validate(await ask(tokens.listing, election, after, limit))


@router.delete(
    "/tokens/{token}",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Revoked."}, **responses(401, 403, 404, 422, 429)},
)
async def revoke(request: Request, election: AnElection, _: AnOfficer, token: Numbered) -> Response:
    """Revoke a token. Other processes of the service know it after three seconds."""
    await ask(tokens.revoke, election, token)
    services_of(request).bearers.forget()
    return Response(status_code=204)

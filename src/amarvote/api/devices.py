"""What voting devices ask, each with its own token, beside handing in ballots."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from amarvote.api.asking import ADevice, AnElection, BoundedRoute, ask
from amarvote.api.models.outcome import Device, DeviceString
from amarvote.api.problems import responses
from amarvote.elections import device_desk

router = APIRouter(prefix="/elections/{election}/devices", route_class=BoundedRoute, tags=["devices"])

Name = Annotated[str, Path(max_length=64, examples=["polling-place-1"])]


@router.get("/me", responses=responses(401, 403, 404, 429))
async def me(election: AnElection, device: ADevice) -> Device:
    """Which device this is, and where its chain stands."""
    return Device.model_validate(await ask(device_desk.describe, election, device))


@router.post(
    "/{name}/close",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Closed."}, **responses(401, 403, 404, 422, 429)},
)
async def close(election: AnElection, device: ADevice, name: Name) -> Response:
    """This device submits no more."""
    await ask(device_desk.close, election, device, name)
    return Response(status_code=204)


@router.post(
    "/{name}/restart",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Started anew."}, **responses(401, 403, 404, 409, 413, 422, 429)},
)
async def restart(election: AnElection, device: ADevice, name: Name, fresh: DeviceString) -> Response:
    """This device starts a new chain under a new device string."""
    await ask(device_desk.restart, election, device, name, fresh.device_id)
    return Response(status_code=204)

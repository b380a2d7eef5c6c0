"""The application: routes, and refusals as answers with a sentence."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from amarvote.api import officers, participants, public, record
from amarvote.elections.errors import Conflict, Forbidden, NotFound, Refusal, Unauthorized, Unprocessable
from amarvote.elections.service import Service

STATUS: dict[type[Refusal], int] = {
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Unprocessable: 422,
}


def application(service: Service) -> FastAPI:
    """The API of this service."""
    app = FastAPI(title="AmarVote", docs_url=None, redoc_url=None)
    app.state.service = service
    for module in (public, record, participants, officers):
        app.include_router(module.router)

    @app.exception_handler(Refusal)
    async def _refused(request: Request, refusal: Refusal) -> JSONResponse:  # noqa: ARG001
        return JSONResponse({"detail": str(refusal)}, STATUS[type(refusal)])

    return app

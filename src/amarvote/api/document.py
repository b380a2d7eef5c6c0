"""The OpenAPI document: what the framework writes, and the models of bodies that have bounds of their own."""

import json
import re
from functools import cache
from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from amarvote.api.asking import VOTER_SCHEME
from amarvote.api.models.ballots import JsonSubmission
from amarvote.api.models.elections import NewElection
from amarvote.api.models.roll import ImportedRoll, NewVoters
from amarvote.api.problems import Problem, responses

FURTHER: tuple[type[BaseModel], ...] = (Problem, JsonSubmission, NewElection, ImportedRoll, NewVoters)

DESCRIPTION = """Verifiable elections after ElectionGuard 2.1.

Everything about an election is below `/elections/{election}`. What needs work is answered with 202 and the place
to look. Errors are problem details (RFC 9457) whose `detail` says what happened and what to do. A request whose
answer was lost may be sent again: what was handed in is taken once, and a command that was carried out changes
nothing more, or is refused with 409 or 404. But what makes a token, an invitation or an election makes another
one, and voters whose tokens were drawn are not added again (see `POST /elections/{election}/roll/tokens`). Times
are seconds since 1970."""


def document_all(app: FastAPI) -> None:
    """Complete the document of `app`."""
    written = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = written()
            _, schemas = models_json_schema(
                [(model, "validation") for model in FURTHER], ref_template="#/components/schemas/{model}"
            )
            document["components"].setdefault("schemas", {}).update(schemas["$defs"])
            voter = VOTER_SCHEME.model.model_dump(by_alias=True, exclude_none=True, mode="json")
            document["components"]["securitySchemes"][VOTER_SCHEME.scheme_name] = voter
            _in_our_shape(document)
            _in_our_words(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]

    @cache
    def written_out() -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()

    @app.get("/openapi.json", include_in_schema=False)
    async def as_it_is() -> Response:
        """Written out once: it has 200 kB, and everybody may ask for it."""
        return Response(written_out(), media_type="application/json")


def _in_our_words(document: dict[str, Any]) -> None:
    """The first sentence of what a request is for is its summary; the framework's is the name of a function."""
    for operations in document["paths"].values():
        for operation in operations.values():
            first = re.split(r"\.\s|\.$|\n\n", operation["description"], maxsplit=1)[0]
            operation["summary"] = " ".join(first.split())


def _in_our_shape(document: dict[str, Any]) -> None:
    """Where the framework adds a 422 of its own, for what stands in the address, it is answered as all others."""
    ours = responses(422)[422]
    for operations in document["paths"].values():
        for operation in operations.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"]["422"] = ours
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)

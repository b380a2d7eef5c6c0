"""The OpenAPI document is whole, and what it says is so: Schemathesis asks every route, in process."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import requests
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error, response_schema_conformance, status_code_conformance

from amarvote.api import asking
from amarvote.api.application import ROUTERS, application
from amarvote.api.problems import MEDIA_TYPE
from amarvote.board.notes import Signer
from amarvote.elections import board_desk
from amarvote.elections.services import Services
from staging.served import serving

WITHOUT_END = {"/elections/{election}/events"}
"""tests/integration/test_events.py listens to it."""

ENDS = ("/elections/{election}/officer/close", "/elections/{election}/tokens/{token}")
"""Asked last: they end voting, or revoke the very token that asks."""

EXAMPLES = 8


def routes() -> list[APIRoute]:
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return application(Services(None)).openapi()  # type: ignore[arg-type] - nothing is asked


def test_the_document_is_json_and_has_every_route(document):
    json.dumps(document)
    named = {(path, method) for path, item in document["paths"].items() for method in item}
    assert named == {
        (route.path.replace(":path", ""), method.lower()) for route in routes() for method in route.methods
    }


def operations(document):
    return [
        (f"{method} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_route_says_what_it_is_for_and_what_it_answers(document):
    for name, operation in operations(document):
        assert operation.get("description") or operation.get("summary"), name
        assert operation["tags"], name
        good = [status for status in operation["responses"] if status < "400"]
        assert good, name
        for status, answer in operation["responses"].items():
            assert answer["description"], (name, status)
            if status in good:
                if status not in ("204", "304") and answer.get("content") is None:
                    assert "Location" in answer.get("headers", {}), (name, status)
            else:
                (media,) = answer["content"]
                assert media == MEDIA_TYPE, (name, status)
                assert answer["content"][media]["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert answer["content"][media]["example"]["status"] == int(status)
        assert {"500", "503"} <= set(operation["responses"]), name
        if operation.get("security"):
            assert {"401", "429"} <= set(operation["responses"]), name
        if "requestBody" in operation:
            assert {"413", "422"} <= set(operation["responses"]), name


def test_every_summary_is_a_sentence_of_its_own(document):
    summaries = [operation["summary"] for _, operation in operations(document)]
    assert len(set(summaries)) == len(summaries)
    assert [summary for summary in summaries if not 2 <= len(summary.split()) <= 25] == []


def test_an_election_is_made_of_the_documents_own_example(document, stage):
    with serving(stage) as served:
        schema = document["components"]["schemas"]["NewElection"]
        body = {name: value["examples"][0] for name, value in schema["properties"].items() if "examples" in value}
        assert set(schema["required"]) <= set(body)
        made = served.client.post("/elections", json=body, headers=served.headers("operator"))
    assert made.status_code == 201, made.text


def test_every_member_of_a_body_has_a_bound_and_nothing_else_is_taken(document):
    bodies = {"NewElection", "JsonSubmission"}
    for _, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if "$ref" in content["schema"]:
                bodies.add(content["schema"]["$ref"].rpartition("/")[2])
    assert len(bodies) > 8
    for name in bodies:
        schema = document["components"]["schemas"][name]
        assert schema["additionalProperties"] is False, name
        for member, value in schema["properties"].items():
            assert list(unbounded(document, value)) == [], (name, member)


BOUNDS = {
    "string": {"maxLength", "pattern", "enum", "const"},
    "array": {"maxItems"},
    "integer": {"maximum"},
    "number": {"maximum"},
    "object": {"maxProperties"},
}


def unbounded(document, schema):
    """Where a value can be of any size: in the schema itself, its alternatives, entries, and those it refers to.

    What stands within an object whose members nobody names here (a manifest, a ballot) the body's bytes bound.
    """
    if "$ref" in schema:
        referred = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert referred["additionalProperties"] is False
        for member in referred["properties"].values():
            yield from unbounded(document, member)
    for one in schema.get("anyOf", []):
        yield from unbounded(document, one)
    if "items" in schema:
        yield from unbounded(document, schema["items"])
    kind = schema.get("type")
    if kind in BOUNDS and not BOUNDS[kind] & set(schema):
        yield schema


def test_references_lead_somewhere(document):
    for reference in set(_references(document)):
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][kind], reference


def _references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


CHECKS = (not_a_server_error, status_code_conformance, response_schema_conformance)


def test_schemathesis_finds_nothing(opened, monkeypatch):
    """Every operation, with values that fit its schema and with such that do not, as who may and as others."""
    monkeypatch.setattr(asking, "FAILED_TOKENS", replace(asking.FAILED_TOKENS, burst=10_000))
    with serving(opened) as served:
        schema = schemathesis.openapi.from_dict(served.client.get("/openapi.json").json())
        url, statuses, of_signer = str(served.client.base_url), Counter[int](), Counter[int]()
        everything = [result.ok() for result in schema.get_all_operations()]
        with requests.Session() as session:
            for operation in sorted(
                everything, key=lambda one: (*ENDS, one.path).index(one.path) if one.path in ENDS else -1
            ):
                if operation.path not in WITHOUT_END:
                    found = ask_all(operation, served, url, session)
                    statuses += found
                    if "signer" in roles(operation):
                        of_signer += found
    assert statuses.total() > 300
    assert 422 in of_signer, "it is let in, and what it sends is read"
    assert {200, 201, 202, 401, 403, 404, 409, 422} <= set(statuses), statuses


ROLES = {"guardian": "guardian-1", "device": "device-1", "voter": "device-1"}


def roles(operation) -> list[str]:
    return [name for one in operation.definition.raw.get("security", []) for name in one]


def ask_all(operation, served, url, session) -> Counter[int]:
    """The statuses of the answers."""
    role = next((ROLES.get(name, name) for name in roles(operation)), None)
    election, statuses = served.stage.creation.election_id, Counter[int]()
    if role == "signer":  # whoever was named before is it no more
        key = str(Signer.generate("board.example.org").verifier)
        served.tokens[role] = board_desk.name_signer(served.stage.service, key).value

    @seed(20261103)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(operation.as_strategy(), operation.as_strategy(GenerationMode.NEGATIVE)))
    def ask(case: Case) -> None:
        count = statuses.total() + 1
        if "election" in (case.path_parameters or {}) and count % 6:
            case.path_parameters["election"] = election
        if count % 5:
            case.headers = {**(case.headers or {}), **served.headers(role)}
        response = case.call(base_url=url, session=session)
        case.validate_response(response, checks=list(CHECKS))
        assert "Traceback" not in response.text
        statuses[response.status_code] += 1

    ask()
    return statuses

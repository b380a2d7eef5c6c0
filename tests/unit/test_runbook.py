"""The runbook names only requests that the service answers, and commands that the program has."""

import json
import re
import shlex

import pytest
from typer.main import get_command

from amarvote.api.application import application
from amarvote.cli.main import program
from amarvote.elections.services import Services
from stack import runbook


@pytest.fixture(scope="module")
def document():
    return application(Services(None)).openapi()


def operation(document, method, path):
    """What OpenAPI says of a request of the runbook, in which words in capitals stand for values."""
    for template, methods in document["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[A-Z_]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in methods:
            return methods[method.lower()]
    return None


@pytest.mark.parametrize(("method", "path"), sorted(runbook.requests()))
def test_a_request_is_one_of_the_service(document, method, path):
    assert path == "/openapi.json" or operation(document, method, path)


def test_a_request_that_nobody_answers_is_found(document):
    assert operation(document, "GET", "/elections/ID/progress")
    for method, path in (("POST", "/elections/ID/progress"), ("GET", "/elections/ID/progres"), ("GET", "/x")):
        assert operation(document, method, path) is None


@pytest.mark.parametrize(("path", "body"), sorted(runbook.bodies()))
def test_a_body_has_what_the_request_takes(document, path, body):
    asked = operation(document, "POST", path) or operation(document, "PUT", path)
    reference = asked["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert set(json.loads(body)) == set(schema["properties"])


@pytest.mark.parametrize("text", sorted(runbook.commands()))
def test_a_command_is_one_of_the_program(text):
    assert fault(text) is None


@pytest.mark.parametrize("text", ["wroker", "doctor --aip URL", "guardian chek HOME", "db upgrade now", "token"])
def test_a_command_that_is_not_there_is_found(text):
    assert fault(text) is not None


def fault(text):
    """What is wrong with `amarvote TEXT`, in a word; None where it could be typed."""
    command = get_command(program())
    words = shlex.split(text)
    while words and (further := getattr(command, "commands", {}).get(words[0])):
        command, words = further, words[1:]
    if hasattr(command, "commands"):
        return "no such command"
    options = {name: option for option in command.params for name in option.opts}
    arguments = sum(option.param_type_name == "argument" for option in command.params)
    values = 0
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            if word not in options:
                return f"no option {word}"
            if not options[word].is_flag:
                words = words[1:]
        else:
            values += 1
    return "too many words" if values > arguments else None

"""docs/protocol.md names what exists, and says of every check who makes it."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

from amarvote.record.verifier import CHECKS
from conformance.protocol_table import MADE_BY, PROTOCOL, section

TESTS = Path(__file__).parents[1]


def test_the_table_is_the_one_that_is_made() -> None:
    assert section() in PROTOCOL.read_text(encoding="utf-8"), "write it anew: python -m conformance.protocol_table"


def test_every_check_has_its_row() -> None:
    assert list(MADE_BY.keys() - {check.code for check in CHECKS}) == []
    assert [check.code for check in CHECKS if check.code not in MADE_BY] == []


@pytest.mark.parametrize("path", sorted({function for function, _ in MADE_BY.values()}))
def test_functions_exist(path: str) -> None:
    module, name = path.rsplit(".", 1)

    assert callable(getattr(import_module(f"amarvote.{module}"), name))


@pytest.mark.parametrize("path", sorted({test for _, test in MADE_BY.values()}))
def test_tests_exist(path: str) -> None:
    file, name = path.split("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

"""Each folder of the program is a room that says what lives in it; a contract holds it to what it may import."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "amarvote"
FOLDERS = sorted(path.parent for path in SOURCE.rglob("*.py") if path.parent != SOURCE)
ROOMS = sorted({path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"})


def contracts():
    """The contracts on rooms: room -> what it may not import."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        source.removeprefix("amarvote."): {
            module.removeprefix("amarvote.") for module in contract["forbidden_modules"]
        }
        for contract in settings["tool"]["importlinter"]["contracts"]
        for source in contract["source_modules"]
        if contract["name"].startswith(source.removeprefix("amarvote.") + ": ")
        and any(module.startswith("amarvote.") for module in contract["forbidden_modules"])
    }


@pytest.mark.parametrize("folder", sorted(set(FOLDERS)), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_folder_says_what_lives_in_it(folder):
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    said = ast.get_docstring(tree) or ""
    assert len(said.split()) >= 5


def test_every_room_has_its_contract():
    assert {"electionguard", "record", "cli"} <= set(ROOMS)
    assert set(ROOMS) <= set(contracts())


def test_who_may_import_the_store():
    assert {room for room in ROOMS if "store" not in contracts()[room]} == {
        "store",
        "pipeline",
        "queues",
        "worker",
        "elections",
        "observability",
        "backups",
        "doctor",
    }


def test_the_architecture_names_every_room():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [room for room in ROOMS if f"`{room}`" not in text] == []

"""docs/operations.md, and docs/backup.md beside it, as data: what they have people type, and what they name."""

import re
from pathlib import Path

DOCUMENT, BESIDE = (Path(__file__).parents[2] / "docs" / name for name in ("operations.md", "backup.md"))
HEADING = re.compile(r"#+ (.+)")


def typed() -> dict[str, list[str]]:
    """Under each heading, of both, the lines of the blocks marked `sh`: those that a test types."""
    found: dict[str, list[str]] = {}
    heading, within = "", None
    for line in _text().splitlines():
        if line.startswith("```"):
            within = line if within is None else None
        elif within == "```sh":
            found.setdefault(heading, []).append(line)
        elif within is None and (named := HEADING.match(line)):
            heading = named[1]
    return found


def untold() -> set[str]:
    """Recipes without such a block that neither hand on to another nor say what is not run here."""
    recipes = re.split(r"^### (.+)\n", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    names = "|".join(re.escape(name) for name in recipes[::2])
    told = re.compile(rf"^```sh$|\*\*not run here\*\*|\*\*Do\*\*[^#]*(?:\]\(#|\*(?:{names})\*)", re.MULTILINE)
    return {name for name, text in zip(recipes[::2], recipes[1::2], strict=True) if not told.search(text)}


def requests() -> set[tuple[str, str]]:
    """Every request that is named: method and path. Without a method in words it is curl's."""
    found = set()
    for line in _text().splitlines():
        for named in re.finditer(r"(?:(GET|PUT|POST|DELETE) )?(?:URL)?(/(?:elections|openapi)\b[\w/.-]*)", line):
            found.add((named[1] or _method_of(line), named[2]))
    return found


def _method_of(line: str) -> str:
    asked = re.search(r"--request (\w+)", line)
    if asked:
        return asked[1]
    return "POST" if "--json" in line else "GET"


def bodies() -> set[tuple[str, str]]:
    """Every body of a request: path and JSON."""
    typed_ones = re.findall(r"--json '([^']+)' URL(/[\w/-]+)", _text())
    told = re.findall(r"`POST URL(/[\w/-]+)` with `(\{[^`]+\})`", _text())
    return {(path, body) for body, path in typed_ones} | set(told)


def commands() -> set[str]:
    """Every `amarvote …`, also those that containers run as a tool, up to the end of the line or of the code."""
    text = _text().replace("compose run --rm tools ", "amarvote ")
    found = re.findall(r"(?:^|`)amarvote ([a-z][^\n`|#>]*)", text, re.MULTILINE)
    return {command.strip() for command in found}


def _text() -> str:
    return "\n".join(document.read_text(encoding="utf-8") for document in (DOCUMENT, BESIDE))

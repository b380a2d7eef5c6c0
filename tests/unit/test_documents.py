"""What README and documents point to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(document: Path) -> set[str]:
    """The headings of a document as links name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def faults(document: Path) -> list[str]:
    """The relative links of a document that lead nowhere."""
    wrong = []
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    assert faults(document) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    text = "# One `way`\n[a](#one-way) [b](gone.md) [c](#no) [d](https://example.org) [e](x.md#one-way)"
    (tmp_path / "x.md").write_text(text)
    assert faults(tmp_path / "x.md") == ["gone.md", "#no"]


def test_the_readme_links_every_document_and_example():
    links = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [
        path for path in (str(one.relative_to(ROOT)) for one in DOCUMENTS) if path not in [*links, "README.md"]
    ] == []

"""What an expression of Prometheus names: metrics, their matchers, and the labels that it groups by.

Enough of the language for ours, in which groups stand before what they group: `sum by (phase) (…)`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|\d[\w.]*|[=!]~|!=|\S')
_NAME = re.compile(r"[A-Za-z_:][\w:]*\Z")
_GROUPS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "offset", "bool"}


@dataclass
class Expression:
    """`selectors`: each metric with its matchers, as they stand there, and the labels these name;
    `groups`: labels, each with the metrics in which it has to be."""

    selectors: list[tuple[str, str, set[str]]] = field(default_factory=list)
    groups: list[tuple[str, set[str]]] = field(default_factory=list)

    @property
    def metrics(self) -> set[str]:
        return {metric for metric, _, _ in self.selectors}


def read(text: str) -> Expression:
    """Take an expression apart; ValueError where it is written in another way than ours."""
    found = Expression()
    _read(_TOKEN.findall(text), found)
    return found


def _read(tokens: list[str], found: Expression) -> None:
    at = 0
    while at < len(tokens):
        token = tokens[at]
        after = tokens[at + 1] if at + 1 < len(tokens) else ""
        if token in _GROUPS:
            labels = _inside(tokens, at + 1)
            at += 1 + len(labels) + 2
            grouped = Expression()
            _read(_inside(tokens, at), grouped)
            found.groups += [(label, grouped.metrics) for label in labels if label != ","]
        elif _NAME.match(token) and token not in _WORDS and after != "(" and after not in _GROUPS:
            matchers = _inside(tokens, at + 1) if after == "{" else []
            labels = {label for label, sign in pairwise(matchers) if sign[0] in "=!"}
            found.selectors.append((token, "".join([token, "{", *matchers, "}"]), labels))
            at += 1 + (len(matchers) + 2 if matchers else 0)
        else:
            at += 1


def _inside(tokens: list[str], at: int) -> list[str]:
    """What stands between the parenthesis or brace at this place and its end."""
    if tokens[at : at + 1] not in (["("], ["{"]):
        raise ValueError(f"A group, and then no parenthesis: {' '.join(tokens)}")
    depth = 0
    for place in range(at, len(tokens)):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(tokens[place], 0)
        if depth == 0:
            return tokens[at + 1 : place]
    raise ValueError(f"A parenthesis without its end: {' '.join(tokens)}")


def expressions(dashboards: list[dict], rules: list[dict]) -> Iterator[tuple[str, str]]:  # type: ignore[type-arg]
    """Every expression of dashboards and rules, with where it stands."""
    for dashboard in dashboards:
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield f"{dashboard['title']}: {panel['title']}", target["expr"]
    for rule in rules:
        yield rule.get("alert") or rule["record"], rule["expr"]

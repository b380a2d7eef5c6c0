"""Fixtures of staged elections."""

from staging.fixtures import (
    _opened,
    _opened_chained,
    another,
    chained_guardians,
    chained_manifest,
    opened,
    opened_chained,
    plain_guardians,
    plain_manifest,
    stage,
)

__all__ = [
    "_opened",
    "_opened_chained",
    "another",
    "chained_guardians",
    "chained_manifest",
    "opened",
    "opened_chained",
    "plain_guardians",
    "plain_manifest",
    "stage",
]

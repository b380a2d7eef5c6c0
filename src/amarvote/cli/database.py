"""The option that says where the data are."""

from typing import Annotated

import typer

from amarvote.cli import exits
from amarvote.worker.addresses import DATABASE, AddressSettingError, address, file_of


def _from_environment() -> str:
    try:
        found = address(DATABASE)
    except AddressSettingError as problem:
        raise exits.UsageProblem(str(problem)) from None
    if found is None:
        raise exits.UsageProblem(
            f"Say where the data are: --database URL, {DATABASE}, or {file_of(DATABASE)} for a file that holds it."
        )
    return found


DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        default_factory=_from_environment,
        show_default=f"what {DATABASE} says, or the file that {file_of(DATABASE)} names",
        help="sqlite:////absolute/path or postgresql+psycopg://USER@HOST/NAME.",
    ),
]

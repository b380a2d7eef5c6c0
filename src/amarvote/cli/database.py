"""The option that says where the data are."""

from typing import Annotated

import typer

DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="AMARVOTE_DATABASE_URL",
        show_envvar=True,
        help="sqlite:////absolute/path or postgresql+psycopg://USER@HOST/NAME.",
    ),
]

"""The option that says who vouches for the service."""

from pathlib import Path
from typing import Annotated

import typer

Authority = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="The service's certificate authority; the system's by default."),
]

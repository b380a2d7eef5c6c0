"""`amarvote worker`: takes chunks of any election in the database, one at a time, until it is terminated."""

import os
import sys
from typing import Annotated

import typer

from amarvote.pipeline import memory
from amarvote.pipeline.settings import DEFAULTS
from amarvote.worker.addresses import BROKER, DATABASE, file_of

HEALTH_PORT = 8081


def worker(
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            show_default=f"what {DATABASE} says, or the file that {file_of(DATABASE)} names",
            help="postgresql+psycopg://… or sqlite:////path",
        ),
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            show_default=f"what {BROKER} says, or the file that {file_of(BROKER)} names",
            help="amqp://USER:PASSWORD@HOST/VHOST; without it the database hands out the work",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="In the table of workers.  [default: the host and the process's number]")
    ] = None,
    health_host: Annotated[str, typer.Option(help="Where health and metrics are served.")] = "127.0.0.1",
    health_port: Annotated[int, typer.Option(min=0, max=65535, help="Their port; 0 for any.")] = HEALTH_PORT,
    stop_seconds: Annotated[
        float, typer.Option(min=0, help="Told to end, it finishes its chunk within so long, or hands it back.")
    ] = DEFAULTS.stop_seconds,
) -> None:
    """Take the service's work, one chunk at a time.

    It works until it is terminated. Start as many as there are processors, on as many machines as you like.

    Ends with 0 when told to, with 75 where it has grown too large and is to be started again.
    """
    arguments = ["--health-host", health_host, "--health-port", str(health_port)]
    arguments += ["--stop-seconds", str(stop_seconds)]
    if name is not None:
        arguments += ["--name", name]
    # The worker is small; what the other commands need must not stay in its memory. Addresses hold passwords.
    environment = os.environ | memory.ENVIRONMENT
    for setting, given in ((DATABASE, database), (BROKER, broker)):
        if given is not None:
            environment.pop(file_of(setting), None)
            environment[setting] = given
    command = [sys.executable, "-m", "amarvote.worker", *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606 - it becomes our own program

"""`amarvote api`: the service's API, any number of processes beside each other."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import typer

from amarvote.api.serve import Unservable, serve, tcp_socket, unix_socket
from amarvote.cli import exits
from amarvote.cli.database import DatabaseUrl
from amarvote.elections.service import NoDatabaseError
from amarvote.observability import logs
from amarvote.observability.traces import NoTracesError

HOST, PORT = "127.0.0.1", 8080


def api(
    database: DatabaseUrl,
    host: Annotated[
        str, typer.Option("--host", metavar="H", help="Address to listen at; TLS is for a proxy before it.")
    ] = HOST,
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535, help="0: any free one.")] = PORT,
    socket: Annotated[
        Path | None, typer.Option("--socket", metavar="S", help="A UNIX socket, for its owner only, instead.")
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            "--proxy",
            metavar="A",
            help="Address of the reverse proxy whose X-Forwarded-For is believed, or a network (10.1.2.0/24).",
        ),
    ] = None,
) -> int:
    """Serve elections over HTTP.

    One process of the API, until interrupted; any number may serve the same database.
    """
    if proxy is not None:
        _require_network(proxy)
    logs.set_up()
    try:
        serve(database, unix_socket(socket) if socket is not None else tcp_socket(host, port), proxy=proxy)
    except (NoDatabaseError, Unservable) as problem:
        raise exits.UnreadableInput(str(problem)) from None
    except NoTracesError as problem:
        raise exits.UsageProblem(str(problem)) from None
    return exits.OK


def _require_network(proxy: str) -> None:
    """What is no address would be believed by nobody, and every voter be the proxy."""
    try:
        ip_network(proxy)
    except ValueError as problem:
        raise exits.UsageProblem(f"--proxy takes an IP address or a network: {problem}.") from None

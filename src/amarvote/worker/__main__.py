"""`python -m amarvote.worker`: what `amarvote worker` becomes, without the weight of the other commands.

Addresses come from settings (`addresses`), or from options, which everybody on the machine can read in the list of
processes. Without a broker the database hands out the chunks.
"""

import argparse
import logging
import os
import socket
import sys
from dataclasses import replace

from amarvote.observability import logs, traces
from amarvote.observability.traces import NoTracesError
from amarvote.pipeline import memory, steps, watch
from amarvote.pipeline.queue import Queue
from amarvote.pipeline.settings import DEFAULTS, Settings
from amarvote.pipeline.worker import Worker, run_until_terminated
from amarvote.queues.amqp import BrokerAddressError, Link
from amarvote.queues.database import DatabaseQueue
from amarvote.queues.rabbitmq import RabbitQueue
from amarvote.store.database import Database, NoDatabaseError
from amarvote.worker import exits
from amarvote.worker.addresses import BROKER, DATABASE, AddressSettingError, address, file_of
from amarvote.worker.health import Health
from amarvote.worker.metrics import Metrics
from amarvote.worker.telling import Telling

__all__ = ["main", "steps"]

log = logging.getLogger("amarvote.worker")

LOOPBACK = "127.0.0.1"


def main() -> int:
    """Work until terminated; the exit code is one of `exits`."""
    options = _options()
    logs.set_up()
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # `queues.amqp` says the same, once and in words
    try:
        url = options.database or address(DATABASE)
        broker = options.broker or address(BROKER)
    except AddressSettingError as problem:
        return _refuse(str(problem), exits.USAGE)
    if url is None:
        return _refuse(
            f"Say which database: set {DATABASE} or {file_of(DATABASE)}, or use --database.", exits.USAGE
        )
    settings = replace(DEFAULTS, stop_seconds=options.stop_seconds)
    try:
        database = Database(url)
        link = Link(broker, settings.reconnect_seconds) if broker else None
        return _work(database, link, settings, options)
    except (NoDatabaseError, BrokerAddressError) as problem:
        return _refuse(str(problem), exits.UNREADABLE)
    except NoTracesError as problem:
        return _refuse(str(problem), exits.USAGE)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="amarvote worker", description="Take chunks, one at a time.")
    parser.add_argument("--database", help="sqlite:/// or postgresql+psycopg://")
    parser.add_argument("--broker", help="amqp://USER:PASSWORD@HOST/VHOST")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="in the table of workers")
    parser.add_argument("--health-host", default=LOOPBACK)
    parser.add_argument("--health-port", type=int, help="for health and metrics; none where it is not given")
    parser.add_argument("--stop-seconds", type=float, default=DEFAULTS.stop_seconds)
    return parser.parse_args()


def _refuse(sentence: str, code: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


def _queue(database: Database, settings: Settings, name: str, link: Link | None) -> Queue:
    if link is not None:
        return RabbitQueue(database, settings, name, link)
    return DatabaseQueue(database, settings, name)


def _traces() -> list[watch.Watch]:
    tracer = traces.begin("worker")
    if tracer is None:
        return []
    from amarvote.worker.tracing import Traces  # and with it OpenTelemetry, which may not be there

    return [Traces(tracer)]


def _work(database: Database, link: Link | None, settings: Settings, options: argparse.Namespace) -> int:
    queue = _queue(database, settings, options.name, link)
    metrics = Metrics(database, queue, link, lambda: worker.troubles)
    watching = watch.All(metrics, *_traces(), Telling())
    worker = Worker(database, queue, options.name, settings, watched_by=watching)
    if options.health_port is not None:
        try:
            health = Health(
                options.health_host, options.health_port, worker.idle, lambda: worker.troubles, metrics.text
            )
        except OSError as problem:
            return _refuse(
                f"Nothing can listen at {options.health_host}:{options.health_port} for health and metrics "
                f"({problem.strerror}); choose another with --health-port.",
                exits.USAGE,
            )
        log.info("health and metrics at http://%s:%d", options.health_host, health.port)
    memory.settle()
    run_until_terminated(worker)
    return exits.GROWN if worker.grown else exits.DONE


if __name__ == "__main__":
    sys.exit(main())

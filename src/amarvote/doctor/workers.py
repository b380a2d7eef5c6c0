"""Workers and the queues from which they take: roles as they are meant to be."""

from collections.abc import Iterator

from sqlalchemy import func, select

from amarvote.doctor.findings import Finding, State, attention, failed, not_here, unchecked, well
from amarvote.doctor.system import SilentError, System, Told, metrics_at
from amarvote.pipeline.chunks import RUNNING
from amarvote.queues.amqp import CHUNKS, DEAD, BrokerAddressError, parameters
from amarvote.queues.inspection import NoBrokerError, Seen, inspect
from amarvote.store.tables import chunks
from amarvote.worker.addresses import BROKER, file_of

DETAILS = "/metrics/detailed?family=channel_metrics&family=queue_consumer_count&family=exchange_bindings"
NO_BROKER = "No broker is configured: the database itself hands out the work."
ENABLE = "Enable the plugin rabbitmq_prometheus, or name its address with --rabbitmq."
START = "Start amarvote worker, one for each processor, with the addresses of this database and this broker."


def workers(system: System) -> Iterator[Finding]:
    """Whose hearts beat in the database, and that none does two things at once."""
    alive = system.workers()
    if not alive:
        yield failed("No worker's heart beats in the database.", START)
        return
    names = ", ".join(worker.name for worker in alive[:10])
    yield well(f"Alive: {len(alive)} ({names}{' …' if len(alive) > 10 else ''}).")
    with system.database.read() as connection:
        busy = connection.execute(
            select(chunks.c.worker, func.count().label("number"))
            .where(chunks.c.state == RUNNING, chunks.c.worker.in_([worker.name for worker in alive]))
            .group_by(chunks.c.worker)
            .having(func.count() > 1)
        ).all()
    for row in busy:
        yield failed(
            f"Worker {row.worker} holds {row.number} chunks at once.",
            "Two workers have the same name; give each its own (--name), or leave it to the program.",
        )
    yield from _consumers(system, len(alive))


def _consumers(system: System, alive: int) -> Iterator[Finding]:
    """The broker's side: who consumes, and how much is delivered at once."""
    if system.broker is None:
        yield not_here(NO_BROKER, _name_broker(system))
        return
    try:
        consumers = next(seen.consumers for seen in inspect(system.broker) if seen.name.endswith(CHUNKS))
    except (NoBrokerError, BrokerAddressError) as problem:
        yield failed(str(problem), "Start RabbitMQ, or put the broker's address right.")
        return
    if consumers == alive:
        yield well(f"The broker knows {consumers} consumers: the workers are all of them, so the API is none.")
    elif consumers < alive:
        yield failed(
            f"The broker knows {consumers} consumers, and {alive} workers' hearts beat.",
            f"One that ended just now is counted for {system.settings.lost_worker_seconds:.0f} s more. Otherwise "
            "give every worker this broker's address; their logs and /health/ready say why they do not consume.",
        )
    else:
        yield failed(
            f"The broker knows {consumers} consumers, and only {alive} workers' hearts beat in this database.",
            "Somebody else consumes: a worker of another database, or one that has lost this one. Give each "
            "service a virtual host of its own.",
        )
    told = _details(system)
    yield told if isinstance(told, Finding) else _prefetch(told)


def _name_broker(system: System) -> str:
    return "" if system.database_file else f"Where workers have one, name it here, too: {file_of(BROKER)}."


def _details(system: System) -> Told | Finding:
    try:
        return metrics_at(system.rabbitmq_address() or "", DETAILS)
    except SilentError as silent:
        return unchecked(f"How much is delivered at once, and bindings: {silent}.", ENABLE)


def _prefetch(told: Told) -> Finding:
    consuming = {labels["channel"] for labels, number in told.of("rabbitmq_detailed_channel_consumers") if number}
    limits = [
        limit for labels, limit in told.of("rabbitmq_detailed_consumer_prefetch") if labels["channel"] in consuming
    ]
    several = [number for _, number in told.of("rabbitmq_detailed_channel_consumers") if number > 1]
    if limits and not several and set(limits) == {1.0}:
        return well(f"Each of the {len(limits)} channels that consume has one consumer and a prefetch of 1.")
    if not limits:
        return unchecked("RabbitMQ's metrics name no channel that consumes yet; they are some seconds old.")
    return failed(
        f"Channels consume with a prefetch of {', '.join(f'{limit:g}' for limit in sorted(set(limits)))}"
        f"{' and more than one consumer' if several else ''}.",
        "Whoever does is no worker of this version: a worker takes one message at a time.",
    )


def queues(system: System) -> Iterator[Finding]:
    """Each as workers declare it: durable, of the type quorum, dead letters to where they belong."""
    if system.broker is None:
        yield not_here(f"{NO_BROKER} Nothing can be lost between the two.", _name_broker(system))
        return
    try:
        seen = inspect(system.broker)
    except (NoBrokerError, BrokerAddressError) as problem:
        yield failed(str(problem), "Start RabbitMQ, or put the broker's address right.")
        return
    for one in seen:
        yield _declared(one)
    dead = next(one for one in seen if one.name.endswith(f"queue {DEAD}"))
    if dead.messages:
        yield attention(
            f"{dead.messages} dead letters: so many chunks have failed.", "Retry or settle them first."
        )
    told, vhost = _details(system), parameters(system.broker).virtual_host
    if isinstance(told, Finding):
        yield told
    elif not sum(
        number for _, number in told.of("rabbitmq_cluster_exchange_bindings", exchange=DEAD, vhost=vhost)
    ):
        yield failed(f"The exchange {DEAD} is bound to no queue.", "Restart a worker: it binds it.")


def _declared(seen: Seen) -> Finding:
    if not seen.trouble:
        return well(f"The {seen.name} is there, as workers declare it.")
    if "NOT_FOUND" in seen.trouble:
        return failed(f"The {seen.name} is missing.", "Start a worker: it declares it.")
    return Finding(
        State.FAILED,
        f"The {seen.name} is not as workers declare it: {seen.trouble}.",
        "Stop the workers, delete it (rabbitmqctl delete_queue), start them again: what was in it is published "
        "once more.",
    )

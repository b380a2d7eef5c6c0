"""Whether workers keep up, what they take, and what goes wrong with chunks."""

from boards.panels import board, from_, graph, number, quantile, up_to

WORKER_BYTES = 200e6
QUEUE = 1000

BOARD = board(
    "workers",
    "Workers and memory",
    "Whether workers keep up, what they take, and what goes wrong with chunks.",
    number(
        "Workers alive",
        "Workers whose heart beats in the database.",
        "max(amarvote_service_workers_alive)",
        good=from_(1),
    ),
    number("Workers that answer", "Workers that Prometheus reaches.", 'sum(up{job="worker"})', good=from_(1)),
    number(
        "Workers with troubles",
        "Workers that miss a part: the database, the broker, or their child. Their /health/ready says which.",
        "count(amarvote_worker_troubles > 0) or vector(0)",
        good=up_to(1),
    ),
    number(
        "Oldest due chunk",
        "For how long a chunk that a worker could take has waited for one.",
        "max(amarvote_service_oldest_due_chunk_seconds)",
        "s",
        up_to(300),
    ),
    number(
        "Messages in the queue",
        "Chunks handed out and not taken; 900 are the most that workers hand out.",
        'max(amarvote_queue_messages{queue!="amarvote.dead"})',
        good=up_to(QUEUE),
    ),
    number(
        "Leases that ran out in an hour",
        "Each is a worker that died, froze, or lost the database at work. The chunk is done again.",
        "sum(increase(amarvote_leases_expired_total[1h]))",
    ),
    graph(
        "Memory of each worker",
        "Parent and child together, at their greatest in the last chunk.",
        ("sum by (instance) (max by (instance, process) (amarvote_worker_resident_bytes))", "{{instance}}"),
        unit="decbytes",
        good=up_to(WORKER_BYTES),
    ),
    graph(
        "Memory before, during and after a chunk",
        "The largest of all workers. What stays after the chunk and grows from chunk to chunk is a leak.",
        ("max by (process, moment) (amarvote_worker_resident_bytes)", "{{process}} {{moment}}"),
        unit="decbytes",
    ),
    graph(
        "Share of the memory limit",
        "From 90 % on somebody is told; with the limit the kernel ends the worker, and its chunk is done again.",
        (
            "sum by (job, instance) (max by (job, instance, process) (amarvote_worker_resident_bytes))"
            " / amarvote_worker_memory_limit_bytes",
            "{{instance}}",
        ),
        unit="percentunit",
        good=up_to(0.9),
    ),
    graph(
        "Memory of the parents",
        "As the system says it, also between two chunks.",
        ('process_resident_memory_bytes{job="worker"}', "{{instance}}"),
        unit="decbytes",
    ),
    graph(
        "Attempts a second, by how they ended",
        "Done is what counts. Death: the child died. Fenced: another attempt had the chunk meanwhile.",
        ("sum by (outcome) (rate(amarvote_chunks_total[5m]))", "{{outcome}}"),
        unit="ops",
    ),
    graph(
        "Attempts in vain, in an hour",
        "By phase. Some are no fault: a worker that was told to stop hands its chunk back.",
        (
            'sum by (phase, outcome) (increase(amarvote_chunks_total{outcome!="done"}[1h]))',
            "{{phase}} {{outcome}}",
        ),
    ),
    graph(
        "Seconds a chunk",
        "From its claim to its commit; half of the chunks take less. Chunks are cut for two seconds.",
        (quantile(0.5, "amarvote_chunk_seconds", "phase"), "{{phase}}"),
        unit="s",
    ),
    graph(
        "Seconds of the slow chunks",
        "From claim to commit; 95 of 100 take less.",
        (quantile(0.95, "amarvote_chunk_seconds", "phase"), "{{phase}}"),
        unit="s",
    ),
    graph(
        "Pauses for collecting garbage",
        "99 of 100 are shorter. The parent's hold up its heartbeat.",
        (quantile(0.99, "amarvote_collector_pause_seconds", "process"), "{{process}}"),
        unit="s",
    ),
    graph(
        "Processors of the parents",
        "Of one processor; children are not counted here.",
        ('sum by (instance) (rate(process_cpu_seconds_total{job="worker"}[5m]))', "{{instance}}"),
        unit="percentunit",
    ),
)

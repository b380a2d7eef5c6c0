"""What the service stands on: database, broker, machine."""

from boards.panels import board, from_, graph, number, up_to

QUEUE = 1000

BOARD = board(
    "servers",
    "Database, broker, machine",
    "What the service stands on.",
    number(
        "Database",
        "1 where it answers every process that needs it.",
        "min(amarvote_database_up)",
        good=from_(1),
    ),
    number(
        "Broker",
        "1 where it answers every worker. While it does not, ballots are taken, and nothing is counted.",
        "min(amarvote_broker_up)",
        good=from_(1),
    ),
    number(
        "Dead letters",
        "One for each chunk that no worker could finish.",
        'max(amarvote_queue_messages{queue="amarvote.dead"})',
        good=up_to(1),
    ),
    number("Size of the database", "On its disk.", "max(amarvote_service_database_bytes)", "decbytes"),
    number(
        "Free disk",
        "Of the disk that is fullest.",
        "min(amarvote:disk_free:ratio)",
        "percentunit",
        from_(0.1),
    ),
    number(
        "Free memory",
        "Of the machine, for whoever asks next.",
        "min(node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
        "percentunit",
        from_(0.1),
    ),
    graph(
        "Size of the database over time",
        "It grows with the ballots and their proofs, and again when the record is written.",
        ("max(amarvote_service_database_bytes)", "database"),
        unit="decbytes",
    ),
    graph(
        "Connections to the database",
        "Of all processes together; in use are those with a transaction under way.",
        ("sum by (job, state) (amarvote_database_connections)", "{{job}} {{state}}"),
    ),
    graph(
        "Messages as the workers see them",
        "Chunks: handed out and not taken. Dead: given up.",
        ("max by (queue) (amarvote_queue_messages)", "{{queue}}"),
        good=up_to(QUEUE),
    ),
    graph(
        "Messages as RabbitMQ sees them",
        "Ready: for the next worker that asks. Unacknowledged: chunks that are computed now.",
        ("sum(rabbitmq_queue_messages_ready)", "ready"),
        ("sum(rabbitmq_queue_messages_unacked)", "unacknowledged"),
    ),
    graph(
        "Memory of RabbitMQ",
        "Over its own limit it makes publishers wait.",
        ("sum(rabbitmq_process_resident_memory_bytes)", "taken"),
        ("sum(rabbitmq_resident_memory_limit_bytes)", "its own limit"),
        unit="decbytes",
    ),
    graph(
        "Connections to RabbitMQ",
        "One of each worker; new ones in an hour are workers that started, or lost theirs.",
        ("sum(rabbitmq_connections)", "now"),
        ("sum(increase(amarvote_broker_connections_total[1h]))", "made in an hour"),
    ),
    graph(
        "Free disk over time",
        "Below a tenth, or about to be full within 12 hours, somebody is called.",
        ("amarvote:disk_free:ratio", "{{mountpoint}}"),
        unit="percentunit",
        good=from_(0.1),
    ),
    graph(
        "Memory of the machine",
        "What is left for whoever asks next, of all.",
        ("sum(node_memory_MemAvailable_bytes)", "free"),
        ("sum(node_memory_MemTotal_bytes)", "all"),
        unit="decbytes",
    ),
    graph(
        "Processors of the machine",
        "Which share of their time they work.",
        ('1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "{{instance}}"),
        unit="percentunit",
        good=up_to(0.9),
    ),
    graph(
        "Memory of those who watch",
        "Prometheus and the exporters' own.",
        ('process_resident_memory_bytes{job=~"prometheus|node"}', "{{job}}"),
        unit="decbytes",
    ),
)

"""Who is answered, how quickly, and who is not."""

from boards.panels import board, from_, graph, number, quantile, up_to

DAY = 86400
REQUESTS = "amarvote:api_requests:increase5m"
WITHOUT_PROBES = '{route!~"/health/.*|/metrics"}'

BOARD = board(
    "api",
    "API",
    "Who is answered, how quickly, and who is not.",
    number("APIs that answer", "Replicas that Prometheus reaches.", 'sum(up{job="api"})', good=from_(1)),
    number(
        "Reached through nginx",
        "1 where a request over TLS, the way that voters come, is answered.",
        'max(probe_success{job="blackbox-tls"})',
        good=from_(1),
    ),
    number(
        "Certificate ends in",
        "Of those that nginx shows, the one that ends first.",
        "min(probe_ssl_earliest_cert_expiry) - time()",
        "s",
        from_(14 * DAY),
    ),
    number(
        "Failed",
        "Share of the last five minutes' requests that failed on our side (5xx).",
        f'sum({REQUESTS}{{status=~"5.."}} or vector(0)) / sum({REQUESTS})',
        "percentunit",
        up_to(0.05),
    ),
    number(
        "Requests a second",
        "Over five minutes, by all replicas together.",
        f"sum({REQUESTS}) / 300",
        "reqps",
    ),
    number(
        "Slow requests",
        "95 of 100 answers begin sooner.",
        quantile(0.95, "amarvote_api_request_seconds", where=WITHOUT_PROBES),
        "s",
    ),
    graph(
        "Requests a second by status",
        "202: a ballot was taken. 429: somebody was told to wait. 503: database or API is not ready.",
        (f"{REQUESTS} / 300", "{{status}}"),
        unit="reqps",
    ),
    graph(
        "Requests a second by route",
        "Streams of events count when they begin.",
        ("sum by (method, route) (rate(amarvote_api_requests_total[5m]))", "{{method}} {{route}}"),
        unit="reqps",
    ),
    graph(
        "Seconds until the answer begins",
        "Of all requests: the middle one, and those of which 5 and 1 of 100 are slower.",
        (quantile(0.5, "amarvote_api_request_seconds", where=WITHOUT_PROBES), "half"),
        (quantile(0.95, "amarvote_api_request_seconds", where=WITHOUT_PROBES), "95 of 100"),
        (quantile(0.99, "amarvote_api_request_seconds", where=WITHOUT_PROBES), "99 of 100"),
        unit="s",
    ),
    graph(
        "Seconds by route",
        "95 of 100 answers begin sooner.",
        (quantile(0.95, "amarvote_api_request_seconds", "route"), "{{route}}"),
        unit="s",
    ),
    graph(
        "Refused a second",
        "By route and status: 401 and 403 want another token, 409 does not fit the state, 429 comes too often.",
        ('sum by (route, status) (rate(amarvote_api_requests_total{status=~"4.."}[5m]))', "{{status}} {{route}}"),
        unit="reqps",
    ),
    graph(
        "Failed a second",
        "By route and status.",
        ('sum by (route, status) (rate(amarvote_api_requests_total{status=~"5.."}[5m]))', "{{status}} {{route}}"),
        unit="reqps",
    ),
    graph(
        "Memory of each API",
        "As the system says it.",
        ('process_resident_memory_bytes{job="api"}', "{{instance}}"),
        unit="decbytes",
    ),
    graph(
        "Connections of each API to the database",
        "In use are those of requests under way.",
        ('sum by (instance, state) (amarvote_database_connections{job="api"})', "{{instance}} {{state}}"),
    ),
)

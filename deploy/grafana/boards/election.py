"""How far the elections are, and what they wait for."""

from boards.panels import bars, board, graph, line, number, up_to

BOARD = board(
    "election",
    "Elections",
    "How far the elections are, and what they wait for; all of them together.",
    number(
        "Alerts",
        "Alerts that are firing now; the time line below names them, docs/operations.md says what to do.",
        'count(ALERTS{alertstate="firing"}) or vector(0)',
        good=up_to(1),
    ),
    number(
        "Failed chunks",
        "Chunks that no worker could finish. They, and the election, wait for the officer's retry or verdict.",
        'sum(max by (phase) (amarvote_service_chunks{state="failed"}))',
        good=up_to(1),
    ),
    number(
        "Guardians awaited",
        "Guardians whose message or answer is awaited now, over all elections.",
        "max(amarvote_service_guardians_awaited)",
    ),
    number(
        "Longest wait for guardians",
        "Since when the one is awaited who is awaited longest.",
        "max(amarvote_service_guardians_awaited_seconds)",
        "s",
        up_to(3600),
    ),
    number(
        "Chunks left",
        "Chunks that still need a worker, of the phases under way. A phase that begins later brings its own.",
        "sum(amarvote:chunks_left)",
    ),
    number(
        "Time left",
        "For the phases under way, at the pace of the last ten minutes. Later phases come on top.",
        "max(amarvote:chunks_left / (amarvote:chunks_done:rate10m > 0))",
        "s",
    ),
    graph(
        "Elections by state",
        "How many elections are in each state.",
        ("max by (state) (amarvote_service_elections)", "{{state}}"),
    ),
    bars(
        "Done of the phases under way",
        "Which share of each phase's chunks is done.",
        (
            'max by (phase) (amarvote_service_chunks{state="done"})'
            " / sum by (phase) (max by (phase, state) (amarvote_service_chunks))",
            "{{phase}}",
        ),
    ),
    graph(
        "Chunks left by phase",
        "Chunks that still need a worker; those of paused elections among them.",
        ("amarvote:chunks_left", "{{phase}}"),
    ),
    graph(
        "Chunks done a second",
        "By all workers together, over the last ten minutes.",
        ("amarvote:chunks_done:rate10m", "{{phase}}"),
        unit="ops",
    ),
    graph(
        "Ballots accepted",
        "Ballots that count, or that were opened for their voters (challenged).",
        ('max(amarvote_service_ballots{state="accepted"})', "accepted"),
    ),
    graph(
        "Other ballots",
        "Submitted: not checked. Waiting: for one before it on its device. Held: for the officer's verdict.",
        ('max by (state) (amarvote_service_ballots{state!="accepted"})', "{{state}}"),
    ),
    graph(
        "Phases that do not move",
        "Since when no chunk of a phase with work was taken or finished. A chunk may take 900 seconds.",
        ("max by (phase) (amarvote_service_phase_idle_seconds)", "{{phase}}"),
        unit="s",
        good=up_to(1000),
    ),
    line(
        "Which alerts fired",
        "Each is a paragraph in docs/operations.md.",
        ('max by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}"),
    ),
)

"""What the processes share to be watched: metrics of a process (`process`) and of the whole service (`service`), how
all of them log (`logs`), and traces, which are an option (`traces`).

Nothing here may hold up what it watches, nor fail it: a scrape waits for the database a moment, and does without.
Imports store, pipeline, elections; the latter in `service` alone, for a worker stays small.
"""

"""What the processes share to be watched: `process`, metrics of one; `service`, of all together; `logs`; `traces`.

Nothing here may hold up what it watches, nor fail it: a scrape waits for the database a moment, and does without.
Imports store, pipeline, elections; the latter in `service` alone, for a worker stays small.
"""

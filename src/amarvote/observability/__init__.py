"""What the processes share to be watched: metrics of a process (`process`) and of the whole service (`service`).

Nothing here may hold up what it watches, nor fail it: a scrape waits for the database a moment, and does without.
Imports store, pipeline, elections; `process` imports store only, for a worker stays small.
"""

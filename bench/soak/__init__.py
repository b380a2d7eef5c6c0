"""Holds elections one after another on the deployed stack, with a fault now and then, and writes its section of
docs/numbers.md and docs/soak.svg.

`make soak` runs it. `holding` holds one election and checks what came of it, `faults` breaks something, `watching`
notes memory and throughput, `results`, `report` and `chart` show them. AmarVote imports nothing of this.
"""

"""HTTP: the service's API, any number of processes. It stores and relays, and computes no modular exponentiation.

Everything about an election is below `/elections/{election}`; `/openapi.json` describes all of it. One module for
each part of it; `asking` reads requests (bounds, bearers, limits), `problems` answers errors (RFC 9457), `models`
are what goes in and out. `python -m amarvote.api.serve` is one process. Imports elections.
"""

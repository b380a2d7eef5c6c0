"""HTTP over a local socket: the orchestrator. It stores and relays; it never computes a modular exponentiation.

`python -m amarvote.api.create` makes an election in a database, `python -m amarvote.api.serve` serves one.
Imports elections. Errors are JSON {"detail": sentence}: 401 no valid token, 403 wrong role, 404 not there or
not public, 409 against what was stored or the election's state, 413 too large, 422 not what it should be. 5xx:
ask again.
"""

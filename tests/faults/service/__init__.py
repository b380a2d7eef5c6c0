"""The service on real PostgreSQL and RabbitMQ, broken on purpose; then the count must be as if nothing had been.

`make test` runs a selection with shortened times, `make chaos` (`pytest --chaos`) the whole with real ones.
"""

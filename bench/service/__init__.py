"""Measures the service on a real PostgreSQL and a real RabbitMQ, and writes its section of docs/numbers.md.

`make load` runs it, on servers that it starts for itself as the tests do. AmarVote imports nothing of this.
"""

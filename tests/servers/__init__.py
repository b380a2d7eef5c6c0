"""Private PostgreSQL and RabbitMQ servers for the tests: on free ports of 127.0.0.1, data in a temporary folder,
ended and removed with the tests. `install.sh` brings the programs; `missing` says what is not here.
"""

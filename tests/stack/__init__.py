"""The service as it is deployed, run for real without containers: with deploy/'s files of nginx, PostgreSQL,
RabbitMQ and Prometheus, in which only addresses are replaced, and with `amarvote api` and `amarvote worker` as
processes whose secrets are in files.

    with Stack(workers=2) as stack: …       # `running`
    python -m stack [--check]               # `make stack`

`parts` are what runs, `keeping` starts again what died, `places` writes each one's files, `voting` holds an
election through nginx, `memory` says what each part takes.
"""

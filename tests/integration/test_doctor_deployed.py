"""The doctor on the deployed service, as its operator calls it: nginx, TLS, secrets in files, RabbitMQ itself."""

import json
import time

from stack.places import HOST

ELSEWHERE = {"memory", "guardians"}
"""No containers here that limit memory; elections of other tests, whose guardians have not rehearsed."""

PATIENCE = 120.0
"""A worker that another test killed counts as alive for twenty seconds."""


def test_the_deployed_service_is_well(stack, tmp_path):
    assert stack.amarvote("backup", tmp_path / "backups").returncode == 0
    where = ["--api", stack.url, "--ca", stack.ca, "--backups", tmp_path / "backups"]
    where += ["--rabbitmq", f"http://{HOST}:{stack.ports.rabbitmq_metrics}"]
    until = time.monotonic() + PATIENCE
    while True:
        done = stack.amarvote("doctor", "--json", *where)
        told = {line["check"]: line for line in json.loads(done.stdout)["checks"]}
        ill = [line for name, line in told.items() if line["state"] != "ok" and name not in ELSEWHERE]
        if not ill or time.monotonic() > until:
            break
    assert ill == []
    assert len(told) == 12
    assert done.stderr == ""
    assert all(secret not in done.stdout for secret in _secrets(stack))


def _secrets(stack):
    return [
        (stack.secrets / name).read_text().partition("@")[0].rpartition(":")[2]
        for name in ("database-url", "broker-url")
    ]

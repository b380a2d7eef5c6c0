"""docs/service.md lists what the code exports, with its labels, and nothing else."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import httpx
from prometheus_client.parser import text_string_to_metric_families

from amarvote.api.application import application
from amarvote.elections.services import Services
from amarvote.pipeline import watch
from amarvote.pipeline.chunks import Claim
from amarvote.pipeline.watch import Memory
from amarvote.worker.metrics import Metrics
from staging.rows import add_election, fresh_database

SERVICE = Path(__file__).parents[2] / "docs" / "service.md"
ROW = re.compile(r"^\| `(amarvote_\w+)` \|([\w, ]*)\|", re.MULTILINE)


def of_api(database):
    async def asked():
        transport = httpx.ASGITransport(application(Services(database)))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            await client.get("/health/live")
            return (await client.get("/metrics")).text

    return asyncio.run(asked())


def of_worker(database):
    queue, broker = SimpleNamespace(depths={"a": 0}), SimpleNamespace(trouble="", connections=0)
    metrics = Metrics(database, queue, broker, list)
    claim, memory = Claim(1, 1, "accept", 1, "one", None), Memory(1, 1)
    metrics.claimed(claim, memory)
    metrics.ended(claim, watch.DONE, 1.0, memory, memory)
    return metrics.text().decode()


def exported(text):
    """The labels of each metric, by its name as expressions have it."""
    found = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("amarvote_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            assert family.samples, name
            found[name] = {label for sample in family.samples for label in sample.labels} - {"le"}
    return found


def test_the_table_is_what_is_exported(tmp_path):
    database = fresh_database(tmp_path)
    add_election(database, "one", "accept", [(0, 1)])
    exports = exported(of_api(database)) | exported(of_worker(database))
    database.close()
    rows = ROW.findall(SERVICE.read_text(encoding="utf-8"))
    assert {name: {label.strip() for label in labels.split(",")} - {""} for name, labels in rows} == exports
    assert len(rows) == len(exports)

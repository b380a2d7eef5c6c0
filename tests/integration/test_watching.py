"""Dashboards and rules against what a running stack exports: every name, every label, every answer."""

import json
import re
import time
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete

import plain_http
from amarvote.doctor.findings import State
from amarvote.doctor.round_trip import round_trip
from amarvote.doctor.system import System
from amarvote.pipeline.chunks import NewChunk
from amarvote.store.clock import now
from amarvote.store.database import Database
from amarvote.store.tables import chunks, elections, events, phases
from stack import places, promql
from staging.rows import put_election

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARDS = [json.loads(file.read_text()) for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))]
GROUPS = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
EXPRESSIONS = list(promql.expressions(DASHBOARDS, RULES))
PATIENCE = 60.0

OF_FAILURES = {
    'amarvote:api_requests:increase5m{status=~"5.."}',
    'amarvote_api_requests_total{status=~"4.."}',
    'amarvote_api_requests_total{status=~"5.."}',
    'amarvote_chunks_total{outcome!="done"}',
    'ALERTS{alertstate="firing"}',
}
"""What need not have happened here."""


class Watched:
    """What Prometheus knows, and what each of its targets says at this moment."""

    def __init__(self, url):
        self.prometheus = plain_http.Client(base_url=url, timeout=30)
        self.labels = {}
        """Of each metric, those of its series; none where it was declared and has no series yet."""

    def ask(self, path, **question):
        answer = self.prometheus.get(f"/api/v1/{path}", params=question).json()
        assert answer["status"] == "success", (question, answer)
        assert not answer.get("warnings"), (question, answer)
        return answer["data"]

    def targets(self):
        return self.ask("targets", state="active")["activeTargets"]

    def has_asked_all_since(self, moment):
        answered = self.ask("query", query=f"count(up == 1 and timestamp(up) > {moment})")["result"]
        return [int(one["value"][1]) for one in answered] == [len(self.targets())]

    def look(self):
        """Ask every target itself: Prometheus asks each 15 seconds only."""
        for target in self.targets():
            text = plain_http.get(target["scrapeUrl"], timeout=30).text
            for family in text_string_to_metric_families(text):
                self._declare(family)
                for sample in family.samples:
                    self.labels.setdefault(sample.name, set()).update(sample.labels, target["labels"])
        for made in ("up", "ALERTS"):
            self.labels[made] = {"job", "instance", "alertname", "alertstate"}
        for rule in RULES:
            if "record" in rule:
                self.labels[rule["record"]] = self._labels_of(promql.read(rule["expr"]), rule["expr"])

    def _declare(self, family):
        endings = {"counter": ("", "_total"), "histogram": ("_bucket", "_sum", "_count")}
        for ending in endings.get(family.type, ("",)):
            self.labels.setdefault(family.name + ending, set())

    def _labels_of(self, read, text):
        """Of what a recording rule gives: what it groups by first, or all that is in it."""
        outermost = re.match(r"\w+ by \((.*?)\)", text.strip())
        if outermost:
            return set(re.findall(r"\w+", outermost[1]))
        return set().union(*(self.labels.get(metric, set()) for metric in read.metrics))

    def faults(self, text):
        """What an expression names that nobody exports."""
        read = promql.read(text)
        named = [(metric, labels) for metric, _, labels in read.selectors]
        yield from (f"no metric {metric}" for metric in read.metrics if metric not in self.labels)
        for metric, labels in named:
            yield from (f"{metric} has no label {label}" for label in labels - self.labels.get(metric, labels))
        for label, metrics in read.groups:
            if not any(label in self.labels.get(metric, ()) for metric in metrics):
                yield f"none of {sorted(metrics)} has a label {label}"


@pytest.fixture(scope="module")
def watched(stack):
    """A stack that was asked for something and has done a chunk, in which a phase with work stands still."""
    watched = Watched(stack.prometheus_url)
    plain_http.get(f"{stack.url_of('api-1')}/elections").raise_for_status()
    database = Database(places.secret(stack.secrets, "database-url"))
    system = System(database, places.secret(stack.secrets, "broker-url"))
    until(lambda: [one.state for one in round_trip(system)] == [State.OK], "a worker takes a chunk")
    with database.write() as connection:
        put_election(connection, "watched", "merge", [NewChunk(0, 1, 0, None)])
        connection.execute(chunks.update().where(chunks.c.election_id == "watched").values(due_at=now() + 3600))
    try:
        begun = time.time() + 3  # what a target answers may be a second old
        until(lambda: watched.has_asked_all_since(begun), "Prometheus has asked every target")
        until(
            lambda: watched.look() or watched.labels["amarvote_service_phase_idle_seconds"], "a phase stands still"
        )
        yield watched
    finally:
        with database.write() as connection:
            for table in (chunks, phases, events):
                connection.execute(delete(table).where(table.c.election_id == "watched"))
            connection.execute(delete(elections).where(elections.c.id == "watched"))
        database.close()
        watched.prometheus.close()


def until(met, what):
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, f"It does not happen that {what}."
        time.sleep(0.3)


def test_every_expression_is_of_what_is_exported(watched):
    wrong = [(where, fault) for where, text in EXPRESSIONS for fault in watched.faults(text)]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "amarvote_service_chunk",
        "max(amarvote_chunk_total)",
        'amarvote_service_chunks{phases="accept"}',
        'up{jobs="api"}',
        "max by (election) (amarvote_service_chunks)",
        "sum by (status) (rate(amarvote_api_request_seconds_bucket[5m]))",
        "sum by (phase) (amarvote:api_requests:increase5m)",
        'rabbitmq_queue_messages{queue="amarvote.dead"}',
    ],
)
def test_what_nobody_exports_is_found(watched, text):
    assert list(watched.faults(text)) != []


def test_every_selector_selects_something(watched):
    selectors = {one for _, text in EXPRESSIONS for _, one, labels in promql.read(text).selectors if labels}
    empty = {one for one in selectors - OF_FAILURES if not watched.ask("series", **{"match[]": one})}
    assert empty == set()
    assert selectors >= OF_FAILURES, "no expression asks for it any more"
    assert watched.ask("series", **{"match[]": 'amarvote_service_chunks{state="finished"}'}) == []


def test_prometheus_answers_every_expression(watched):
    """An error of matching shows only where there are series, so it is asked of the real ones."""
    for _, text in EXPRESSIONS:
        watched.ask("query", query=text)
    groups = watched.ask("rules")["groups"]
    assert {rule["name"] for group in groups for rule in group["rules"]} == {
        rule.get("alert") or rule["record"] for rule in RULES
    }
    assert [rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")] == []


def test_legends_name_labels_of_what_is_shown(watched):
    for dashboard in DASHBOARDS:
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                read = promql.read(target["expr"])
                for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                    kept = {label for label, _ in read.groups} or watched.labels[min(read.metrics)]
                    assert label in kept, (panel["title"], label)

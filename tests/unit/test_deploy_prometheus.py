"""Prometheus' files: promtool's word on them; each alert was tried out and has its paragraph in the runbook."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from amarvote.pipeline.settings import DEFAULTS
from servers import missing
from unit.test_documents import anchors

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
RULES = [
    rule for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDS = {rule["record"]: rule for rule in RULES if "record" in rule}
TESTS = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]


def promtool(*arguments):
    if shutil.which("promtool") is None:
        missing.not_here("prometheus")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=PROMETHEUS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_files():
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "--lint-fatal", "rules.yml")


def test_the_rules_do_what_their_tests_say():
    promtool("test", "rules", "rules_test.yml")


def test_the_jobs_are_those_that_are_watched():
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    assert {job["job_name"] for job in jobs} == {"api", "worker", "rabbitmq", "node", "prometheus", "blackbox-tls"}


def test_who_is_asked_is_there_and_listens():
    services = yaml.safe_load((ROOT / "deploy/compose.prod.yml").read_text())["services"]
    asked = set()
    for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]:
        asked |= {name for discovery in job.get("dns_sd_configs", ()) for name in discovery["names"]}
        targets = [target for static in job.get("static_configs", ()) for target in static["targets"]]
        targets += [
            relabel["replacement"] for relabel in job.get("relabel_configs", ()) if "replacement" in relabel
        ]
        asked |= {re.sub(r"^https://|:\d+.*$", "", target) for target in targets}
    assert asked - {"127.0.0.1"} <= set(services)
    for name in asked - {"127.0.0.1", "nginx"}:
        assert "watch" in services[name]["networks"], name
    assert {"watch", "front"} <= set(services["blackbox-exporter"]["networks"])


def test_what_is_kept_is_bounded():
    command = yaml.safe_load((ROOT / "deploy/compose.prod.yml").read_text())["services"]["prometheus"]["command"]
    flags = {flag.partition("=")[0] for flag in command}
    said = set(re.findall(r"^#.*?(--[\w.-]+)", (PROMETHEUS / "prometheus.yml").read_text(), re.MULTILINE))
    assert {"--storage.tsdb.retention.time", "--storage.tsdb.retention.size"} <= flags
    assert said <= flags


def tried(alert):
    """What is expected of an alert, each time that somebody looks."""
    return [
        look.get("exp_alerts", [])
        for test in TESTS
        for look in test.get("alert_rule_test", ())
        if look["alertname"] == alert
    ]


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tried_out(alert):
    looks = tried(alert)
    assert any(looks), "a case in which it fires"
    assert not all(looks), "a case in which it does not"
    for expected in (one for look in looks for one in look):
        assert expected["exp_labels"]["severity"] == ALERTS[alert]["labels"]["severity"]
        assert set(expected["exp_annotations"]) == set(ALERTS[alert]["annotations"])


def test_no_test_is_for_an_alert_that_is_gone():
    assert {look["alertname"] for test in TESTS for look in test.get("alert_rule_test", ())} == set(ALERTS)


@pytest.mark.parametrize("record", RECORDS)
def test_every_recorded_series_is_tried_out(record):
    used = [rule["alert"] for rule in ALERTS.values() if record in rule["expr"]]
    asked = [look["expr"] for test in TESTS for look in test.get("promql_expr_test", ())]
    assert used or any(record in expression for expression in asked)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_says_what_is_the_matter_and_where_to_read_on(alert):
    rule = ALERTS[alert]
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "runbook"}
    assert rule["annotations"]["summary"].endswith((".", "{{ end }}"))
    document, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert document == "docs/operations.md"
    assert anchor == alert.lower()
    assert anchor in anchors(ROOT / document)


def section(alert):
    """Its paragraph of the runbook."""
    text = (ROOT / "docs/operations.md").read_text()
    alerts = text.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    return alerts.partition(f"\n### {alert}\n")[2].partition("\n### ")[0]


@pytest.mark.parametrize("alert", ALERTS)
def test_its_paragraph_says_what_is_seen_what_it_means_and_what_to_type(alert):
    said = section(alert)
    for word in ("You see", "It means", "Do"):
        assert f"**{word}**" in said, word


def bound(alert):
    """The number that its expression compares with."""
    return float(re.search(r"> (\d+)", ALERTS[alert]["expr"])[1])


def test_bounds_leave_room_for_what_is_no_fault():
    longest = DEFAULTS.chunk_seconds + DEFAULTS.lease_seconds + DEFAULTS.renew_seconds
    assert longest < bound("PhaseWithoutProgress") < 1.2 * longest
    assert DEFAULTS.handed_out < bound("QueueDeep")
    passing = DEFAULTS.unpublished_seconds, DEFAULTS.lost_message_seconds, DEFAULTS.reconnect_seconds
    assert max(*passing, DEFAULTS.lease_seconds) < bound("OldestDueChunkTooOld")

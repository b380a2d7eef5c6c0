"""Grafana's files: made by the script, known to Grafana's schema, readable, and where compose mounts them."""

import copy
import json
import subprocess
import sys
import typing
from functools import cache
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import Runtime
from grafana_foundation_sdk.models.dashboard import Dashboard
from pydantic import TypeAdapter, ValidationError

DEPLOY = Path(__file__).parents[2] / "deploy"
GRAFANA = DEPLOY / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
ABSENT = "nothing"

register_default_plugins()


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def dashboard(request):
    return json.loads(request.param.read_text())


def faults(dashboard):
    """What Grafana's schema does not know: fields that are lost on the way through it, values of other types."""
    unknown = [
        f"{kind} {name!r}"
        for panel in dashboard["panels"]
        for kind, name, known in (
            ("panel", panel["type"], Runtime.panelcfg_variants),
            ("source", panel["datasource"]["type"], Runtime.dataquery_variants),
        )
        if name not in known
    ]
    read = Dashboard.from_json(copy.deepcopy(dashboard))
    written = json.loads(json.dumps(read, cls=JSONEncoder))
    return unknown + list(differences(dashboard, written, "")) + list(misfits(read, ""))


def differences(given, kept, where):
    """Where one JSON value is not the other."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key in given.keys() | kept.keys():
            yield from differences(given.get(key, ABSENT), kept.get(key, ABSENT), f"{where}.{key}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for place, pair in enumerate(zip(given, kept, strict=True)):
            yield from differences(*pair, f"{where}[{place}]")
    elif given != kept:
        yield f"{where}: {given!r}, and {kept!r} when it was read"


def misfits(read, where):
    """Where a value is not what the schema's class says; the classes do not look themselves."""
    for name, hint in typing.get_type_hints(type(read)).items():
        value = getattr(read, name)
        inside = value if isinstance(value, list) else [value]
        if any(hasattr(one, "to_json") for one in inside):
            for place, one in enumerate(inside):
                yield from misfits(one, f"{where}.{name}[{place}]")
        else:
            try:
                validator(hint).validate_json(json.dumps(value), strict=True)
            except ValidationError as problem:
                yield f"{where}.{name}: {problem}"


@cache
def validator(hint):
    return TypeAdapter(hint, config={"arbitrary_types_allowed": True})


def test_the_files_are_those_that_the_script_makes(tmp_path):
    subprocess.run([sys.executable, GRAFANA / "make_dashboards.py", tmp_path], check=True)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in FILES}, "run `make dashboards`, and commit"
    assert len(made) == 4


def test_grafana_knows_every_field_and_value(dashboard):
    assert faults(dashboard) == []


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [
        ((), "colour", "red"),
        ((), "graphTooltip", "crosshair"),
        ((), "tags", "amarvote"),
        (("panels", 0), "hight", 8),
        (("panels", 0), "type", "number"),
        (("panels", 0), "description", 7),
        (("panels", 0, "datasource"), "type", "prometeus"),
        (("panels", 0, "gridPos"), "width", 8),
        (("panels", 0, "gridPos"), "w", "8"),
        (("panels", 0, "targets", 0), "expression", "up"),
        (("panels", 0, "targets", 0), "expr", None),
        (("panels", 0, "options"), "colorMode", "lively"),
        (("panels", 0, "options", "reduceOptions"), "calcs", "last"),
        (("panels", 0, "fieldConfig", "defaults"), "units", "s"),
        (("panels", 0, "fieldConfig", "defaults", "thresholds"), "mode", "relative"),
        (("panels", 0, "fieldConfig", "defaults", "thresholds", "steps", 1), "value", "1"),
        (("panels", 6, "fieldConfig", "defaults", "custom"), "lineWidths", 1),
        (("panels", 6, "fieldConfig", "defaults", "custom"), "showPoints", "sometimes"),
        (("panels", 6, "options", "legend"), "placement", "left"),
    ],
)
def test_a_field_or_value_that_grafana_does_not_know_is_found(place, field, value):
    dashboard = json.loads((GRAFANA / "dashboards/amarvote-election.json").read_text())
    assert faults(dashboard) == []
    inside = dashboard
    for step in place:
        inside = inside[step]
    inside[field] = value
    assert faults(dashboard) != []


def test_every_panel_can_be_read_by_people(dashboard):
    assert dashboard["description"].endswith(".")
    assert dashboard["templating"] == {}, "a variable would need to know which elections there are"
    titles = [panel["title"] for panel in dashboard["panels"]]
    assert len(set(titles)) == len(titles)
    for panel in dashboard["panels"]:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]


def test_panels_do_not_overlap(dashboard):
    taken = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def limit(board, title):
    dashboard = json.loads((GRAFANA / f"dashboards/amarvote-{board}.json").read_text())
    (panel,) = (panel for panel in dashboard["panels"] if panel["title"] == title)
    return [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]


def test_limits_are_those_of_the_design():
    assert limit("workers", "Memory of each worker") == [None, 200e6]
    assert limit("workers", "Messages in the queue") == [None, 1000]
    assert limit("servers", "Messages as the workers see them") == [None, 1000]


def test_grafana_finds_its_source_and_its_files(dashboard):
    services = yaml.safe_load((DEPLOY / "compose.prod.yml").read_text())["services"]
    mounted = dict(volume.split(":")[:2] for volume in services["grafana"]["volumes"])
    assert mounted["./grafana/provisioning"] == "/etc/grafana/provisioning"
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/amarvote.yml").read_text())["providers"]
    assert provider["options"]["path"] == mounted["./grafana/dashboards"]
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in services
    for panel in dashboard["panels"]:
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}

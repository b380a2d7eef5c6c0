"""The soak's own arithmetic: its tables, its picture, its order of faults. No election is held here."""

import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from bench.soak.chart import COLOURS, draw, step_of
from bench.soak.faults import EVERY, KINDS, STANDING, Fault, Order
from bench.soak.holding import Held
from bench.soak.report import kind_of, markdown
from bench.soak.results import Results, memory_of
from bench.soak.watching import Series, Watched, risen, status_of

from stack.places import ROOT
from stack.report import limits

SVG = "{http://www.w3.org/2000/svg}"
BEGAN = 1_700_000_000.0
PARTS = ("api-1", "api-2", "worker-1", "worker-2", "postgres", "rabbitmq", "nginx", "prometheus")


def series(name, values, minutes=30.0):
    return Series(name, [(minutes * number / len(values), value) for number, value in enumerate(values)])


@pytest.fixture
def results():
    return Results(
        began=BEGAN,
        minutes=30.0,
        seed=7,
        held=[Held(BEGAN + 60 * minute, 50.0, 150) for minute in range(29)],
        faults=[Fault(BEGAN + 40.0 * number, kind, "worker-1", 2.5) for number, kind in enumerate(KINDS)],
        watched=Watched(
            memory=[series(name, [100.0] * 60) for name in PARTS],
            rates=[series("ballots", [1.0, 9.5]), series("chunks", [2.0, 4.0])],
            chunks=1234,
            depth=17.0,
            errors=3,
            errors_outside=2,
        ),
        troubles=[],
    )


def test_a_soak_without_a_failure_says_what_it_counted(results):
    text = markdown(results, ROOT)
    assert "| elections that passed | 29 of 29 |" in text
    assert "| ballots counted | 4,350 |" in text
    assert "| **failures** | **0** |" in text
    assert "| over all the time | 2.4 ballots a second |" in text
    assert "| answers of 500 or more | 3 by the API, 2 seen through nginx |" in text
    assert "| worker-2 | 256 | 100 | 100 | 100 | +0.0 ± 0.0 MiB |" in text
    assert all(f"| {kind} | 1 | 2.5 | 2.5 |" in text for kind in KINDS)
    assert "### Failures" not in text


def test_every_failure_is_counted_and_written_down_with_its_reason(results):
    failed = replace(results.held[4], failure="VotingError: totals\ndiffer" + 1000 * "x")
    text = markdown(replace(results, held=[*results.held[:4], failed], troubles=["nginx ended by itself"]), ROOT)
    assert "| elections that passed | 4 of 5 |" in text
    assert "| **failures** | **2** |" in text
    assert "- election 5: VotingError: totals differxxx" in text
    assert "- nginx ended by itself" in text
    assert max(map(len, text.splitlines())) < 2000


def test_a_soak_that_was_ended_at_once_has_a_report_and_a_picture_too(results):
    nothing = replace(results, held=[], faults=[], minutes=0.1, watched=Watched([], [], 0, 0.0, 0, 0))
    assert "| elections that passed | 0 of 0 |" in markdown(nothing, ROOT)
    assert ET.fromstring(draw(nothing, limits())).tag == f"{SVG}svg"


def test_every_part_has_a_limit_in_the_compose_file_and_a_colour():
    assert {kind_of(part) for part in PARTS} <= limits().keys()
    assert {kind_of(part) for part in PARTS} <= COLOURS.keys()


def test_a_rise_is_found_and_the_time_of_warming_up_is_left_out(results):
    rising = [*[900.0] * 12, *(50.0 + number for number in range(108))]  # 120 in half an hour: 240 MiB in an hour
    seen = memory_of(series("worker-1", rising))
    assert seen.growth.growth == pytest.approx(240.0, abs=1.0)
    assert seen.growth.least > 0
    assert (seen.first, seen.last, seen.peak) == (54.5, 152.5, 900.0)
    assert memory_of(series("worker-1", rising[:20])).growth is None
    assert memory_of(Series("worker-1", [])) is None


def test_an_election_counts_as_undisturbed_where_no_fault_was_struck_or_being_overcome(results):
    held = [Held(BEGAN, 10.0, 150), Held(BEGAN + 20, 10.0, 150), Held(BEGAN + 40, 10.0, 150)]
    faults = [Fault(BEGAN + 15, KINDS[0], "worker-1", 6.0), Fault(BEGAN + 45, KINDS[1], "worker-1", 1.0)]
    assert replace(results, held=held, faults=faults).undisturbed() == held[:1]


def test_the_picture_shows_every_part_rate_and_fault_within_its_bounds(results):
    failed = replace(results.held[0], failure="VotingError: it did not go on")
    drawn = ET.fromstring(draw(replace(results, held=[failed, *results.held[1:]]), limits()))
    width, height = map(float, drawn.get("viewBox").split()[2:])
    lines = drawn.findall(f"{SVG}polyline")
    assert len(lines) == len(PARTS) + 2
    for line in lines:
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    words = [text.text for text in drawn.findall(f"{SVG}text")]
    assert {"memory, MiB", "minutes since the beginning", "worker-1, limit 256 MiB", "chunks", "✕"} <= set(words)
    assert all(words.count(chr(ord("A") + number)) == 1 for number in range(len(KINDS)))
    assert all(0 <= float(text.get("y")) <= height for text in drawn.findall(f"{SVG}text"))
    assert "prefers-color-scheme: dark" in drawn.find(f"{SVG}style").text


@pytest.mark.parametrize(("most", "step"), [(1.0, 0.2), (9.5, 2.0), (30.0, 10.0), (130.0, 50.0), (250.0, 50.0)])
def test_steps_of_an_axis_are_round(most, step):
    assert step_of(most, 5) == pytest.approx(step)


def test_faults_come_in_an_order_of_the_seed_each_kind_equally_often():
    def some(seed):
        order = Order(seed)
        return [(order.pause(), order.kind(), order.standing()) for _ in range(3 * len(KINDS))]

    assert some(1) == some(1)
    assert some(1) != some(2)
    assert all(EVERY[0] <= pause <= EVERY[1] and STANDING[0] <= standing <= STANDING[1]
               for pause, _, standing in some(3))  # fmt: skip
    kinds = [kind for _, kind, _ in some(4)]
    assert {kind: kinds.count(kind) for kind in KINDS} == dict.fromkeys(KINDS, 3)


def test_a_counter_that_begins_anew_goes_on():
    assert risen(list(enumerate([2.0, 5.0, 5.0, 1.0, 4.0]))) == 9.0
    assert risen(list(itertools.repeat((0.0, 0.0), 3))) == 0.0


@pytest.mark.parametrize(
    ("line", "status"),
    [("2026-01-01T00:00:00+00:00 GET /elections/x 502 157 0.001\n", 502), ("GET / HTTP\n", 0), ("", 0)],
)
def test_the_status_is_read_out_of_a_line_of_the_access_log(line, status):
    assert status_of(line) == status

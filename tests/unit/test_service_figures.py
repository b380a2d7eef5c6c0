"""The section of `make load` is written from what was measured, targets and paper and all."""

import math
import random

import pytest
from bench.section import Target, write_section
from bench.service.amounts import Amounts
from bench.service.country import Country
from bench.service.empty import PARTS, Depth, Fairness, Overhead
from bench.service.growing import Growing, Slope, lasting, slope
from bench.service.report import BEGIN, END, Results
from bench.service.running import ROOT
from bench.service.sizes import SIZES, Size
from bench.service.submitting import Submitting, Taken
from bench.service.whole_election import PhaseTime, WholeElection


def taken(rate):
    printed = {
        "requests": 600,
        "seconds": 600 / rate,
        "bytes": 14_000,
        "ms": {"p50": 5.0, "p99": 20.0, "max": 30.0},
        "processor": 0.1,
        "late_ms": 1.0,
    }
    return Taken("protobuf", printed, 0.5)


@pytest.fixture
def results():
    parts = {name: (1.0, 0.9) for name, _, _ in PARTS}
    pauses = {"parent": [1.0, 2.0], "child": [3.0, 400.0]}
    return Results(
        "PostgreSQL, RabbitMQ",
        10.0,
        Amounts(),
        Overhead(6.0, parts, 1000, 120.0, 2000),
        Depth(100_000, 500, 900, 100, 80.0),
        Fairness(1.5, 3.0, 5),
        Submitting(taken(210.0), taken(150.0), taken(300.0), 100.0, 120.0),
        [Size(items, 10, 5.0, items * 0.005, 70.0, 50.0 + items / 10) for items in SIZES],
        Growing(900, 150.0, Slope(0, 0), Slope(0, 0), [120.0] * 10, pauses, 200.0, 380.0, 10**9, 20.0, 3000, 0.6),
        [
            WholeElection(
                1000, 60.0, 20.0, [PhaseTime("accept", 20, 10.0, 5.0, 0.4), PhaseTime("share", 0, 0.1, 0.0, 0.0)],
                2500.0, 11_000.0, 3_000_000, 30_000_000, 110.0, [130.0, 131.0],
            )
        ],
    )  # fmt: skip


def test_the_section_says_what_is_missed_and_leaves_others_alone(results, tmp_path):
    missed = [target.name for target in results.targets() if not target.reached]
    assert missed == ["pauses of its garbage collector, p99"]
    path = tmp_path / "numbers.md"
    path.write_text("# Numbers\n\nby others\n")
    section = results.markdown(ROOT)
    for _ in range(2):
        write_section(path, section, BEGIN, END)
    text = path.read_text()
    assert text.startswith("# Numbers\n\nby others\n")
    assert text.count(BEGIN) == text.count("| two workers against one | 1.90 times | ≥ 1.8 times | reached |") == 1
    assert "What gives way first" in text
    assert "| accept | 20 · 10.0 s · 200 |" in text
    assert "| share |  |" in text


def test_the_country_follows_from_the_figures(results):
    paper = Country(results.overhead, results.submitting, results.growing, results.elections[-1])
    rows = dict(paper.rows())
    # 50 million ballots, ten times a measured one that takes 1/200 s
    assert rows["checking all ballots (accept)"] == "694 core-hours"
    assert rows["bytes submitted (items and commitments)"] == "6.75 TB"
    # 3,472 ballots a second of 135,000 bytes, where 50 MB a second were seen
    written = next(times for times, name, _, _ in paper.single() if name.startswith("the database's disk"))
    assert written == pytest.approx(9.375)


def test_growth_is_told_from_noise():
    draw = random.Random(1)
    flat = slope([130 + draw.gauss(0, 0.5) for _ in range(900)])
    growing = slope([130 + 0.01 * number + draw.gauss(0, 0.5) for number in range(900)])
    assert flat.least < 0 < flat.growth + flat.margin < 1
    assert growing.growth == pytest.approx(10, abs=1)
    assert growing.growth - growing.margin > 8
    assert not Target("grows", growing.least, 0, "MiB").reached


@pytest.mark.parametrize("seed", range(5))
def test_what_leaks_is_told_from_a_heap_that_fills(seed):
    draw = random.Random(seed)

    def memory(leak):
        return [130 + 0.1 * math.log2(at) + leak * at + draw.gauss(0, 0.02) for at in range(500, 1500)]

    assert slope(memory(0)).least > 0.1
    assert lasting(memory(0), 500).least < 0
    leaks = lasting(memory(200e-6), 500)  # 200 bytes in each chunk
    assert leaks.growth == pytest.approx(0.2, abs=0.08)
    assert not Target("leaks", leaks.least, 0, "MiB").reached

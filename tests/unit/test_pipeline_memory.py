import os
import subprocess
import sys
from pathlib import Path

from amarvote.pipeline import memory


def test_the_kernel_tells_what_a_process_holds():
    own = memory.held_kb(os.getpid())[0]
    assert 10_000 < own <= memory.held_kb(os.getpid())[1]
    assert memory.processor_ticks(os.getpid()) > 0


def test_a_process_that_is_gone_holds_nothing():
    gone = 2**22 + 1  # above what the kernel gives out
    assert (memory.held_kb(gone), memory.processor_ticks(gone)) == ((0, 0), -1)


def test_memory_goes_back_to_the_system():
    memory.one_arena()
    block = [bytes(1000) for _ in range(60_000)]
    full = memory.held_kb(os.getpid())[0]
    del block
    memory.trim()
    assert memory.held_kb(os.getpid())[0] < full - 30_000


SCATTERED = """
import os
from amarvote.pipeline import memory
made = [bytes(100) for _ in range(400_000)]
full = memory.held_kb(os.getpid())[0]
kept = made[::1000]
del made
memory.trim()
print(full - memory.held_kb(os.getpid())[0])
"""


def test_small_objects_go_back_though_some_between_them_stay():
    def given_back_kb(environment):
        told = subprocess.run(
            [sys.executable, "-c", SCATTERED], env=environment, stdout=subprocess.PIPE, check=True
        )
        return int(told.stdout)

    assert given_back_kb({**os.environ, **memory.ENVIRONMENT}) > 40_000
    without = {name: value for name, value in os.environ.items() if name not in memory.ENVIRONMENT}
    assert given_back_kb(without) < 20_000, "Python gives them back by itself: memory.ENVIRONMENT is needless"


def test_a_peak_is_forgotten_when_told_to():
    memory.forget_peak(os.getpid())  # an earlier test's may be higher
    block = b"\1" * (50 << 20)  # zeros would take no memory before they are read
    high = memory.held_kb(os.getpid())[1]
    del block
    memory.trim()
    memory.forget_peak(os.getpid())
    assert memory.held_kb(os.getpid())[1] < high - (30 << 10)
    memory.forget_peak(2**22 + 1)  # of nobody: nothing happens


def test_the_limit_is_the_least_of_the_control_groups_around(tmp_path):
    own = next(
        (line[4:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::/")), ""
    )
    assert memory.limit_bytes(tmp_path) is None
    (tmp_path / own).mkdir(parents=True, exist_ok=True)
    (tmp_path / own / "memory.max").write_text("230686720\n")
    assert memory.limit_bytes(tmp_path) == 220 << 20
    (tmp_path / own / "memory.max").write_text("max\n")
    assert memory.limit_bytes(tmp_path) is None

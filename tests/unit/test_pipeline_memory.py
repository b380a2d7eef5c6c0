import os

from amarvote.pipeline import memory


def test_the_kernel_tells_what_a_process_holds():
    own = memory.resident_kb(os.getpid())
    assert 10_000 < own <= memory.peak_kb(os.getpid())
    assert memory.processor_ticks(os.getpid()) > 0


def test_a_process_that_is_gone_holds_nothing():
    gone = 2**22 + 1  # above what the kernel gives out
    assert (memory.resident_kb(gone), memory.peak_kb(gone), memory.processor_ticks(gone)) == (0, 0, -1)


def test_memory_goes_back_to_the_system():
    memory.one_arena()
    block = [bytes(1000) for _ in range(60_000)]
    full = memory.resident_kb(os.getpid())
    del block
    memory.trim()
    assert memory.resident_kb(os.getpid()) < full - 30_000

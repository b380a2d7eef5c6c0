"""A guardian that lost its nonces refuses its run; the officer goes on without it in a new one (rule 17)."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable

import pytest

from amarvote.participants import address
from amarvote.participants.service import Service
from small_run import TOTALS, begin, pids, write_inputs


def wait(true: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


@pytest.mark.chaos
def test_lost(tmp_path):
    run = tmp_path / "run"
    numbers = ["--guardians", "3", "--quorum", "2", "--absent", "none", "--challenged", "0"]
    launcher = begin("count", *write_inputs(tmp_path), *numbers, "--json", "--out", str(run))

    def tell(number: signal.Signals, *guardians: int) -> None:
        for index in guardians:
            os.kill(pids(run)[f"guardian-{index}"], number)

    # 1 and 2 are held while 3 checks in, then 3 is held while 1 and 2 begin: the run cannot end.
    wait(lambda: all((run / f"guardians/guardian-{index}/key.json").exists() for index in (1, 2, 3)))
    wait(lambda: (run / "devices/device-1/pin").exists())
    tell(signal.SIGSTOP, 1, 2)
    election = json.loads((run / "officer" / "tokens.json").read_text())["election"]
    service = Service(address.of_election(address.of_socket(run / "api.sock"), election))
    wait(lambda: 3 in service.get("/run").json().get("checked_in", ()))
    tell(signal.SIGSTOP, 3)
    tell(signal.SIGCONT, 1, 2)
    wait(lambda: all(list(run.glob(f"guardians/guardian-{index}/runs/*/0.sealed")) for index in (1, 2)))
    (first,) = (run / "guardians" / "guardian-1" / "runs").iterdir()
    time.sleep(0.5)  # its commitments have left

    tell(signal.SIGKILL, 1)
    shutil.rmtree(first)
    wait(lambda: service.get("/run").json()["run"] not in (None, first.name))
    assert service.get("/run").json()["guardians"] == [2, 3]
    tell(signal.SIGCONT, 3)

    out, err = launcher.communicate(timeout=150)
    service.close()
    assert launcher.returncode == 0, err
    assert "Guardian 1 is set aside: Guardian 1 answered in run" in err
    report = json.loads(out)
    assert report["totals"] == {c: {o: [n, n] for o, n in some.items()} for c, some in TOTALS.items()}
    assert report["verified"] is True

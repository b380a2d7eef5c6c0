"""Is there a backup, complete, undamaged, younger than a day?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from amarvote.backups.kept import BackupError, check, listing
from amarvote.doctor.findings import Finding, failed, unchecked, well
from amarvote.doctor.system import System

YOUNG = timedelta(days=1)
TAKE = "Run amarvote backup DIR; let a timer do it every few hours, and copy what it writes to another machine."


def newest(system: System) -> Iterator[Finding]:
    """The last one in the folder, by its name, and that its bytes are those that were written."""
    if system.backups is None:
        yield unchecked("No folder of backups was named.", "Name it with --backups DIR.")
        return
    try:
        backups = listing(system.backups)
        if not backups:
            yield failed(f"{system.backups} holds no complete backup.", TAKE)
            return
        check(backups[-1])
    except BackupError as problem:
        yield failed(str(problem), TAKE)
        return
    age = datetime.now(UTC) - backups[-1].taken_at
    seen = f"{backups[-1].path} is undamaged and {age.total_seconds() / 3600:.1f} hours old."
    yield well(seen) if age < YOUNG else failed(seen, TAKE)

"""`amarvote backup` and `amarvote restore`: the whole database as one file, and back."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from amarvote.backups.kept import BackupError
from amarvote.backups.restoring import Restored
from amarvote.backups.restoring import restore as put_back
from amarvote.backups.taking import Taken, take
from amarvote.cli import exits
from amarvote.cli.database import DatabaseUrl
from amarvote.cli.stopping import Stopped, stoppable
from amarvote.elections.service import NoDatabaseError

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where backups are kept; made where missing.")],
    database: DatabaseUrl,
    as_json: AsJson = False,
) -> int:
    """Back the database up, while the service works.

    One file of one moment, for its owner only, read back before it gets its name; its SHA-256 beside it. Whoever
    has it sees which ballots belong to whom, of those that were not checked yet at that moment: guard it like the
    database, and erase those of the voting once one of the closed election is there.
    """
    try:
        with stoppable():
            taken = take(database, folder)
    except Stopped as stopped:
        raise exits.Interrupted("Interrupted; no backup was taken.", stopped.code) from None
    except (BackupError, NoDatabaseError) as problem:
        raise exits.UnreadableInput(str(problem)) from None
    sys.stdout.write(f"{json.dumps(_taken(taken)) if as_json else _told(taken)}\n")
    return exits.OK


def restore(
    file: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file that amarvote backup wrote.")],
    database: DatabaseUrl,
    as_json: AsJson = False,
) -> int:
    """Restore a backup into an empty database.

    All of it, or nothing; nothing is overwritten. Elections go on where they were, also in the middle of a count.
    """
    try:
        with stoppable():
            restored = put_back(file, database)
    except Stopped as stopped:
        raise exits.Interrupted("Interrupted; nothing was restored.", stopped.code) from None
    except (BackupError, NoDatabaseError) as problem:
        raise exits.UnreadableInput(str(problem)) from None
    sys.stdout.write(f"{json.dumps(_restored(restored)) if as_json else _advice(restored)}\n")
    return exits.OK


def _taken(taken: Taken) -> dict[str, object]:
    return {
        "backup": str(taken.backup.path),
        "database": taken.database,
        "taken_at": taken.backup.taken_at.isoformat(),
        "schema": taken.revision,
        "bytes": taken.size,
        "seconds": round(taken.seconds, 3),
    }


def _told(taken: Taken) -> str:
    return (
        f"{taken.backup.path} holds {taken.database} (schema {taken.revision}), {taken.size} bytes, "
        f"in {taken.seconds:.1f} s.\n"
        f"Next: copy it and its .sha256 to another machine. amarvote restore {taken.backup.path} puts it into an "
        "empty database."
    )


def _restored(restored: Restored) -> dict[str, object]:
    return {
        "backup": str(restored.backup.path),
        "database": restored.database,
        "taken_at": restored.backup.taken_at.isoformat(),
        "schema": restored.revision,
        "upgrade": restored.is_old,
        "elections": [
            {"id": one.id, "title": one.title, "state": one.state, "ballots": one.ballots}
            for one in restored.elections
        ],
    }


def _advice(restored: Restored) -> str:
    lines = [
        f"{restored.database} holds what was in it at {restored.backup.taken_at:%Y-%m-%d %H:%M:%S} UTC "
        f"(schema {restored.revision}).",
        *(f"Election {one.id} is {one.state}: {one.ballots} ballots." for one in restored.elections),
        "What was handed in after that moment is not in it: docs/backup.md says how it is found.",
        *(
            ["Next: amarvote db upgrade, for this version of AmarVote needs newer tables."]
            if restored.is_old
            else []
        ),
        "Next: stop whatever still works with the database that this one replaces, start amarvote api and "
        "amarvote worker with this one, and look with amarvote doctor.",
    ]
    return "\n".join(lines)

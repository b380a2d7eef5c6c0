"""`python -m amarvote.api.create --database URL --manifest FILE --guardians N --quorum K --device D --tokens F`.

Makes an election and writes the bearer tokens of all who take part into F, which only its owner can read:
{"election": id, "officer": token, "guardians": {"1": token, …}, "devices": {name: token}}.
"""

import argparse
import sys
from pathlib import Path

from amarvote.elections.creating import Database, NoDatabaseError, create
from amarvote.elections.errors import Refusal

LARGEST_MANIFEST = 16 << 20
UNREADABLE = 2
MINIMUM_GROUP = 10


def main() -> int:
    """Create one election; its identifier on standard output."""
    parser = argparse.ArgumentParser(prog="amarvote.api.create", description="Create an election.")
    parser.add_argument("--database", required=True, help="sqlite:////absolute/path; made where it is not there")
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--guardians", required=True, type=int, help="n")
    parser.add_argument("--quorum", required=True, type=int, help="k")
    parser.add_argument("--device", required=True, action="append", help="a device's name; once for each device")
    parser.add_argument("--tokens", required=True, type=Path, help="where the bearer tokens are written")
    parser.add_argument("--minimum-group", type=int, default=MINIMUM_GROUP)
    parser.add_argument("--title")
    parser.add_argument("--folder", default=".", help="of the record, below the directory of records")
    options = parser.parse_args()
    with options.manifest.open("rb") as file:
        manifest = file.read(LARGEST_MANIFEST + 1)
    if len(manifest) > LARGEST_MANIFEST:
        sys.stderr.write(f"{options.manifest} has more than {LARGEST_MANIFEST} bytes.\n")
        return UNREADABLE
    try:
        creation = create(
            Database(options.database),
            manifest,
            n=options.guardians,
            k=options.quorum,
            device_names=options.device,
            minimum_group=options.minimum_group,
            folder=options.folder,
            tokens_file=options.tokens,
            title=options.title,
        )
    except (NoDatabaseError, Refusal) as problem:
        sys.stderr.write(f"{problem}\n")
        return UNREADABLE
    sys.stdout.write(f"{creation.election_id}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

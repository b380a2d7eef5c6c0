"""Writes the dashboards' files: `make dashboards`; or into a folder, `python make_dashboards.py FOLDER`."""

import json
import sys
from pathlib import Path

from boards import api, election, servers, workers
from grafana_foundation_sdk.cog.encoder import JSONEncoder


def main(folder: Path) -> None:
    """Write each into its own."""
    for module in (election, workers, api, servers):
        text = json.dumps(module.BOARD, cls=JSONEncoder, indent=1, ensure_ascii=False)
        (folder / f"{module.BOARD.uid}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("dashboards"))

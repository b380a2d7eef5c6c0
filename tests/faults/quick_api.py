"""The orchestrator with short times. Only for tests: python quick_api.py DATABASE RECORDS SOCKET."""

import sys
from pathlib import Path

from amarvote.api.serve import serve
from amarvote.elections.service import open_service
from faults.quick_worker import QUICK

if __name__ == "__main__":
    url, records, socket = sys.argv[1:]
    serve(open_service(url, Path(records), settings=QUICK), Path(socket))

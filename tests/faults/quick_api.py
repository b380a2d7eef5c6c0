"""The orchestrator with short times. Only for tests: python quick_api.py DATABASE SOCKET."""

import sys
from pathlib import Path

from amarvote.api.serve import serve
from amarvote.elections.service import open_service
from faults.quick_worker import QUICK

if __name__ == "__main__":
    url, socket = sys.argv[1:]
    serve(open_service(url, settings=QUICK), Path(socket))

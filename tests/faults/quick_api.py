"""The orchestrator with short times. Only for tests: python quick_api.py DATABASE SOCKET."""

import sys
from pathlib import Path

from amarvote.api.serve import serve, unix_socket
from faults.quick_worker import QUICK

if __name__ == "__main__":
    url, socket = sys.argv[1:]
    serve(url, unix_socket(Path(socket)), QUICK)

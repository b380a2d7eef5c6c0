"""A program for the supervisor's tests: does as its argument says, and counts its starts in `starts`."""

import subprocess
import sys
import time
from pathlib import Path

with Path("starts").open("a") as starts:
    starts.write(f"{sys.argv[1]}\n")
match sys.argv[1]:
    case "sleep":
        time.sleep(60)
    case "end":
        pass
    case "refuse":
        sys.stderr.write("first words\nI have my reasons.\n\n")
        sys.exit(3)
    case "fail":
        sys.stderr.write("broken\n")
        sys.exit(1)
    case "parent":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        time.sleep(60)

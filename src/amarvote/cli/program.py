"""The program as it was called, so that what is printed works when it is pasted."""

import shlex
import sys

NAME = "amarvote"


def command(*arguments: object) -> str:
    """A command line of this program, quoted for a shell."""
    called = sys.argv[0]
    # `python -c` has no file to name; the installed program is next best.
    program = NAME if called in ("", "-c", "-m") else called
    return shlex.join([program, *map(str, arguments)])

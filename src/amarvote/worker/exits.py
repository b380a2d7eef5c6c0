"""How a worker ends, for whoever starts it again."""

DONE = 0
"""It was told to end, and holds nothing."""

UNREADABLE = 2
"""No database of this version, or an address that is none: starting it again does not help."""

USAGE = 64

GROWN = 75
"""It had grown too large and ended between two chunks; start another one at once, nothing failed."""

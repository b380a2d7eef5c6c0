"""The published record in EGRF v2: written, read, digested and converted, always as a stream.

What stands on disk is decided by `sections` (names, phases, paths), `canonical` (the one valid encoding of an
item), `json_lines` (the same items as text) and `merkle` (the roots). `codec` turns items into the protocol's
dataclasses and back. May import `electionguard`, nothing else of ours.
"""

"""The checklist before an election, each line held against the running system.

`findings` says what a line of it is, `examination` which lines there are and in which order; the others look, each
at one part: `database`, `elections`, `broker`, `round_trip`, `machine`, `secrets`, `address`, `backups`. What cannot be
looked at is a line as well, and says why; nothing here raises.
Imports backups, worker (where the addresses are), queues, pipeline, store, participants.
"""

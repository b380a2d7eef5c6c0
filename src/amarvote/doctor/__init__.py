"""The checklist before an election, each line held against the running system.

`findings` says what a line is, `examination` which there are and in which order, `system` where everything is; the
others look, each at one part. What cannot be looked at is a line as well and says why: nothing raises out of here.
Imports backups, worker (where the addresses are), queues, pipeline, store, participants.
"""

"""Backups of the whole database: taken while the service works, whole or not at all, put back into an empty one.

`kept` says how they lie in a folder, `taking` and `restoring` are what the two commands do, `postgresql` and
`sqlite` how each database is copied. Imports store, participants.
"""

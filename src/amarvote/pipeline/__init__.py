"""Phases, chunks and the worker that takes one chunk at a time.

`chunks` is a chunk's life, `handing` who gets the next one, `phases` the order of the phases; one module for each
phase says how it is cut, loaded, committed and when it is over; `computing` is what the child computes, without a
database. Imports store, board, record, electionguard.
"""

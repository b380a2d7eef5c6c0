"""The use cases of an election, as functions on a `Service`: what the API offers, without HTTP.

Imports pipeline, store, board, record, electionguard. Nothing here computes a modular exponentiation: that is for
workers. Refusals are exceptions with a sentence for people (`errors`).
"""

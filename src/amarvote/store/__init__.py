"""The database: the only truth. One readable `tables` module, the clock inside statements, transactions.

Imports nothing else of AmarVote. Knows no rule of the election; the pipeline and the use cases do.
"""

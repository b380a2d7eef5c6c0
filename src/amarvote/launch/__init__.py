"""One machine plays every role: starts the processes of a whole election, keeps them alive, is the officer.

The processes meet over a local socket; only the orchestrator and the workers open the database. May import
everything but `store`.
"""

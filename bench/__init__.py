"""Measures how fast AmarVote is, beside electionguard 1.4, and writes its section of docs/numbers.md.

`make bench` makes the other library's own environment (.venv-bench) and runs it. AmarVote imports nothing of this.
"""

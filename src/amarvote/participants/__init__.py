"""What guardians, devices and the launcher share as participants: a client that waits out restarts, durable files.

Knows nothing of elections. Imports nothing else of AmarVote.
"""

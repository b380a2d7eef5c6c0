"""The guardian's own agent: makes and keeps one guardian's key, checks what it is asked for, answers once.

Talks to the service by HTTP only. May import `electionguard`, `record` and `participants`.
"""

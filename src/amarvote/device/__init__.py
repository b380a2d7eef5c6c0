"""The voter's device: encrypts ballots, shows their codes, submits them as decided, opens challenged ones.

Nothing of a vote leaves it but encrypted. Talks to the service by HTTP only. May import `electionguard`,
`record` and `participants`.
"""

"""The four dashboards, and the `panels` that they are made of.

Each replica of the API says the same of the whole service, hence max(); workers speak for themselves, hence sum().
No query names an election: what is told apart are phases, states and processes. Limits are those of the alerts
(../prometheus/rules.yml) and of the design: a worker takes 200 MB at most, a queue holds 1,000 messages.
"""

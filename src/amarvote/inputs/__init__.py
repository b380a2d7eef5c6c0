"""What people bring: an election office's export, and files of ballots in the clear.

`dominion` makes a manifest and ballots from an export, `ballot_files` reads ballots and names every fault with its
line. Both treat what they read as hostile. May import `electionguard`; nothing else of AmarVote.
"""

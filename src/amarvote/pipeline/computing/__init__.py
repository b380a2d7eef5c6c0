"""What the child computes: one function for each kind of work, from a message to a message.

No database and no network; imports electionguard and record only. Whatever stops the work is an exception whose
sentence ends up as the chunk's reason.
"""

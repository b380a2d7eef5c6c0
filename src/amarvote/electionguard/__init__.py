"""ElectionGuard 2.1.0 as pure functions over frozen dataclasses.

No files, no clock, no database, no network. Imports nothing else of AmarVote. Elements of Z_p are `mpz`, exponents
in Z_q are `int`, hashes and 256-bit identifiers are 32 raw bytes. Numbers in parentheses are the equations of the
specification, numbers like 6.D its verification checks.
"""

"""The board's signer: keeps an Ed25519 key and what it signed last, and signs only what continues that.

It belongs on another machine than the database, so that whoever changes the one cannot sign with the other.
Imports board, participants.
"""

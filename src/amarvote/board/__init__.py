"""The board of confirmation codes (rule 22): an RFC 9162 tree, its proofs, and checkpoints as signed notes.

Pure functions without files, clock or database; whoever keeps the codes hands them in. Imports record, for the
hashes of Merkle trees.
"""

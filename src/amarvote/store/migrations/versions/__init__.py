"""One module for each revision, in the order of their numbers; each says what it changes. Run by Alembic."""

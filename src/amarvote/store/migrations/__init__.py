"""The schema's history, one module below `versions` for each change; `tables` is what they add up to.

A change: edit `tables`, then, against a database of the revision before,

    AMARVOTE_DATABASE_URL=sqlite:////tmp/before.db alembic revision --autogenerate --rev-id 0002 -m "what changes"

read what it wrote, set HEAD. A test compares both databases, made by the migrations, with `tables`.
"""

HEAD = "0002"
"""The revision that this program works with."""

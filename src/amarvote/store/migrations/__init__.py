"""The schema's history, one module below `versions` for each change; `tables` is what they add up to.

A change: edit `tables`, then, against a database of the revision before,

    AMARVOTE_DATABASE_URL=sqlite:////tmp/before.db alembic revision --autogenerate --rev-id 0002 -m "what changes"

read what it wrote, set HEAD. A test compares both databases, made by the migrations, with `tables`.

A change that only adds (tables, indexes that are not unique, columns that may be NULL or have a default of the
database) counts on: 0002, 0003. Programs of 0002 then go on, and start, with tables of 0003. A change with which
they could not raises the first digit: after 0003 comes 1004, and everything is stopped for it. So whatever goes
away does so in three releases: one adds, one no longer uses what was before, one takes it away.

Rows of `ballots` and `roll` are written anew when a list is frozen (`pipeline.shuffling`), by a program that knows
its own columns only: so no key may lead to them, and what a column added there holds is its default again where a
program of the revision before froze the list.
"""

HEAD = "0002"
"""The revision that this program works with."""

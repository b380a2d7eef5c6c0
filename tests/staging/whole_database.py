"""All that an attacker finds in a database: every row of every table, with the columns that the system keeps."""

from sqlalchemy import Connection, Table, text

from amarvote.store.database import Database
from amarvote.store.tables import metadata, roll

SYSTEM = {"postgresql": ("xmin", "xmax", "cmin", "cmax", "ctid"), "sqlite": ("rowid",)}


def seen(connection: Connection, table: Table) -> list[dict[str, object]]:
    """Every row with every column, and its system columns, in the order in which the table gives them."""
    kind = connection.dialect.name
    system = SYSTEM[kind] if kind != "sqlite" or table.dialect_options["sqlite"]["with_rowid"] else ()
    named = ", ".join([*(f"{name} AS sys_{name}" for name in system), "*"])
    rows = connection.execute(text(f"SELECT {named} FROM {table.name}")).mappings().all()
    found = []
    for order, row in enumerate(rows):
        values = {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
        if "sys_ctid" in values:  # (page,place) as one number
            page, place = str(values["sys_ctid"]).strip("()").split(",")
            values["sys_ctid"] = int(page) * 1_000_000 + int(place)
        found.append({**values, "order": order})
    return found


def elsewhere(database: Database, secrets_of_roll: set[bytes]) -> set[tuple[str, str]]:
    """(table, column) outside the roll in which such a value stands: as bytes, or in hex within any text."""
    names = {value.hex() for value in secrets_of_roll}
    found = set()
    with database.read() as connection:
        for table in metadata.sorted_tables:
            if table is roll:
                continue
            for row in seen(connection, table):
                for column, value in row.items():
                    raw = value if isinstance(value, bytes) else b""
                    told = str(value) if not isinstance(value, bytes) else ""
                    if raw in secrets_of_roll or any(name in told for name in names):
                        found.add((table.name, column))
    return found

"""How large the database is, as it says itself."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class database_bytes(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """Bytes of the whole database, on the disk."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_bytes, "sqlite")
def _sqlite_bytes(element: database_bytes, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return "(SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())"


@compiles(database_bytes, "postgresql")
def _postgresql_bytes(element: database_bytes, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return "pg_database_size(current_database())"

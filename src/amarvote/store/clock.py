"""The database's clock, read inside the statement that needs it (rule 21): leases, due times, the closing."""

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class now(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """Seconds since 1970 by the database's clock, to the millisecond; one value throughout a statement."""

    type = Float()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(element: now, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _postgresql_now(element: now, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    # not now(), which stands still throughout a transaction, nor clock_timestamp(), which moves within a statement
    return "CAST(extract(epoch FROM statement_timestamp()) AS double precision)"

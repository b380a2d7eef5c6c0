"""An order that says nothing: random bytes from the database, one value for each row (rule 3)."""

from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class random_order(FunctionElement[bytes]):  # noqa: N801 - reads as the SQL function that it is
    """A fresh random value for each row, to sort by; of the systems' own randomness, 122 bits or more."""

    type = LargeBinary()
    inherit_cache = True


@compiles(random_order, "sqlite")
def _sqlite(element: random_order, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return "randomblob(16)"


@compiles(random_order, "postgresql")
def _postgresql(element: random_order, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return "gen_random_uuid()"

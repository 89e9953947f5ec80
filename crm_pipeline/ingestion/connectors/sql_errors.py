"""What a database's error means, in words that hold no values of rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crm_pipeline.errors import CrmError, UserError

# SQLSTATE classes whose messages speak of names and syntax only: undefined or ambiguous names, syntax, privileges
POSTGRES_NAMES = ("42", "3D", "3F", "28")
MYSQL_NAMES = {1044, 1045, 1046, 1049, 1051, 1054, 1064, 1142, 1143, 1146, 1698}
REFUSED = ("authentication failed", "access denied", "no password supplied", "does not exist", "role ")


def explained(error: sa.exc.SQLAlchemyError, source_name: str) -> CrmError:
    """UserError for what settings can mend (credentials, names, syntax), else CrmError; never with a row's values."""
    where = f"sources.{source_name}.extract"
    origin: Any = getattr(error, "orig", None)
    if origin is None:
        return CrmError(f"{where}: reading failed ({type(error).__name__}); what was landed before stays")
    text = next(iter(_text_of(origin).strip().splitlines()), "")
    state = getattr(origin, "sqlstate", None) or ""
    number = origin.args[0] if origin.args and isinstance(origin.args[0], int) else None
    is_name = state.startswith(POSTGRES_NAMES) or number in MYSQL_NAMES
    is_sqlite = type(origin).__module__ == "sqlite3" and text.startswith(("no such", "near", "unable to open"))
    if is_name or is_sqlite or (not state and number is None and any(word in text.lower() for word in REFUSED)):
        return UserError(f"{where}: the database refused it ({text}); correct the settings or the privileges")
    is_invalid = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    if isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) and (is_invalid or not state):
        return CrmError(
            f"{where}: the connection failed or was lost ({type(origin).__name__}: {text}); "
            "what was landed stays, and the next run goes on behind it"
        )
    code = state or number or type(origin).__name__
    return CrmError(f"{where}: the database could not answer ({type(origin).__name__}, code {code})")


def _text_of(origin: Any) -> str:
    if origin.args and isinstance(origin.args[0], int) and len(origin.args) > 1:  # PyMySQL: number, text
        return str(origin.args[1])
    return str(origin)

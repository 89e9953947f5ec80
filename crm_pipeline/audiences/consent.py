"""Who may be addressed: the newest decision of each customer that was loaded, whatever readers see by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.audiences.settings import AudienceSettings
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import make_plan, selected
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CONSENTS, IDENTITY = "loaded_consents", "loaded_identity"
_CONSENTS = "select customer_id, purpose, decided_at, is_granted from cleaned.consents"
_IDENTITY = "select source, source_customer_id, customer_id from cleaned.customer_identity"
CONSENTS_SHOWN = "customer_consents"
_NEWEST = f"""
create or replace temporary table {CONSENTS_SHOWN} as
with known_as as (  -- a customer may have got another id since the copy for readers was made
    select customer_id as loaded_id, customer_id from {CONSENTS}
    union
    select loaded.customer_id as loaded_id, published.customer_id
    from {IDENTITY} as loaded
    inner join cleaned.customer_identity as published using (source, source_customer_id)
)
select known_as.customer_id, purpose, decided_at, is_granted
from {CONSENTS} as consents
inner join known_as on consents.customer_id = known_as.loaded_id
qualify row_number() over (partition by known_as.customer_id, purpose order by decided_at desc, is_granted) = 1
"""
"""Of decisions at the same moment the refusal counts, as it does for recommendations."""


def consented(connection: DuckDBPyConnection, pipeline: Pipeline, settings: AudienceSettings, where: str) -> str:
    """The join that leaves who may be addressed, on a connection to the copy for readers.

    Not as of the snapshot, and not as readers see it: who withdrew consent since is not addressed. UserError for a
    purpose that nobody was asked for, and where consents were loaded that are not built.
    """
    purpose = settings.consent_purpose
    if purpose is None:
        return ""
    show_consents(connection, pipeline, where)
    known = [name for (name,) in connection.execute(f"select distinct purpose from {CONSENTS}").fetchall()]
    if purpose not in known:
        what = closest(purpose, known) if known else "; `consents` is empty: map a source of them"
        raise UserError(f"{where}.consent_purpose: no consent is of the purpose {purpose!r}{what}")
    connection.execute(
        f"create or replace temporary table decided as select customer_id, is_granted from {CONSENTS_SHOWN} "
        "where purpose = $purpose",
        {"purpose": purpose},
    )
    if settings.consent == "granted":
        return "semi join (select customer_id from decided where is_granted) as agreed using (customer_id)"
    return "anti join (select customer_id from decided where not is_granted) as refused using (customer_id)"


def show_consents(connection: DuckDBPyConnection, pipeline: Pipeline, where: str) -> None:
    """Put each customer's newest decision per purpose into `customer_consents`, a temporary table.

    UserError where consents were loaded that are not built.
    """
    _show_loaded(connection, pipeline, where)
    connection.execute(_NEWEST)


def _show_loaded(connection: DuckDBPyConnection, pipeline: Pipeline, where: str) -> None:
    """Put the consents and identities of the last load into temporary tables."""
    warehouse = pipeline.warehouse
    if not warehouse.exists:  # a copy for readers that was handed on alone
        connection.execute(f"create or replace temporary table {CONSENTS} as {_CONSENTS}")
        connection.execute(f"create or replace temporary table {IDENTITY} as {_IDENTITY}")
        return
    needed = selected(pipeline, ["+consents", "+customer_identity"])
    late = make_plan(pipeline, [name for name in needed if pipeline.tables[name].stage != "ingestion"], [])
    if late:
        raise UserError(
            f"{where}: nobody is handed over, for consents may have been withdrawn that are not built yet "
            f"({late[0].table.name}: {late[0].reason}); build them with: crm-pipeline run"
        )
    with warehouse.connect(read_only=True) as live:
        for name, query in ((CONSENTS, _CONSENTS), (IDENTITY, _IDENTITY)):
            connection.register("given", live.sql(query).to_arrow_table())
            connection.execute(f"create or replace temporary table {name} as select * from given")
            connection.unregister("given")

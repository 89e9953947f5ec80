"""Columns that several tables share, described once."""

from crm_pipeline.contract.table import Column

SNAPSHOT_DATE = Column(
    "snapshot_date", "date", "The day D as of which the row was computed; nothing known on or after D was seen."
)
KNOWN_DATE = Column(
    "known_date", "date", "The snapshot date at which the outcome was known (it fell due since the snapshot before)."
)
JUDGED_SNAPSHOT_DATE = Column("snapshot_date", "date", "The snapshot whose outcome or score this row is about.")
CUSTOMER_ID = Column("customer_id", "varchar", "The customer's pseudonymous identifier.", pii="pseudonymous")
ORDER_ID = Column("order_id", "varchar", "The order's identifier in its source.")
ORDER_LINE_ID = Column(
    "order_line_id", "varchar", "Identifier of the line: the source's own, or a digest of the line's content."
)
PRODUCT_ID = Column("product_id", "varchar", "The product's identifier.")
KNOWN_AT = Column("known_at", "timestamp", "When the company could first know this row, in the project's time zone.")
SOURCE = Column("source", "varchar", "Name of the source in crm.yaml.")
ORDERED_AT = Column("ordered_at", "timestamp", "When the order was placed, in the project's time zone.")
QUANTITY = Column("quantity", "decimal(18,3)", "Units; negative for returns.")
NET_AMOUNT = Column(
    "net_amount", "decimal(18,4)", "Amount paid after discounts, in the project's currency; negative for returns."
)
DISCOUNT_AMOUNT = Column("discount_amount", "decimal(18,4)", "Discount granted, in the project's currency.")
IS_RETURN = Column("is_return", "boolean", "Whether this is a return or cancellation, which is not an order.")
LINE_TYPE = Column(
    "line_type",
    "varchar",
    "What the line is: product, voucher, shipping, fee, discount, adjustment, sample or stock. Orders are made of "
    "products; spend also counts discounts and adjustments.",
)
HORIZON_DAYS = Column("horizon_days", "integer", "Days after the snapshot date that the forecast or label covers.")
MODEL_VERSION = Column(
    "model_version", "varchar", "Digest of the model's settings and training data; `*_model` tables list it."
)
IS_ACTIVE = Column(
    "is_active", "boolean", "Whether the customer can still leave: last order within the activity window."
)

EVALUATION = (
    KNOWN_DATE,
    JUDGED_SNAPSHOT_DATE,
    Column("scope", "varchar", "`snapshot`: one judged snapshot; `pooled`: every snapshot judged so far."),
    Column("snapshot_count", "integer", "Judged snapshots that the row covers."),
    Column("model", "varchar", "The model or rule that is judged."),
    Column("population", "varchar", "`all` customers, or only the `active` ones."),
    Column("metric", "varchar", "Name of the metric."),
    Column("value", "double", "The metric's value.", nullable=True),
    Column("lower", "double", "Lower end of its 95 % bootstrap interval (customers resampled).", nullable=True),
    Column("upper", "double", "Upper end of that interval.", nullable=True),
    Column("baseline", "varchar", "The simple rule to beat."),
    Column("baseline_value", "double", "The rule's value of the same metric on the same rows.", nullable=True),
    Column("improvement", "double", "Paired difference to the rule, signed so that positive is better.", nullable=True),
    Column("improvement_lower", "double", "Lower end of the paired difference's 95 % interval.", nullable=True),
    Column("improvement_upper", "double", "Upper end of it.", nullable=True),
    Column("row_count", "bigint", "Rows (customer and snapshot) judged."),
)
EVALUATION_RULES = (
    "snapshot_date < known_date",
    "scope in ('snapshot', 'pooled')",
    "scope = 'pooled' or snapshot_count <= 1",
    "population in ('all', 'active')",
    "model <> baseline or improvement is null or improvement = 0",
    "improvement_lower is null or improvement_lower <= improvement_upper",
    "row_count >= 0",
)
"""What holds in every table of judged models; each adds its own models, metrics and bounds."""
EVALUATION_GRAIN = ("known_date", "snapshot_date", "scope", "model", "population", "metric")

MODEL_REGISTRY = (
    MODEL_VERSION,
    SNAPSHOT_DATE,
    Column("candidate", "varchar", "The fitted candidate."),
    Column("settings", "varchar", "Settings as JSON."),
    Column("metrics", "varchar", "Metrics on outcomes known at the snapshot date, not fitted on, as JSON."),
    Column("is_champion", "boolean", "Whether this candidate makes the published scores."),
    Column("why", "varchar", "Why it was or was not chosen, in words."),
    Column("format", "varchar", "Format of the artifact."),
    Column("artifact", "varchar", "The fitted parameters; reloading them gives identical scores.", nullable=True),
)

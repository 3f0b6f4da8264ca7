"""
Rows of Google's billing export to BigQuery, as JSON Lines, Parquet or flattened CSV.

Credits are negative and repeated: what a row costs is its cost plus the sum of its credits, and is not known where they
are not there or are no list of amounts. The month of the invoice is not the month of the usage: late usage and
adjustments roll over.
"""

from __future__ import annotations

from nephoscope.adapters.files.bills.columns import NOTHING, WIDE, Columns, Money, literal, quoted
from nephoscope.adapters.files.bills.dialect import Charges

NEEDED = ("billing_account_id", "cost", "currency", "usage_start_time")

_CHARGES = {"regular": "Usage", "tax": "Tax", "adjustment": "Adjustment", "rounding_error": "Adjustment"}


def missing(columns: Columns) -> list[str]:
    """Name the columns without which rows are none of Google's billing export."""
    lacking = [name for name in NEEDED if not columns.has(name)]
    if not (columns.has("invoice") or columns.has("invoice.month")):
        lacking.append("invoice.month")
    if not (columns.has("credits") or columns.has("credits.amount")):
        lacking.append("credits")
    return lacking


def charges(columns: Columns) -> Charges | None:
    """Read rows of the billing export; None where the file has none."""
    if missing(columns):
        return None
    net = columns.money("cost").plus(_credits(columns))
    cases = " ".join(f"WHEN {literal(value)} THEN {literal(meaning)}" for value, meaning in _CHARGES.items())
    month = _member(columns, "invoice", "month")
    return Charges(
        dialect="Google billing export",
        provider="'Google Cloud'",
        currency=columns.text("currency"),
        billed=net,
        effective=net,
        period=f"try_strptime({month}, ['%Y%m', '%Y-%m'])",
        start=columns.time("usage_start_time"),
        end=columns.time("usage_end_time"),
        tag=lambda key: _label(columns, key),
        service=_member(columns, "service", "description"),
        charge=f"CASE lower({columns.text('cost_type')}) {cases} ELSE 'Usage' END",
        account=f"coalesce({_member(columns, 'project', 'id')}, {columns.text('billing_account_id')})",
        billing_account=columns.text("billing_account_id"),
        region=f"coalesce({_member(columns, 'location', 'region')}, {_member(columns, 'location', 'location')})",
        resource=f"coalesce({_member(columns, 'resource', 'global_name')}, {_member(columns, 'resource', 'name')})",
    )


def _member(columns: Columns, column: str, member: str) -> str:
    if columns.has(f"{column}.{member}"):
        return columns.text(f"{column}.{member}")
    if not columns.has(column):
        return NOTHING
    expression, kind = columns.expression(column)
    if kind.startswith("STRUCT("):
        return f"{expression}.{quoted(member)}::VARCHAR" if f"{member} " in kind or f'"{member}" ' in kind else NOTHING
    return f"TRY(json_extract_string({expression}::VARCHAR, {literal('$.' + member)}))"


def _list(columns: Columns, column: str) -> str | None:
    if not columns.has(column):
        return None
    expression, kind = columns.expression(column)
    if kind.endswith("[]"):
        return f"list_transform({expression}, lambda entry: to_json(entry)::VARCHAR)"
    return f"TRY(json_extract({expression}::VARCHAR, '$[*]'))::VARCHAR[]"


def _credits(columns: Columns) -> Money:
    if columns.has("credits.amount"):
        return columns.money("credits.amount")
    expression, kind = columns.expression("credits")
    entries = f"to_json({expression})::VARCHAR" if kind.endswith("[]") else columns.text("credits")
    # What is no list, or has no amount in an entry, is carried along as a text that is no amount: never as no credit.
    amounts = (
        f"CASE WHEN TRY(json_type({entries})) = 'ARRAY' THEN list_transform(TRY(json_extract({entries}, '$[*]')), "
        f"lambda entry: coalesce(json_extract_string(entry, '$.amount'), 'a credit without an amount')) "
        f"WHEN {entries} IS NOT NULL THEN ['credits that are no list'] END"
    )
    fits = f"(length(amount) <= 24 AND NOT contains(lower(amount), 'e') AND try_cast(amount AS {WIDE}) IS NOT NULL)"
    decimals = (
        f"list_transform(list_filter({amounts}, lambda amount: {fits}), lambda amount: try_cast(amount AS {WIDE}))"
    )
    total = f"list_reduce({decimals}, lambda one, other: (one + other)::{WIDE}, 0::{WIDE})"
    rest = f"list_filter({amounts}, lambda amount: NOT {fits})"
    return Money(total, f"nullif(array_to_string({rest}, '\n'), '')")


def _label(columns: Columns, key: str) -> str:
    values = []
    for column in ("labels", "tags"):
        entries = _list(columns, column)
        if entries is not None:
            is_it = f"trim(json_extract_string(entry, '$.key')) = {literal(key)}"
            values.append(f"json_extract_string(list_filter({entries}, lambda entry: {is_it})[1], '$.value')")
    return f"coalesce({', '.join(values)})" if values else NOTHING

"""One tag's value out of the physical shapes of tags: a map, JSON text, a list of structs."""

from __future__ import annotations

from nephoscope.adapters.files.bills.columns import NOTHING, Columns, literal


def tag(columns: Columns, column: str, key: str) -> str:
    """
    Read the value of one tag.

    A key is also found where the bill writes a space before or after it, as some do.

    Args:
        columns: The file's columns.
        column: The name of the column that holds the tags.
        key: The tag's key.

    Returns:
        An expression; NULL where the tag is not there.
    """
    if not columns.has(column):
        return NOTHING
    expression, kind = columns.expression(column)
    spellings = (key, f" {key}", f"{key} ")
    if kind.startswith("MAP("):
        return f"coalesce({', '.join(f'{expression}[{literal(spelling)}]' for spelling in spellings)})"
    if kind.endswith("[]"):
        is_it = f"trim(entry.Key) = {literal(key)}"
        return f"list_filter({expression}, lambda entry: {is_it})[1].Value"
    if kind.startswith("STRUCT("):
        return _json(f"to_json({expression})::VARCHAR", spellings)
    return _json(expression, spellings)


def is_tagged(columns: Columns, column: str) -> str:
    """Tell whether a row has any tag; NULL where the bill has no such column."""
    if not columns.has(column):
        return "NULL::BOOLEAN"
    expression, kind = columns.expression(column)
    if kind.startswith("MAP("):
        return f"coalesce(cardinality({expression}) > 0, false)"
    if kind.endswith("[]"):
        return f"coalesce(len({expression}) > 0, false)"
    return f"coalesce(length({columns.text(column)}) > 2, false)"


def _json(text: str, spellings: tuple[str, ...]) -> str:
    # Azure's own exports leave the braces out.
    braced = f"CASE WHEN {text} LIKE '{{%' THEN {text} ELSE '{{' || {text} || '}}' END"
    paths = ("$." + '"' + spelling.replace("\\", "\\\\").replace('"', '\\"') + '"' for spelling in spellings)
    values = (f"json_extract_string(({braced})::VARCHAR, {literal(path)})" for path in paths)
    return f"TRY(coalesce({', '.join(values)}))"

"""Values as text, which Feast's SQL stores keep beside the encoded ones."""

from __future__ import annotations

from nephoscope.features.columns import Numbers, Texts
from nephoscope.features.decode import decoded
from nephoscope.features.rows import Feature
from nephoscope.features.value_types import ValueType

_SHOWN = frozenset(
    {ValueType.STRING, ValueType.INT32, ValueType.INT64, ValueType.FLOAT, ValueType.DOUBLE, ValueType.BOOL}
)


def shown(feature: Feature) -> list[str | None]:
    """
    Write each value as text, where it is a text, a number or a truth value.

    Source: `feast.infra.online_stores.helpers.extract_text_and_num` of Feast 0.67.
    """
    if isinstance(feature.plain, Numbers) and feature.kind in _SHOWN:
        present = (feature.values.lengths > 0).tolist()
        return [
            str(value) if there else None for value, there in zip(feature.plain.values.tolist(), present, strict=True)
        ]
    if isinstance(feature.plain, Texts) and feature.kind is ValueType.STRING:
        rows = feature.plain.values.rows()
        return [
            row.decode() if there else None for row, there in zip(rows, feature.plain.present.tolist(), strict=True)
        ]
    if feature.plain is not None:
        return [None] * len(feature.values)
    return [_text(value) for value in feature.values.rows()]


def _text(value: bytes) -> str | None:
    kind, found = decoded(value)
    return str(found) if kind in _SHOWN else None

"""
The Parquet files behind feature views.

A file is read twice. The first pass takes the keys and the times of all rows and decides which row of each entity is
the newest; the second streams the chosen rows a batch at a time, so that memory follows the batch and not the file.
No row leaves here unless its file is still the one that was read first: rows are chosen by their place in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nephoscope.adapters.files.columns import validity
from nephoscope.adapters.files.feature_columns import microseconds, numbers, plain
from nephoscope.adapters.files.feature_places import Place, Version
from nephoscope.adapters.files.formats import first_line
from nephoscope.errors import Transient, Unreadable
from nephoscope.events import ObjectRef
from nephoscope.features.columns import Numbers, Texts
from nephoscope.features.counts import Counted
from nephoscope.features.keys import entity_keys
from nephoscope.features.newest import newest
from nephoscope.features.plan import Window
from nephoscope.features.ragged import Integers, Mask, of_rows
from nephoscope.features.reading import Reading
from nephoscope.features.rows import Feature, Rows
from nephoscope.features.value_types import ValueType, known, name
from nephoscope.features.values import values
from nephoscope.features.view import NO_ENTITY, View

BATCH_ROWS = 16_384
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SlowEncoder = Callable[[View, pa.RecordBatch], Rows]
"""What encodes the types that are not known here."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """The first pass over all files of a view."""

    codes: list[Integers]  # tell entities apart, one array a join key
    keyed: Mask
    timed: Mask
    event_us: Integers
    created_us: Integers | None


@dataclass(frozen=True, slots=True)
class FeatureFiles:
    """Views' sources in Parquet files; `places` may say that a view's file lies elsewhere."""

    place: Callable[[View], Place]
    slow: SlowEncoder | None = None
    batch_rows: int = BATCH_ROWS

    def read(self, view: View, window: Window, *, landed: ObjectRef | None = None) -> Reading:
        """
        Read the rows of a window, the newest one of each entity.

        Raises:
            Unreadable: A file is no Parquet, or has not the columns that the view names.
            Transient: The file system does not answer, or a file was written anew meanwhile: nothing of it is told.
        """
        pa.set_memory_pool(pa.system_memory_pool())  # the others keep what was freed, a column at a time
        place = self.place(view)
        with _translated(view, place):
            files = place.files(landed)
            versions = place.versions(files)
            keys = _keys(view, place, files)
            place.check(versions)
        chosen, counted = _chosen(keys, window)
        return Reading(counted, self._batches(view, place, versions, chosen), foreign_columns(view, place, files))

    def _batches(self, view: View, place: Place, versions: dict[str, Version], chosen: Mask) -> Iterator[Rows]:
        columns = _columns(view)
        start = 0
        for path, version in versions.items():
            with _translated(view, place), place.filesystem.open_input_file(path) as opened:
                file = pq.ParquetFile(opened)
                for group in range(file.num_row_groups):
                    count = file.metadata.row_group(group).num_rows
                    due = chosen[start : start + count]
                    start += count
                    if due.any():
                        for batch in self._group(file, group, columns, due):
                            place.check({path: version})
                            yield encoded(view, batch, self.slow)

    def _group(self, file: pq.ParquetFile, group: int, columns: list[str], due: Mask) -> Iterator[pa.RecordBatch]:
        """The rows of a row group that are due, a batch at a time."""
        start = 0
        for batch in file.iter_batches(self.batch_rows, row_groups=[group], columns=columns, use_threads=False):
            wanted = due[start : start + len(batch)]
            start += len(batch)
            if wanted.any():
                yield batch if wanted.all() else _under(wanted, batch)


def _under(mask: Mask, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows under a mask; `pa.array` would load pandas where it is installed: 0.7 s and 50 MB."""
    positions = np.flatnonzero(mask)
    return batch.take(pa.Array.from_buffers(pa.int64(), len(positions), [None, pa.py_buffer(positions)]))


def encoded(view: View, batch: pa.RecordBatch, slow: SlowEncoder | None) -> Rows:
    """
    Encode a batch, through Feast where it holds what only Feast can encode.

    Raises:
        Unreadable: It does, and Feast is not installed here.
    """
    rows = _fast(view, batch)
    if rows is not None:
        return rows
    if slow is None:
        raise Unreadable(
            f"The view '{view.name}' has columns that only Feast can encode.", do="install nephoscope[features]"
        )
    return slow(view, batch)


def _chosen(keys: _Keys, window: Window) -> tuple[Mask, Counted]:
    """Which rows are written, and the class of every row."""
    inside = keys.timed & (keys.event_us >= _micros(window.start)) & (keys.event_us <= _micros(window.end))
    outside = int((keys.timed & ~inside).sum())
    unusable = int((inside & ~keys.keyed | ~keys.timed).sum())  # a row without a time may belong to any window
    inside &= keys.keyed
    due = int(inside.sum())
    if due == len(inside):
        chosen = newest(keys.codes, keys.event_us, keys.created_us)
    else:
        created = None if keys.created_us is None else keys.created_us[inside]
        chosen = inside.copy()
        chosen[inside] = newest([code[inside] for code in keys.codes], keys.event_us[inside], created)
    return chosen, Counted(due + unusable, unusable, due - int(chosen.sum()), outside)


def foreign_columns(view: View, place: Place, files: list[str]) -> tuple[str, ...]:
    """The columns that go through Feast, each with its type."""
    found = view.foreign
    if files and not found:
        with place.filesystem.open_input_file(files[0]) as opened:
            schema = pq.ParquetFile(opened).schema_arrow
        for column, kind in {**view.join_keys, **view.features}.items():
            stored = view.source.column(column)
            if stored in schema.names and plain(pa.nulls(0, schema.field(stored).type), ValueType(kind)) is None:
                found[column] = f"{name(kind)} out of {schema.field(stored).type}"
    return tuple(f"{column} ({kind})" for column, kind in found.items())


def _keys(view: View, place: Place, files: list[str]) -> _Keys:
    event_us, timed = _times(
        view, view.source.timestamp_field, _column(view, place, files, view.source.timestamp_field)
    )
    created = None
    if column := view.source.created_column:
        created = _times(view, column, _column(view, place, files, column))[0]
    codes, keyed = [], np.ones(len(timed), dtype=np.bool_)
    for column in _join_columns(view):
        code, present = _codes(_column(view, place, files, column))
        codes.append(code)
        keyed &= present
    return _Keys(codes or [np.zeros(len(event_us), dtype=np.int64)], keyed, timed, event_us, created)


def _column(view: View, place: Place, files: list[str], name: str) -> pa.Array:
    """One column of all files: never more than one is held as Arrow holds it."""
    parts: list[pa.Array] = []
    for path in files:
        with place.filesystem.open_input_file(path) as opened:
            file = pq.ParquetFile(opened)
            _check_columns(view, path, file.schema_arrow)
            read = file.read(columns=[name], use_threads=False).column(0)
            parts += read.chunks or [pa.nulls(0, read.type)]
    kinds = {part.type for part in parts}
    if len(kinds) > 1:
        told = ", ".join(sorted(map(str, kinds)))
        raise Unreadable(
            f"The column '{name}' of the view '{view.name}' is {told} in its files.", do="write it as one type"
        )
    return pa.concat_arrays(parts) if len(parts) != 1 else parts[0]


def _codes(whole: pa.Array) -> tuple[Integers, Mask]:
    """Integers that are equal where the values are, and what is present."""
    if pa.types.is_integer(whole.type):
        return numbers(whole).astype(np.int64, copy=False), validity(whole)
    return numbers(whole.dictionary_encode().indices).astype(np.int64), validity(whole)


def _times(view: View, name: str, whole: pa.Array) -> tuple[Integers, Mask]:
    found = microseconds(whole)
    if found is None:
        raise Unreadable(
            f"The column '{name}' of the view '{view.name}' holds {whole.type}, no times.", do="write it as a timestamp"
        )
    return found


def _fast(view: View, batch: pa.RecordBatch) -> Rows | None:
    columns: dict[str, Any] = {}
    for column, number in {**view.join_keys, **view.features}.items():
        kind = known(number)
        if column == NO_ENTITY:
            columns[column] = Texts(of_rows([b""] * len(batch)), np.ones(len(batch), dtype=np.bool_))
            continue
        found = None if kind is None else plain(batch.column(view.source.column(column)), kind)
        if found is None:
            return None
        columns[column] = found
    keys: dict[str, tuple[ValueType, Numbers | Texts]] = {
        column: (ValueType(kind), columns[column]) for column, kind in view.join_keys.items()
    }
    return Rows(
        entity_keys(keys),
        *batch_times(view, batch),
        {
            column: Feature(values(ValueType(kind), columns[column]), ValueType(kind), columns[column])
            for column, kind in view.features.items()
        },
    )


def batch_times(view: View, batch: pa.RecordBatch) -> tuple[Integers, Integers | None]:
    """The event times of a batch and, where the source has them, its creation times, in microseconds."""
    event = microseconds(batch.column(view.source.timestamp_field))
    created = microseconds(batch.column(view.source.created_column)) if view.source.created_column else None
    assert event is not None  # noqa: S101 - the first pass has seen its type
    return event[0], None if created is None else created[0]


def _columns(view: View) -> list[str]:
    wanted = [*_join_columns(view), *(view.source.column(feature) for feature in view.features)]
    times = [view.source.timestamp_field, view.source.created_column]
    return list(dict.fromkeys([*wanted, *filter(None, times)]))


def _join_columns(view: View) -> list[str]:
    return [view.source.column(key) for key in view.join_keys if key != NO_ENTITY]


def _check_columns(view: View, path: str, schema: pa.Schema) -> None:
    if missing := [column for column in _columns(view) if column not in schema.names]:
        raise Unreadable(
            f"'{path}' has no column {', '.join(missing)}, which the view '{view.name}' names.",
            do="write the column, or apply a repository that does not name it",
        )


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


@contextmanager
def _translated(view: View, place: Place) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Unreadable(
            f"The source of the view '{view.name}' is not at {place.path}.", do="compute it first", why="NO_DATA"
        ) from error
    except pa.ArrowInvalid as error:
        raise Unreadable(
            f"The source of the view '{view.name}' is no readable Parquet: {first_line(error)}.", do="write it anew"
        ) from error
    except (OSError, pa.ArrowException) as error:
        raise Transient(f"The source of the view '{view.name}' does not answer: {first_line(error)}.") from error

"""
What a Spark worker does with the record batches of one partition, by `mapInArrow`.

A partition becomes one row: the JSON of its Profile over given bins, or of its Survey, from which the driver chooses
bins where no one gave them. The kernel is the one that reads files; Profiles of partitions merge to the integers of one
pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pyarrow as pa

from nephoscope.adapters.files.columns import WordCounts, as_kind, kind_of, numbers
from nephoscope.adapters.files.readings import Making, Reading, reading
from nephoscope.drift.edges import Sample, edges_of
from nephoscope.drift.profile import Column, Floats, Kind, Profile, from_json, to_json
from nephoscope.drift.tally import NumberTally, Vocabulary

RESULT = "result binary"  # the one column of what a partition becomes, in Spark's words

Partition = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def profiling(like: bytes) -> Partition:
    """Count a partition over the bins of a Profile."""

    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        how = Making(like=from_json(like))
        readings: dict[str, Reading] = {}
        rows = 0
        for batch in batches:
            rows += batch.num_rows
            for field, array in zip(batch.schema, batch.columns, strict=True):
                if field.name not in readings:
                    readings[field.name] = reading(field, how)
                readings[field.name].add(array)
        for one in readings.values():
            one.wants_another()
        if rows:
            yield _row(to_json(Profile(rows, tuple(one.column() for one in readings.values()))))

    return counted


class SampleOf(msgspec.Struct):
    """A part of a numeric or time column."""

    values: list[float]
    width: int  # how many values each of these stands for
    low: float
    high: float


class Survey(msgspec.Struct):
    """What has to be known of a partition before bins and categories are chosen."""

    types: dict[str, str]
    kinds: dict[str, Kind]
    samples: dict[str, SampleOf]
    words: dict[str, dict[str, int]]


def surveying(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Sample a partition's numbers and note its words."""
    samples: dict[str, Sample] = {}
    vocabularies: dict[str, tuple[Vocabulary, WordCounts]] = {}
    schema = None
    for batch in batches:
        schema = batch.schema
        for field, array in zip(schema, batch.columns, strict=True):
            kind = kind_of(field.type)
            if kind in (Kind.NUMERIC, Kind.TIME):
                samples.setdefault(field.name, Sample()).add(numbers(array))
            elif kind is Kind.CATEGORICAL:
                if field.name not in vocabularies:
                    vocabulary = Vocabulary()
                    vocabularies[field.name] = (vocabulary, WordCounts(vocabulary))
                vocabularies[field.name][1].add(as_kind(array, Kind.CATEGORICAL, field.name))
    for _, counts in vocabularies.values():
        counts.flush()
    if schema is not None:
        yield _row(msgspec.json.encode(_survey(schema, samples, {k: v.counts for k, (v, _) in vocabularies.items()})))


def _survey(schema: pa.Schema, samples: dict[str, Sample], words: dict[str, dict[str, int]]) -> Survey:
    return Survey(
        types={field.name: str(field.type) for field in schema},
        kinds={field.name: kind_of(field.type) for field in schema},
        samples={
            name: SampleOf(sample.values.tolist(), sample.width, sample.low, sample.high)
            for name, sample in samples.items()
            if len(sample.values)
        },
        words=words,
    )


def outline(surveys: list[Survey], how: Making) -> Profile:
    """A Profile that counted nothing yet, over bins and categories that fit all partitions."""
    first = surveys[0]
    columns = [_outline_column(name, kind, first.types[name], surveys, how) for name, kind in first.kinds.items()]
    return Profile(0, tuple(columns))


def _outline_column(name: str, kind: Kind, stored: str, surveys: list[Survey], how: Making) -> Column:
    if kind in (Kind.NUMERIC, Kind.TIME):
        return Column(name, stored, kind, numbers=NumberTally(_edges(name, surveys, how.bins)).result())
    if kind is not Kind.CATEGORICAL:
        return Column(name, stored, kind)
    vocabulary = Vocabulary()
    for survey in surveys:
        words = survey.words.get(name, {})
        vocabulary.add(list(words), list(words.values()))
    kind = Kind.TEXT if vocabulary.is_text else kind
    return Column(name, stored, kind, categories=vocabulary.tally(salt=how.salt).result())


def _edges(name: str, surveys: list[Survey], bins: int) -> Floats:
    """Edges from all partitions' samples, each thinned until its values stand for as many as the others'."""
    parts = [survey.samples[name] for survey in surveys if name in survey.samples]
    if not parts:
        return np.empty(0)
    width = max(part.width for part in parts)
    values = np.concatenate([np.array(part.values)[:: width // part.width] for part in parts])
    return edges_of(values, bins, low=min(part.low for part in parts), high=max(part.high for part in parts))


def _row(body: bytes) -> pa.RecordBatch:
    return pa.record_batch({"result": pa.array([body], pa.binary())})

"""
The compact summary of a table that travels instead of its rows.

A Profile holds, for each column, what every statistic of this package is computed from: counts and sums over bins for
numbers, counts of categories for words. Two Profiles over the same bins add up exactly: the integers of the merged
parts are the integers of one pass over the whole.

Bins are told by their ascending edges e[0] … e[k-1]: bin 0 is everything below e[0], bin i is [e[i-1], e[i]), bin k is
everything from e[k-1] on. A Baseline's first edge is its least value and its last edge lies just above its greatest, so
its outermost bins are empty and what a window has in them is exactly what is out of range. The range of a
merged one may reach beyond its edges: the bins are those of one part.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, reduce
from types import NoneType
from typing import Annotated, Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from nephoscope.drift.words import kept
from nephoscope.errors import BadBaseline, BadRecord

SCHEMA = "nephoscope.profile/1"

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

MOST = 2**53  # rows: their number is one as a double, too
Natural: TypeAlias = Annotated[int, Meta(ge=0, le=MOST)]


def just_above(values: Floats) -> Floats:
    """The next greater double of each value."""
    with np.errstate(over="ignore", under="ignore"):
        return np.nextafter(values, np.inf)


class Kind(StrEnum):
    """How a column is looked at."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"
    TIME = "time"
    OPAQUE = "opaque"  # nested or binary: only its nulls are counted


def _array_of(items: dict[str, Any]) -> Meta:
    return Meta(extra_json_schema={"type": "array", "items": items})


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of a column; those of a time are microseconds since 1970 in UTC, those of a duration microseconds."""

    edges: Annotated[Floats, _array_of({"type": "number"})]  # shape (k,), strictly ascending
    counts: Annotated[Counts, _array_of({"type": "integer", "minimum": 0, "maximum": MOST})]  # shape (k + 1,)
    # Shape (k + 1,), of the values in each bin; NaN where one overflowed.
    sums: Annotated[Floats, _array_of({"type": ["number", "null"]})]
    nan: Natural = 0
    plus_inf: Natural = 0
    minus_inf: Natural = 0
    low: float | None = None  # least finite value; None where there is none
    high: float | None = None
    mean: float | None = None
    # Sum of the squared deviations from the mean; like the mean None on overflow.
    squares: Annotated[float, Meta(ge=0)] | None = None
    atoms: bool = False  # every bin holds nothing but its lower edge's own value

    @cached_property
    def finite(self) -> int:
        """How many values there are that are neither null, NaN nor infinite."""
        return int(self.counts.sum())

    @cached_property
    def single(self) -> Flags:
        """Which bins can hold but a single value, shape (k + 1,)."""
        if self.atoms:
            return np.ones(len(self.counts), dtype=np.bool_)
        narrow = self.edges[1:] == just_above(self.edges[:-1])
        return np.concatenate(([False], narrow, [False]))[: len(self.counts)]

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the finite values (divided by n, as numpy's)."""
        return None if self.squares is None else math.sqrt(self.squares / self.finite)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers) and _to_bytes(self) == _to_bytes(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Categories:
    """
    How often each word stands in a column.

    Of the words that are not `known`, those of the smallest hashes are kept, whose counts are exact in any merge.
    """

    known: Mapping[str, Natural]  # the words a window is counted by; zero where one did not come
    unseen: Mapping[str, Natural] = field(default_factory=dict)  # kept words that are not known
    unseen_rows: Natural = 0  # rows of all words that are not known, kept or not
    salt: str | None = None  # keys are hashed with it; None where keys are the words themselves


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    physical: str  # the stored type as Arrow names it: "double", "timestamp[us, tz=UTC]"
    kind: Kind
    nulls: Natural = 0
    numbers: Numbers | None = None
    categories: Categories | None = None

    @property
    def nan(self) -> int:
        """How many values are NaN."""
        return self.numbers.nan if self.numbers else 0


@dataclass(frozen=True, slots=True)
class Source:
    """One object that a Profile was made from."""

    url: str
    version: str = ""
    size: Natural | None = None  # bytes
    rows: Natural = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """The summary of a table."""

    schema: str = field(default=SCHEMA, kw_only=True)  # first, so that a file tells what it is at its beginning
    rows: Natural
    columns: tuple[Column, ...]
    sources: tuple[Source, ...] = ()
    key: tuple[str, ...] = ()  # columns that tell rows apart
    duplicates: Natural | None = None  # rows that repeat a key of the same source; None where that was not counted

    def column(self, name: str) -> Column | None:
        """The column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


def merge(*profiles: Profile) -> Profile:
    """
    Add up Profiles of the same columns over the same bins.

    Raises:
        BadBaseline: They differ in columns, bins or known categories.
    """
    return reduce(_merge_two, profiles)


def _merge_two(a: Profile, b: Profile) -> Profile:
    names = [column.name for column in a.columns]
    others = {column.name: column for column in b.columns}
    if differing := set(names) ^ others.keys():
        raise _apart(f"Profiles with differing columns cannot be merged: {', '.join(sorted(differing))}.")
    return Profile(
        rows=a.rows + b.rows,
        columns=tuple(_merge_columns(column, others[column.name]) for column in a.columns),
        sources=tuple(sorted(a.sources + b.sources, key=lambda source: (source.url, source.version))),
        key=a.key if a.key == b.key else (),
        duplicates=a.duplicates + b.duplicates
        if a.key == b.key and a.duplicates is not None and b.duplicates is not None
        else None,
    )


def _merge_columns(a: Column, b: Column) -> Column:
    if a.kind is not b.kind:
        raise _apart(f"'{a.name}' is {a.kind} in one Profile and {b.kind} in another.")
    return replace(
        a,
        physical=min(a.physical, b.physical),
        nulls=a.nulls + b.nulls,
        numbers=_merge_numbers(a.name, a.numbers, b.numbers) if a.numbers and b.numbers else None,
        categories=_merge_categories(a.name, a.categories, b.categories) if a.categories and b.categories else None,
    )


def _merge_numbers(name: str, a: Numbers, b: Numbers) -> Numbers:
    if not np.array_equal(a.edges, b.edges):
        raise _apart(f"'{name}' has {len(a.counts)} bins in one Profile and {len(b.counts)} others in another.")
    mean, squares = pooled((a.finite, a.mean, a.squares), (b.finite, b.mean, b.squares))
    return Numbers(
        edges=a.edges,
        counts=a.counts + b.counts,
        sums=finite_or_nan(a.sums, b.sums),
        nan=a.nan + b.nan,
        plus_inf=a.plus_inf + b.plus_inf,
        minus_inf=a.minus_inf + b.minus_inf,
        low=min((low for low in (a.low, b.low) if low is not None), default=None),
        high=max((high for high in (a.high, b.high) if high is not None), default=None),
        mean=mean,
        squares=squares,
        atoms=a.atoms and b.atoms,
    )


def finite_or_nan(a: Floats, b: Floats | float = 0.0) -> Floats:
    """The sum of two arrays of sums, NaN where it overflowed."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = a + b
    return np.where(np.isfinite(total), total, np.nan)


Moments: TypeAlias = tuple[int, float | None, float | None]  # count, mean, sum of squared deviations


def pooled(a: Moments, b: Moments) -> tuple[float | None, float | None]:
    """
    The mean and the sum of squared deviations of two samples together; None where a sum overflowed.

    >>> pooled((2, 1.0, 2.0), (1, 4.0, 0.0))
    (2.0, 8.0)

    Source: Chan, Golub & LeVeque, The American Statistician 37 (1983) 242-247.
    """
    (a_count, a_mean, a_squares), (b_count, b_mean, b_squares) = a, b
    if not a_count or not b_count:
        return (a_mean, a_squares) if a_count else (b_mean, b_squares)
    if a_mean is None or b_mean is None:
        return None, None
    share = b_count / (a_count + b_count)
    gap = b_mean - a_mean
    mean = a_mean + gap * share
    if a_squares is None or b_squares is None:
        return _finite(mean), None
    return _finite(mean), _finite(a_squares + b_squares + gap * gap * a_count * share)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _merge_categories(name: str, a: Categories, b: Categories) -> Categories:
    if a.known.keys() != b.known.keys() or a.salt != b.salt:
        raise _apart(f"'{name}' is counted by {len(a.known)} categories in one Profile and {len(b.known)} in another.")
    unseen = {word: a.unseen.get(word, 0) + b.unseen.get(word, 0) for word in {**a.unseen, **b.unseen}}
    unseen = {word: unseen[word] for word in kept(unseen, hashed=a.salt is not None)}
    return Categories(
        known={word: count + b.known[word] for word, count in a.known.items()},
        unseen=unseen,
        unseen_rows=a.unseen_rows + b.unseen_rows,
        salt=a.salt,
    )


def _apart(what: str) -> BadBaseline:
    return BadBaseline(
        what, do="profile each part over the same bins: nephoscope drift profile FILE --like PROFILE -o PROFILE"
    )


def to_json(profile: Profile) -> bytes:
    """Write a Profile; `from_json` reads it back to the last bit."""
    return _to_bytes(profile)


def _to_bytes(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_listed)


def from_json(body: bytes) -> Profile:
    """
    Read a Profile.

    Raises:
        BadRecord: It is no Profile, or one of a version that this code does not know, or it contradicts itself.
    """
    try:
        profile = _READER.decode(body)
    except _UNDECODED as error:
        raise BadRecord(f"{len(body)} bytes are no Profile: {_why(body, error)}.", do=_ANEW) from error
    if profile.schema != SCHEMA:
        raise BadRecord(
            f"A Profile says {profile.schema!r}, this version reads {SCHEMA!r}.",
            do="read it with the version that wrote it",
        )
    if wrong := _wrong(profile):
        raise BadRecord(f"A Profile is damaged: {wrong}.", do=_ANEW)
    return profile


def _why(body: bytes, error: Exception) -> str:
    """Why it cannot be decoded, with the column where it is one that cannot."""
    try:
        columns = _COLUMNS.decode(body).columns
    except _UNDECODED:
        return str(error)
    for nth, column in enumerate(columns, start=1):
        try:
            msgspec.convert(column, Column, dec_hook=_array)
        except _UNDECODED as found:
            return f"'{column['name']}': {found}" if "name" in column else f"column {nth}: {found}"
    return str(error)


def _wrong(profile: Profile) -> str:
    """What contradicts itself; nothing where nothing does."""
    if profile.sources and not profile.rows:  # without sources it is bins that nothing was counted over yet
        return "it has 0 rows"
    names = Counter(column.name for column in profile.columns)
    if twice := next((name for name, times in names.items() if times > 1), None):
        return f"it has more than one column named '{twice}'"
    if profile.duplicates is not None and profile.duplicates > profile.rows:
        return f"{profile.duplicates:,} of its {profile.rows:,} rows repeat a key"
    found = ((column.name, _wrong_column(column, profile.rows)) for column in profile.columns)
    return next((f"'{name}' {wrong}" for name, wrong in found if wrong), "")


def _wrong_column(column: Column, rows: int) -> str:
    numbers, categories = column.numbers, column.categories
    if numbers and column.kind not in (Kind.NUMERIC, Kind.TIME):
        return f"is {column.kind} and has numbers"
    if categories and column.kind not in (Kind.CATEGORICAL, Kind.TEXT):
        return f"is {column.kind} and has categories"
    if numbers and (wrong := _wrong_numbers(numbers)):
        return wrong
    values = column.nulls
    if numbers:
        values += numbers.finite + numbers.nan + numbers.plus_inf + numbers.minus_inf
    if categories:
        if sum(categories.unseen.values()) > categories.unseen_rows:
            return f"has more rows of kept words than the {categories.unseen_rows:,} of all words that are not known"
        values += sum(categories.known.values()) + categories.unseen_rows
    return f"has {values:,} values, nulls too, in {rows:,} rows" if values > rows else ""


def _wrong_numbers(numbers: Numbers) -> str:
    edges, counts, sums = numbers.edges, numbers.counts, numbers.sums
    if not len(edges) + 1 == len(counts) == len(sums):
        return f"has {len(edges):,} edges, {len(counts):,} counts and {len(sums):,} sums, not one more of either"
    if not np.isfinite(edges).all() or not (edges[1:] > edges[:-1]).all():
        return "has edges that do not ascend, or are not finite"
    # As doubles: integers of this size could overflow.
    if counts.min() < 0 or counts.sum(dtype=np.float64) > MOST:
        return f"has a negative count, or counts of more than {MOST:,} values"
    if numbers.low is None or numbers.high is None:
        fits = {numbers.low, numbers.high, numbers.mean, numbers.squares} == {None} and not numbers.finite
    else:
        fits = numbers.low <= numbers.high and numbers.finite > 0
    return "" if fits else f"has no least and greatest value that fit its {numbers.finite:,} values"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a stored Profile, which docs/profile.schema.json publishes."""
    schema = msgspec.json.schema(Profile)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **schema}


def _listed(value: object) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise NotImplementedError(type(value))


def _array(kind: Any, value: object) -> Any:
    whole = kind == Counts
    allowed = {int} if whole else {int, float, NoneType}
    if not isinstance(value, list) or not allowed.issuperset(map(type, value)):
        raise ValueError(f"an array of {'integers' if whole else 'numbers'} was expected")
    return np.array(value, dtype=np.int64 if whole else np.float64)


class _Columns(msgspec.Struct):
    columns: list[dict[str, Any]]


_ANEW = "make it anew: nephoscope drift profile FILE -o PROFILE"
_UNDECODED = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)

_READER = msgspec.json.Decoder(Profile, dec_hook=_array)  # made once, by one thread: see decoders.py
_COLUMNS = msgspec.json.Decoder(_Columns)

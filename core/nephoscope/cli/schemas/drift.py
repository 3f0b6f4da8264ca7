"""The answers of the `drift` and the `baseline` commands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from nephoscope.cli.schemas.document import Document
from nephoscope.drift.profile import Kind, Source
from nephoscope.findings import Direction, Finding, Verdict


class RowCounts(Document, frozen=True, kw_only=True):
    """The rows of each side; null where it could not be read."""

    baseline: int | None
    window: int | None


class NullShares(Document, frozen=True, kw_only=True):
    """The share of rows without a value, 0 to 1; null where a side lacks the column."""

    baseline: float | None
    window: float | None


class ColumnStatistics(Document, frozen=True, kw_only=True):
    """Every distance and statistic, whatever the preset; null where it does not apply."""

    ks: float | None
    wasserstein: float | None
    wasserstein_normed: Annotated[float | None, Meta(description="By the baseline's standard deviation.")]
    energy: float | None
    psi: float | None
    js: Annotated[float | None, Meta(description="Jensen-Shannon distance, base 2.")]
    js_ln: Annotated[float | None, Meta(description="Jensen-Shannon distance, natural logarithm.")]
    kl: Annotated[float | None, Meta(description="From the baseline to the window, in nats.")]
    hellinger: float | None
    l_infinity: float | None
    total_variation: float | None
    chi2: Annotated[float | None, Meta(description="Of the contingency table, without Yates' correction.")]
    z_proportions: Annotated[float | None, Meta(description="Pooled; for columns of two values.")]
    mean_diff: float | None
    null_share: NullShares


class ChunkJudged(Document, frozen=True, kw_only=True):
    """One stretch of the window."""

    index: int
    value: float | None
    limit: float | None
    verdict: Verdict


class ColumnCompared(Document, frozen=True, kw_only=True):
    """One column, by the preset's method."""

    column: str
    kind: Kind
    method: str | None
    value: float | None
    limit: float | None
    direction: Direction | None
    at_limit: Literal["ok", "breach"] | None
    bound: Annotated[float | None, Meta(description="The largest possible error of `value`.")]
    verdict: Verdict
    reason: str
    statistics: ColumnStatistics
    chunks: list[ChunkJudged] | UnsetType = UNSET


class DriftCompared(Document, frozen=True, kw_only=True):
    """Two tables, column by column, and what was found of their schema and quality."""

    schema: Literal["nephoscope.drift.compare/1"]
    preset: str
    verdict: Verdict
    rows: RowCounts
    drifted_share: Annotated[float | None, Meta(description="Weight of breaching columns by that of all compared.")]
    columns: list[ColumnCompared]
    findings: list[Finding]


class ProfiledColumn(Document, frozen=True, kw_only=True):
    """One column of a Profile."""

    column: str
    kind: Kind
    type: str
    nulls: int


class ProfileMade(Document, frozen=True, kw_only=True):
    """The Profile that was written; nothing was where the verdict is unknown."""

    schema: Literal["nephoscope.drift.profile/1", "nephoscope.drift.merge/1"]
    verdict: Verdict
    reason: str
    profile: Annotated[str | None, Meta(description="Where it was written.")]
    bytes: int | None
    rows: int | None
    columns: list[ProfiledColumn]
    sources: list[Source]


class BaselineVersion(Document, frozen=True, kw_only=True):
    """One stored version, and what it was made from."""

    version: str
    current: bool
    promoted: Annotated[list[datetime], Meta(description="Each time it became the current one.")]
    rows: int
    columns: int
    sources: list[Source]


class BaselineListed(Document, frozen=True, kw_only=True):
    """The versions of a data set's Baseline, in the order in which they last became current."""

    schema: Literal["nephoscope.baseline.list/1", "nephoscope.baseline.promote/1", "nephoscope.baseline.rollback/1"]
    dataset: str
    current: str | None
    versions: list[BaselineVersion]

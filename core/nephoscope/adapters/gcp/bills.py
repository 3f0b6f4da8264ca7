"""
Google's billing export in BigQuery: the rows of an invoice's month, or the append-only FOCUS table.

Net cost is cost plus the sum of the repeated, negative credits, never a join with them. Every query has its bytes
estimated by a dry run first, reads only the partitions it needs, and is capped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.exceptions import GoogleCloudError

from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.month import Month, midnight
from nephoscope.errors import Transient

BYTES_MOST = 20 * 1024**3  # 20 GiB, about a tenth of a dollar
TIMEOUT_SECONDS = 60.0
RETRY = bigquery.DEFAULT_RETRY.with_timeout(20.0)  # else ten minutes
TABLE = re.compile(r"[A-Za-z0-9_:.-]+\.[A-Za-z0-9_]+\.[A-Za-z0-9_$-]+")
EVER = datetime(9999, 12, 31, tzinfo=UTC)
EXPORT_TIMES = ("x_ExportTime", "_PARTITIONTIME")  # partitions that follow the time of export
_REFUSALS = (GoogleAPIError, GoogleCloudError, GoogleAuthError)
LATE = timedelta(days=45)  # how long after its month a charge may still be exported

# Amounts are floats in the export; as text they keep their shortest decimal, which BIGNUMERIC holds.
_NATIVE = """
SELECT DATE(usage_start_time) AS day, service.description AS service, cost_type AS charge, currency,
  project.id AS account, {tag} AS tag, FALSE AS correction,
  SUM(CAST(CAST(cost AS STRING) AS BIGNUMERIC))
    + SUM(IFNULL((SELECT SUM(CAST(CAST(credit.amount AS STRING) AS BIGNUMERIC)) FROM UNNEST(credits) credit), 0))
    AS billed,
  CAST(NULL AS BIGNUMERIC) AS effective, MAX(export_time) AS exported,
  MAX(IF(TIMESTAMP_DIFF(usage_end_time, usage_start_time, HOUR) <= 24, usage_end_time, NULL)) AS until,
  COUNT(*) AS charges
FROM `{table}`
WHERE invoice.month = @invoice_month AND IFNULL(export_time <= @watermark, TRUE){partition}
GROUP BY day, service, charge, currency, account, tag, correction
"""
# The table is only ever appended to, and a correction is a new row: what is exported of a period adds up to its bill.
_FOCUS = """
SELECT DATE(ChargePeriodStart) AS day, ServiceName AS service, ChargeCategory AS charge, BillingCurrency AS currency,
  SubAccountId AS account, {tag} AS tag, IFNULL(ChargeClass = 'Correction', FALSE) AS correction,
  SUM(BilledCost) AS billed, SUM(EffectiveCost) AS effective, MAX(x_ExportTime) AS exported,
  MAX(IF(TIMESTAMP_DIFF(ChargePeriodEnd, ChargePeriodStart, HOUR) <= 24, ChargePeriodEnd, NULL)) AS until,
  COUNT(*) AS charges
FROM `{table}`
WHERE BillingPeriodStart >= @first AND BillingPeriodStart < @end AND IFNULL(x_ExportTime <= @watermark, TRUE){partition}
GROUP BY day, service, charge, currency, account, tag, correction
"""
_TAG = {
    False: "(SELECT label.value FROM UNNEST(labels) label WHERE label.key = @tag LIMIT 1)",
    True: "(SELECT tag.Value FROM UNNEST(Tags) tag WHERE tag.Key = @tag LIMIT 1)",
}
CHARGES = {"regular": "Usage", "tax": "Tax", "adjustment": "Adjustment", "rounding_error": "Adjustment"}


class BigQueryBills:
    """One table of a billing export."""

    def __init__(
        self,
        table: str,
        *,
        focus: bool = False,
        bytes_most: int = BYTES_MOST,
        project: str | None = None,
        **client: Any,
    ) -> None:
        """
        Name the table; nothing is opened yet.

        Args:
            table: `project.dataset.gcp_billing_export_v1_…`, or the FOCUS table.
            focus: Whether it is the FOCUS table.
            bytes_most: What one query may read.
            project: Where the query runs and is paid for; the table's own project when absent.
            client: Further arguments of the client: credentials, client_options.
        """
        self._table, self._focus, self._bytes_most = table, focus, bytes_most
        self._project, self._options = project or table.rsplit(".", 2)[0], client

    @cached_property
    def _client(self) -> bigquery.Client:
        return bigquery.Client(project=self._project, **self._options)

    @cached_property
    def _watermarks(self) -> dict[str, datetime]:
        """How far each month was exported when its bill was last read: its tags are read as far, and no further."""
        return {}

    def lines(self, month: str, *, tag: str = "") -> Answer:
        """Ask for an invoice's month by day, service, account, type of cost and tag."""
        asked = Month.of(month)
        if not TABLE.fullmatch(self._table):
            return Unknown(self._misnamed)
        try:
            query = self._query(tag)
            watermark = self._watermarks.get(month, EVER) if tag else EVER
            config = self._config(asked, tag, watermark)
            estimate = self._estimated(query, config)
            if estimate > self._bytes_most:
                return Unknown(self._too_much(estimate))
            job = self._run(query, config)
            rows = [dict(row) for row in job.result(timeout=TIMEOUT_SECONDS, retry=RETRY, job_retry=None)]
            return self._answer(rows, month, tag)
        except (*_REFUSALS, OSError) as error:
            return Unknown(_said(error))
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            return Unknown(f"BigQuery's answer cannot be read ({type(error).__name__}: {error}).")

    def usage_by_account(self, month: str) -> Answer:
        """The same: each line tells its project, where its charge has one."""
        return self.lines(month)

    def look(self, month: str) -> str:
        """
        Ask after the table, and have the query of a month estimated, which is free of charge; both, for people.

        Raises:
            Transient: It is not there, it may not be read, or a query would read too much.
        """
        if not TABLE.fullmatch(self._table):
            raise Transient(self._misnamed, do="correct bills.gcp.table")
        try:
            estimate = self._estimated(self._query(""), self._config(Month.of(month), "", EVER))
        except (*_REFUSALS, OSError) as error:
            raise Transient(_said(error)) from error
        if estimate > self._bytes_most:
            raise Transient(self._too_much(estimate), do="raise bills.gcp.most_gib")
        return f"the table is there; a query of {month} would read {_gib(estimate)}"

    def _query(self, tag: str) -> str:
        value = _TAG[self._focus] if tag else "CAST(NULL AS STRING)"
        by = self._partition
        if not self._focus:
            read = f" AND {by} >= @earliest AND {by} < @latest" if by else ""
            return _NATIVE.format(table=self._table, tag=value, partition=read)
        # Nothing of a period is exported before it begins; a correction may come at any time after it.
        read = f" AND {by} >= @earliest" if by in EXPORT_TIMES else ""
        return _FOCUS.format(table=self._table, tag=value, partition=read)

    @cached_property
    def _partition(self) -> str:
        """The pseudo-column or column that the table is partitioned by, told by its metadata; "" where by none."""
        partitioning = self._client.get_table(self._table, timeout=TIMEOUT_SECONDS, retry=RETRY).time_partitioning
        return (partitioning.field or "_PARTITIONTIME") if partitioning else ""

    def _estimated(self, query: str, config: bigquery.QueryJobConfig) -> int:
        dry = deepcopy(config)
        dry.dry_run = True
        dry.use_query_cache = False
        return int(self._run(query, dry).total_bytes_processed)

    @property
    def _misnamed(self) -> str:
        return f"'{self._table}' is no name of a table: project.dataset.table."

    def _too_much(self, estimate: int) -> str:
        return f"The query would read {_gib(estimate)} of '{self._table}', its cap is {_gib(self._bytes_most)}."

    def _run(self, query: str, config: bigquery.QueryJobConfig) -> Any:
        return self._client.query(query, job_config=config, timeout=TIMEOUT_SECONDS, retry=RETRY, job_retry=None)

    def _config(self, month: Month, tag: str, watermark: datetime) -> bigquery.QueryJobConfig:
        first, end = midnight(month.first), midnight(month.end)
        values = {"first": first, "end": end, "earliest": first - timedelta(days=5), "latest": end + LATE}
        values["watermark"] = watermark
        parameters = [bigquery.ScalarQueryParameter(name, "TIMESTAMP", value) for name, value in values.items()]
        parameters.append(bigquery.ScalarQueryParameter("invoice_month", "STRING", f"{month.first:%Y%m}"))
        parameters.append(bigquery.ScalarQueryParameter("tag", "STRING", tag))
        return bigquery.QueryJobConfig(query_parameters=parameters, maximum_bytes_billed=self._bytes_most)

    def _answer(self, rows: list[dict[str, Any]], month: str, tag: str) -> Answer:
        if not rows:
            return Unknown(f"'{self._table}' holds no row of {month}; its export may begin later.")
        exported = max((row["exported"] for row in rows if row["exported"] is not None), default=None)
        until = exported.astimezone(UTC) if isinstance(exported, datetime) else None
        if not tag and until is not None:
            self._watermarks[month] = until
        return Known(tuple(_line(row, month, tag, focus=self._focus) for row in rows), until)


def _line(row: Mapping[str, Any], month: str, tag: str, *, focus: bool) -> Line:
    billed = Decimal(row["billed"])
    charge = row["charge"] if focus else CHARGES.get(row["charge"] or "regular", "Usage")
    return Line(
        provider="gcp",
        currency=str(row["currency"]),
        billed=billed,
        effective=Decimal(row["effective"]) if focus else billed,
        month=month,
        day=row["day"],
        service=row["service"],
        account=row["account"],
        charge=charge,
        correction=bool(row["correction"]),
        until=row["until"],
        tags={tag: row["tag"]} if tag and row["tag"] else {},
        rows=row["charges"],
    )


def _said(error: Exception) -> str:
    if not isinstance(error, _REFUSALS):
        return f"BigQuery does not answer: {error}."
    said = str(getattr(error, "message", "") or error).splitlines()[0].rstrip(".")
    return f"BigQuery did not answer ({type(error).__name__}): {said}."


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"

"""
Bills in files, rolled up by DuckDB: exact sums of every shape of export, added up in one vocabulary.

Files of one shape are read together; where that fails, one by one, so that a broken file is named and the others still
count. What a broken file would have added is unknown, never nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from nephoscope.adapters.files.bills import azure
from nephoscope.adapters.files.bills.deliveries import Chosen
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.adapters.files.bills.find import find
from nephoscope.adapters.files.bills.recognise import recognise
from nephoscope.adapters.files.bills.shapes import Shape, first_line, shape
from nephoscope.adapters.files.bills.sums import Sums, sums
from nephoscope.cost.bill import UNTOLD, Bill, Group, Source, View, joined, merged
from nephoscope.cost.lines import Line
from nephoscope.cost.providers import provider
from nephoscope.errors import Unreadable

MEMORY = "320MB"

_CUBE = ("provider", "currency", "month", "day", "service", "category", "account", "charge", "correction")


@dataclass(frozen=True, slots=True)
class _Part:
    """Files of one shape and view, and what their columns mean."""

    shape: Shape
    view: View
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        others = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0].name}{others}"

    @property
    def charges(self) -> Charges:
        return recognise(self.shape.columns, self.name, self.view)


@contextmanager
def engine(memory: str = MEMORY) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB with little memory, a folder of its own to spill to, and nothing to download."""
    with (
        tempfile.TemporaryDirectory(prefix="nephoscope-bills-") as spill,
        duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "memory_limit": memory,
                "temp_directory": spill,
                "preserve_insertion_order": "false",
            }
        ) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


class BillFiles:
    """Exported bills in files, folders and patterns."""

    def __init__(self, paths: Iterable[str], *, memory: str = MEMORY) -> None:
        self._chosen = find(paths)
        self._memory = memory

    def read(self, *, by: Sequence[str] = ("provider",), month: str | None = None) -> Bill:
        """
        Roll the files up.

        Args:
            by: The keys of the groups: provider, service, category, region, account, resource, day, month, tag:KEY.
            month: "2026-05": only charges whose BillingPeriodStart lies in it, in UTC.

        Returns:
            The bill; a file that cannot be read is one of its sources, with the reason.
        """
        with engine(self._memory) as connection:
            return _Reading(connection, tuple(by), month).read(self._chosen)


class _Reading:
    """One roll-up under way: what was read so far, and how it ended for each file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, by: tuple[str, ...], month: str | None) -> None:
        self._engine = connection
        self._by, self._month = by, month
        self._lines: list[Line] = []
        self._groups: list[Group] = []
        self._sources: list[Source] = []

    def read(self, chosen: Chosen) -> Bill:
        for manifest, reason in chosen.missing:
            self._sources.append(Source(manifest.name, "manifest", "unknown", f"{reason}."))
        self._sources += [Source(path.name, "", "superseded") for path in chosen.superseded]
        for part in self._sorted(chosen):
            self._take(part)
        lines = joined(self._lines)
        if self._in_cube:
            self._groups = [_group_of(line, self._by) for line in lines if self._month in (None, line.month)]
        return Bill(self._by, self._month, tuple(lines), tuple(merged(self._groups)), tuple(self._sources))

    @property
    def _in_cube(self) -> bool:
        return all(key in _CUBE for key in self._by)

    def _take(self, part: _Part) -> None:
        """Add a part; where it cannot be read as a whole, each of its files alone."""
        try:
            lines, groups = self._rolled_up(part)
        except (Unreadable, duckdb.Error) as error:
            if len(part.paths) == 1:
                self._sources.append(_unread(part.paths[0], error))
                return
            for path in part.paths:
                self._take(_Part(part.shape, part.view, (path,)))
            return
        self._lines += lines
        self._groups += groups
        self._sources += [Source(path.name, part.charges.dialect, "known") for path in part.paths]

    def _sorted(self, chosen: Chosen) -> list[_Part]:
        """Sort the files by shape and view; a view that could be both is actual where an amortised one is there too."""
        shapes: dict[tuple[Shape, View], list[Path]] = {}
        for path in chosen.files:
            try:
                its_shape = shape(self._engine, path)
                recognise(its_shape.columns, path.name)
                shapes.setdefault((its_shape, self._view(chosen, its_shape, path)), []).append(path)
            except (Unreadable, duckdb.Error) as error:
                self._sources.append(_unread(path, error))
        amortised = any(view == "amortised" for _, view in shapes)
        return [
            _Part(its_shape, "actual" if amortised and view == "both" else view, tuple(paths))
            for (its_shape, view), paths in shapes.items()
        ]

    def _rolled_up(self, part: _Part) -> tuple[list[Line], list[Group]]:
        charges = part.charges
        relation = part.shape.read(self._engine, [str(path) for path in part.paths])
        lines = [_line(row) for row in sums(relation, charges, _CUBE)]
        _check(lines, part.name, self._month)
        if self._in_cube:
            return lines, []
        rows = sums(relation, charges, ("provider", "currency", *self._by), month=self._month)
        return lines, [_group(row, self._by) for row in rows]

    def _view(self, chosen: Chosen, its_shape: Shape, path: Path) -> View:
        """Tell which view a cost export of Azure is: by its manifest, its name, or its rows."""
        columns = its_shape.columns
        if "Azure" not in recognise(columns, path.name).dialect:
            return ""
        told: View = chosen.views.get(path) or _view_of_name(path)
        if told:
            return told
        relation = its_shape.read(self._engine, [str(path)])
        probe = f"bool_or({azure.is_amortised(columns)}), bool_or({azure.is_actual(columns)})"
        amortised, actual = relation.aggregate(probe).fetchall()[0]
        return "actual" if actual else "amortised" if amortised else "both"


def _view_of_name(path: Path) -> View:
    lowered = "/".join(path.parts[-6:]).lower().replace("-", "").replace("_", "")
    if "amortized" in lowered or "amortised" in lowered:
        return "amortised"
    return "actual" if "actualcost" in lowered else ""


def _unread(path: Path, error: Exception) -> Source:
    reason = error.what if isinstance(error, Unreadable) else f"'{path.name}' cannot be read: {first_line(error)}."
    if path.name not in reason:
        reason = f"'{path.name}': {reason}"
    return Source(path.name, "", "unknown", reason)


def _line(row: Sums) -> Line:
    name, currency, month, day, service, category, account, charge, correction = row.keys
    return Line(
        provider=provider(name or UNTOLD),
        currency=currency or "",
        billed=row.billed,
        effective=row.effective,
        month=month,
        day=day,
        service=service,
        category=category,
        account=account,
        charge=charge.capitalize() if charge else None,
        correction=correction,
        until=row.until,
        rows=row.rows,
    )


def _group_of(line: Line, by: Sequence[str]) -> Group:
    values = (getattr(line, key) for key in by)
    keys = tuple(None if value is None else str(value) for value in values)
    return Group(keys, line.provider, line.currency, line.billed, line.effective, line.rows)


def _group(row: Sums, by: tuple[str, ...]) -> Group:
    cloud = provider(row.keys[0] or UNTOLD)
    values = zip(by, row.keys[2:], strict=True)
    keys = tuple(cloud if key == "provider" else None if value is None else str(value) for key, value in values)
    return Group(keys, cloud, row.keys[1] or "", row.billed, row.effective, row.rows)


def _check(lines: list[Line], name: str, month: str | None) -> None:
    """Refuse rows that lack what a total stands on, and a bill without any row."""
    if not lines:
        raise Unreadable(f"'{name}' has a header and no row.", do="look whether the export ran", why="NO_DATA")
    without = {"BillingCurrency": sum(line.rows for line in lines if not line.currency)}
    if month is not None:
        without["BillingPeriodStart that can be read"] = sum(line.rows for line in lines if line.month is None)
    for what, rows in without.items():
        if rows:
            raise Unreadable(f"{rows} rows of '{name}' have no {what}.", do="export the bill again")

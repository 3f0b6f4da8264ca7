"""
Bills in files, rolled up by DuckDB: exact sums of every shape of export, added up in one vocabulary.

Files of one shape are read together; where that fails, one by one, so that a broken file is named and the others still
count. What a broken file would have added is unknown, never nothing.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from nephoscope.adapters.files.bills import azure, focus
from nephoscope.adapters.files.bills.columns import literal
from nephoscope.adapters.files.bills.deliveries import Batch, Chosen, Delivery
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.adapters.files.bills.find import find
from nephoscope.adapters.files.bills.recognise import recognise
from nephoscope.adapters.files.bills.repeated import Amounts, Day, Teller, place, repeated
from nephoscope.adapters.files.bills.resources import SPOKEN_OF, resource_uses
from nephoscope.adapters.files.bills.shapes import Shape, first_line, shape
from nephoscope.adapters.files.bills.sums import MEASURES, Sums, added_up, column, cube, dearest, first_of
from nephoscope.adapters.files.bills.zipped import is_zip, rewrapped
from nephoscope.cost.bill import TAG, UNTOLD, Bill, Group, Source, View, completed, joined, merged
from nephoscope.cost.lines import Line
from nephoscope.cost.money import total
from nephoscope.cost.providers import provider
from nephoscope.cost.resource_use import ResourceUse
from nephoscope.errors import Unreadable

NO_TAGS: Mapping[str, Collection[str]] = MappingProxyType({})
MEMORY = "192MB"
ROOMY = "2GB"  # for what does not go with that: very many groups

_CUBE = ("provider", "currency", "month", "day", "service", "account", "charge", "correction")
_USES = ("category", "commitment_status", "tagged", "idle")
_LINE = ("provider", "currency", "month", "account", "charge", "correction")
_DAILY = ("provider", "currency", "day", "service", "account")
_TAGGED = ("provider", "currency", "month", "day", "service", "charge", "correction")
_DAYS = ("provider", "account", "month", "day", "currency")
_DAILY_ROWS = 20_000
_USAGE = "lower(charge) = 'usage' AND NOT correction AND day IS NOT NULL"


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
        connection.execute("SET enable_progress_bar = false")  # it is drawn on standard output
        yield connection


class BillFiles:
    """Exported bills in files, folders and patterns."""

    def __init__(self, paths: Iterable[str], *, memory: str = MEMORY) -> None:
        self._chosen = find(paths)
        self._memory = memory

    def read(
        self,
        *,
        by: Sequence[str] = ("provider",),
        month: str | None = None,
        details: bool = False,
        tags: Mapping[str, Collection[str]] = NO_TAGS,
    ) -> Bill:
        """
        Roll the files up.

        Args:
            by: The keys of the groups: provider, service, category, region, account, resource, day, month, tag:KEY.
            month: "2026-05": only charges whose BillingPeriodStart lies in it, in UTC.
            details: Whether daily usage and the dearest resources are read too, which takes a second look.
            tags: Tag keys that are added up too, each by itself, by day and value; of each key the values that are told
                however little they cost.

        Returns:
            The bill; a file that cannot be read is one of its sources, with the reason.
        """
        return roll_up(self._chosen, by=by, month=month, details=details, tags=tags, memory=self._memory)


def roll_up(
    chosen: Chosen,
    *,
    by: Sequence[str],
    month: str | None = None,
    details: bool = False,
    tags: Mapping[str, Collection[str]] = NO_TAGS,
    memory: str = MEMORY,
) -> Bill:
    """Roll chosen files up; the arguments are those of `BillFiles.read`."""
    for room in (memory, ROOMY):
        with engine(room) as connection, tempfile.TemporaryDirectory(prefix="nephoscope-bills-") as scratch:
            reading = _Reading(connection, chosen, tuple(by), month, details=details, tags=tags, scratch=Path(scratch))
            bill = reading.read()
        if not reading.out_of_memory:
            break
    return bill


@dataclass(frozen=True, slots=True)
class _Part:
    """Files of one shape and view, and what their columns mean."""

    shape: Shape
    view: View
    delivery: Delivery | None
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        others = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0].name}{others}"

    @property
    def charges(self) -> Charges:
        return recognise(self.shape.columns, self.name, self.view)


@dataclass(frozen=True, slots=True)
class _Rolled:
    """What a part gave."""

    teller: Teller
    cube: duckdb.DuckDBPyRelation
    lines: list[Line]
    groups: list[Group]
    daily: list[Line]
    uses: list[ResourceUse]
    tagged: Mapping[str, list[Line]]


class _Reading:
    """One roll-up under way."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        chosen: Chosen,
        by: tuple[str, ...],
        month: str | None,
        *,
        details: bool,
        tags: Mapping[str, Collection[str]],
        scratch: Path,
    ) -> None:
        self._engine, self._chosen = connection, chosen
        self._by, self._month, self._details, self._tags = by, month, details, tags
        self._scratch = scratch
        self._rolled: list[_Rolled] = []
        self._sources = [Source(path.name, "manifest", "unknown", f"{reason}.") for path, reason in chosen.missing]
        self._sources += [Source(path.name, "", "superseded") for path in chosen.superseded]
        self._cubes = 0
        self.out_of_memory = False
        # A tag has few values; resources are many, and get a look of their own.
        asked = (*_CUBE, *by, *(_USES if details else ()))
        self._cube = tuple(dict.fromkeys(key for key in asked if key != "resource"))
        # A tag in the cube is added up out of it; of the others each is added up apart, lest the groups multiply.
        self._apart = [key for key in tags if f"{TAG}{key}" not in self._cube]

    def read(self) -> Bill:
        for part in self._sorted():
            self._take(part)
        self._drop_repeated()
        lines, groups = joined(
            [line for rolled in self._rolled for line in rolled.lines],
            [group for rolled in self._rolled for group in rolled.groups],
        )
        return Bill(
            by=self._by,
            month=self._month,
            lines=tuple(lines),
            groups=tuple(merged(groups)),
            daily=tuple(completed([line for rolled in self._rolled for line in rolled.daily])),
            uses=tuple(use for rolled in self._rolled for use in rolled.uses),
            tagged={
                key: tuple(completed([line for rolled in self._rolled for line in rolled.tagged[key]]))
                for key in self._tags
            },
            sources=tuple(self._sources),
        )

    def _sorted(self) -> list[_Part]:
        """Sort the files by shape and view; a view that could be both is actual where an amortised one is there too."""
        shapes: dict[tuple[Shape, View, Delivery | None], list[Path]] = {}
        for batch in self._chosen.batches:
            for path in batch.paths:
                try:
                    readable = self._readable(path)
                    its_shape = shape(self._engine, readable)
                    key = (its_shape, self._view(batch, its_shape, path, readable), batch.delivery)
                    shapes.setdefault(key, []).append(readable)
                except (Unreadable, duckdb.Error, OSError) as error:
                    self._sources.append(_unread(path, error))
        amortised = any(view == "amortised" for _, view, _ in shapes)
        return [
            _Part(its_shape, "actual" if amortised and view == "both" else view, delivery, tuple(paths))
            for (its_shape, view, delivery), paths in shapes.items()
        ]

    def _readable(self, path: Path) -> Path:
        """The file itself, or what a ZIP archive holds."""
        if not is_zip(path):
            return path
        folder = self._scratch / str(len(list(self._scratch.iterdir())))
        folder.mkdir()
        return rewrapped(path, folder)

    def _view(self, batch: Batch, its_shape: Shape, path: Path, readable: Path) -> View:
        """Tell which view a cost export of Azure is: by its manifest, its rows, or its name."""
        columns = its_shape.columns
        if recognise(columns, path.name).dialect != azure.DIALECT:
            return ""
        if batch.delivery and batch.delivery.view:
            return batch.delivery.view
        probe = f"bool_or({azure.is_amortised(columns)}), bool_or({azure.is_actual(columns)})"
        amortised, actual = its_shape.read(self._engine, [str(readable)]).aggregate(probe).fetchall()[0]
        return "actual" if actual else "amortised" if amortised else _view_of_name(path)

    def _drop_repeated(self) -> None:
        """Count what two tell of one bill once."""
        parts: dict[Teller, list[_Rolled]] = defaultdict(list)
        for rolled in self._rolled:
            parts[rolled.teller].append(rolled)
        places = {teller: {place(line) for one in its for line in one.lines} for teller, its in parts.items()}
        left_out = repeated(places, lambda teller: _days(parts[teller]))
        self._sources += left_out.values()
        self._rolled = [rolled for rolled in self._rolled if rolled.teller not in left_out]

    def _take(self, part: _Part) -> None:
        """Add a part; where it cannot be read as a whole, each of its files alone, but a delivery all or nothing."""
        try:
            self._rolled.append(self._roll_up(part))
        except (Unreadable, duckdb.Error) as error:
            self.out_of_memory |= isinstance(error, duckdb.OutOfMemoryException)
            if len(part.paths) == 1 or part.delivery:
                self._sources += [_unread(path, error) for path in part.paths]
                return
            for path in part.paths:
                self._take(replace(part, paths=(path,)))
            return
        dialect = self._dialect(part)
        self._sources += [Source(path.name, dialect, "known") for path in part.paths]

    def _dialect(self, part: _Part) -> str:
        """Tell Azure's two releases of FOCUS 1.0 apart: by the manifest, or by how a row writes its times."""
        dialect = part.charges.dialect
        if dialect != "FOCUS 1.0" or not part.shape.columns.has(*focus.AZURE_1_0):
            return dialect
        if part.delivery and part.delivery.version.startswith("1.0"):
            return f"FOCUS {part.delivery.version}"
        release = focus.azures_release(part.shape.columns)
        rows = (
            part.shape.read(self._engine, [str(part.paths[0])]).project(release).limit(1).fetchall() if release else []
        )
        return f"FOCUS {rows[0][0]}" if rows and rows[0][0] else "FOCUS 1.0 or 1.0r2"

    def _roll_up(self, part: _Part) -> _Rolled:
        charges = part.charges
        teller = Teller(charges.dialect.split()[0], part.delivery)
        relation = part.shape.read(self._engine, [str(path) for path in part.paths])
        apart = [(*_TAGGED, f"{TAG}{key}") for key in self._apart]
        stored = self._stored(cube(relation, charges, self._cube, apart=apart))
        table = stored.filter("part = 0") if apart else stored
        lines = [_line(row) for row in added_up(table, _LINE)]
        _check(lines, part, self._month)
        keys = ("provider", "currency", *(key for key in self._by if key not in ("provider", "currency")))
        if set(keys) <= set(self._cube):
            asked = f"month = {first_of(self._month)}" if self._month else "true"
            groups = added_up(table, keys, where=asked)
        else:
            groups = added_up(cube(relation, charges, keys, month=self._month), keys)
        found = _groups(groups, keys, self._by)
        tagged = {key: list(self._tagged(stored, key)) for key in self._tags}
        if not self._details:
            return _Rolled(teller, table, lines, found, [], [], tagged)
        daily = list(_daily_lines(table))
        spoken_of = table.filter(f"{_USAGE} AND ({SPOKEN_OF})").limit(1).fetchall()
        uses = resource_uses(relation, charges, month=self._month) if spoken_of else []
        return _Rolled(teller, table, lines, found, daily, uses, tagged)

    def _tagged(self, stored: duckdb.DuckDBPyRelation, key: str) -> Iterator[Line]:
        """Add charges up by day and one tag's values; those that are neither dear nor named have none here."""
        name = column(f"{TAG}{key}")
        part = self._apart.index(key) + 1 if key in self._apart else 0
        charged = stored.filter(f"part = {part}")
        told = ", ".join(map(literal, {*dearest(charged, name), *self._tags[key]})) or "NULL"
        few = charged.project(f"* REPLACE (CASE WHEN {name} IN ({told}) THEN {name} END AS {name})")
        keys: tuple[str, ...] = (*_TAGGED, f"{TAG}{key}")
        if few.project(", ".join(map(column, keys))).distinct().count("*").fetchall()[0][0] > _DAILY_ROWS:
            keys = tuple(name for name in keys if name != "service")
        for row in added_up(few, keys):
            of = dict(zip(keys, row.keys, strict=True))
            value = _text(key, of[f"{TAG}{key}"])
            yield replace(
                _daily(row, of),
                month=_text("month", of["month"]),
                charge=of["charge"].capitalize() if of["charge"] else None,
                correction=of["correction"],
                tags={key: value} if value else {},
            )

    def _stored(self, relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        self._cubes += 1
        relation.create(f"cube_{self._cubes}")
        return self._engine.table(f"cube_{self._cubes}")


def _days(parts: Iterable[_Rolled]) -> Mapping[Day, Amounts]:
    """Add up what one teller tells of each account's days, each measure by itself."""
    found: dict[Day, dict[str, Decimal]] = defaultdict(dict)
    for part in parts:
        for row in added_up(part.cube, _DAYS):
            of = dict(zip(_DAYS, row.keys, strict=True))
            line = replace(_daily(row, of), month=_text("month", of["month"]))
            for measure in MEASURES:
                amount = getattr(row, measure)
                if amount is not None:
                    sums = found[measure, place(line), line.day]
                    sums[line.currency] = total([sums.get(line.currency, Decimal(0)), amount])
    return found


def _view_of_name(path: Path) -> View:
    lowered = "/".join(path.parts[-5:]).lower().replace("-", "").replace("_", "")
    if "amortized" in lowered or "amortised" in lowered:
        return "amortised"
    return "actual" if "actualcost" in lowered else "both"


def _unread(path: Path, error: Exception) -> Source:
    reason = error.what if isinstance(error, Unreadable) else f"'{path.name}' cannot be read: {first_line(error)}."
    if path.name not in reason:
        reason = f"'{path.name}': {reason}"
    return Source(path.name, "", "unknown", reason)


def _line(row: Sums) -> Line:
    name, currency, month, account, charge, correction = row.keys
    return Line(
        provider=provider(name or UNTOLD),
        currency=currency or "",
        billed=row.billed,
        effective=row.effective,
        month=_text("month", month),
        account=account,
        charge=charge.capitalize() if charge else None,
        correction=correction,
        until=row.until,
        rows=row.rows,
    )


def _daily_lines(table: duckdb.DuckDBPyRelation) -> Iterator[Line]:
    """Add usage up by day; by service and by account apart where both together are too many rows."""
    usage = table.filter(_USAGE)
    counted = usage.project(", ".join(_DAILY)).distinct().aggregate("count(*)").fetchall()[0][0]
    if counted <= _DAILY_ROWS:
        yield from (_daily(row, dict(zip(_DAILY, row.keys, strict=True))) for row in added_up(usage, _DAILY))
        return
    for key in ("service", "account"):
        keys = ("provider", "currency", "day", key)
        yield from (_daily(row, dict(zip(keys, row.keys, strict=True))) for row in added_up(usage, keys))


def _daily(row: Sums, of: Mapping[str, Any]) -> Line:
    return Line(
        provider=provider(of["provider"] or UNTOLD),
        currency=of["currency"] or "",
        billed=row.billed,
        effective=row.effective,
        day=of["day"],
        service=of.get("service"),
        account=of.get("account"),
        charge="Usage",
        until=row.until,
        rows=row.rows,
    )


def _groups(rows: Iterable[Sums], keys: Sequence[str], by: Sequence[str]) -> list[Group]:
    """Name the groups by the keys that were asked for; `keys` begin with the provider and the currency."""
    places = [(key, keys.index(key)) for key in by]
    groups = []
    for row in rows:
        cloud = provider(row.keys[0] or UNTOLD)
        values = tuple(cloud if place == 0 else _text(key, row.keys[place]) for key, place in places)
        groups.append(Group(values, cloud, row.keys[1] or "", row.billed, row.effective, row.rows))
    return groups


def _text(key: str, value: object) -> str | None:
    if value is None:
        return None
    text = str(value).strip()
    return text[:7] if key == "month" else text or None


def _check(lines: list[Line], part: _Part, month: str | None) -> None:
    """Refuse rows that lack what a total stands on, and a bill without any row."""
    if not lines:
        raise Unreadable(f"'{part.name}' has a header and no row.", do="look whether the export ran", why="NO_DATA")
    rows, counted = sum(line.rows for line in lines), part.delivery and part.delivery.rows
    if counted is not None and rows != counted:
        raise Unreadable(f"'{part.name}' holds {rows} rows, its manifest counts {counted} rows.", do="deliver it again")
    without = {
        "amount": sum(line.rows for line in lines if line.billed is None) if part.view != "amortised" else 0,
        "BillingCurrency": sum(line.rows for line in lines if not line.currency),
        "BillingPeriodStart": sum(line.rows for line in lines if line.month is None) if month is not None else 0,
    }
    for what, rows in without.items():
        if rows:
            raise Unreadable(f"Among {rows} rows of '{part.name}' some have no {what}.", do="export the bill again")
